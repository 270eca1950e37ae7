"""Asking by gRPC: in one message, or on a stream."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import grpc
import numpy as np

from gridgrad.conformity.call_outcome import CallOutcome
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.enums import ITEM_BYTES, RESULT_DTYPES
from gridgrad_core.wire.error_details import ERROR_TRAILER
from gridgrad_core.wire.methods import SERVICE, STREAM_GRID_GRADIENTS

__all__ = ["GrpcStream", "GrpcUnary"]

_SIZES = {number: ITEM_BYTES[name] for name, number in RESULT_DTYPES.items()}

Metadata = Sequence[tuple[str, str]]


class GrpcUnary:
    """The unary methods.

    Args:
        channel: to the server.
        metadata: of each call.
        timeout_s: for a call.
    """

    name = "grpc-unary"

    def __init__(self, channel: grpc.Channel, metadata: Metadata, timeout_s: float) -> None:
        self._channel = channel
        self._options: dict[str, Any] = {"metadata": metadata, "timeout": timeout_s}

    def ask(self, raw: bytes) -> CallOutcome:
        """Asks for a grid."""
        answer = self.call("GridGradient", raw)
        return CallOutcome.of_response(answer) if isinstance(answer, bytes) else answer

    def call(self, method: str, raw: bytes) -> bytes | CallOutcome:
        """Calls a method; what it answers, or how it was refused."""
        call: Any = self._channel.unary_unary(f"/{SERVICE}/{method}")
        try:
            answer: bytes = call(raw, **self._options)
        except grpc.RpcError as error:
            return refused(error)
        return answer


def refused(error: Any) -> CallOutcome:
    """How gRPC says that a call was refused."""
    raw = dict(error.trailing_metadata() or ()).get(ERROR_TRAILER)
    detail = pb.ErrorDetail.FromString(raw) if raw else None
    return CallOutcome(status=error.code().value[0], message=error.details() or "", detail=detail)


class GrpcStream:
    """The streaming method.

    Args:
        channel: to the server.
        metadata: of each call.
        timeout_s: for a stream.
    """

    name = "grpc-stream"

    def __init__(self, channel: grpc.Channel, metadata: Metadata, timeout_s: float) -> None:
        self._stream: Any = channel.stream_stream(STREAM_GRID_GRADIENTS.path)
        self._options: dict[str, Any] = {"metadata": metadata, "timeout": timeout_s}

    def ask(self, raw: bytes) -> CallOutcome:
        """Asks for a grid, alone on a stream."""
        outcomes = self.together([raw])
        return outcomes if isinstance(outcomes, CallOutcome) else outcomes[0]

    def together(
        self, requests: Sequence[bytes], ids: Iterable[int] | None = None, entries: int = 0
    ) -> list[CallOutcome] | CallOutcome:
        """Asks for several grids on one stream.

        Args:
            requests: serialized.
            ids: of these; by default some that do not begin at 0.
            entries: how many each request stands for; 0 for one that is no pack.

        Returns:
            An outcome for each, or how the stream was refused.
        """
        numbers = list(ids or range(7, 7 + len(requests)))
        sent = [_entry(number, raw, entries) for number, raw in zip(numbers, requests, strict=True)]
        wanted = [number + i for number in numbers for i in range(max(1, entries))]
        parts: dict[int, list[pb.StreamGridGradientsResponse]] = {number: [] for number in wanted}
        try:
            for raw in self._stream(iter(sent), **self._options):
                answer = pb.StreamGridGradientsResponse.FromString(raw)
                for number, part in _each(answer):
                    if number not in parts:
                        return CallOutcome(status=2, message=f"an answer to {number}, which nobody has asked")
                    parts[number].append(part)
        except grpc.RpcError as error:
            return refused(error)
        return [_outcome(parts[number]) for number in wanted]


def _entry(number: int, raw: bytes, entries: int) -> bytes:
    # The request as its own bytes, so that what is no message goes as it is
    head = pb.StreamGridGradientsRequest(id=number, entries=entries).SerializeToString()
    size, length = len(raw), bytearray()
    while size >= 0x80:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return head + b"\x12" + bytes([*length, size]) + raw


def _each(answer: pb.StreamGridGradientsResponse) -> Iterator[tuple[int, pb.StreamGridGradientsResponse]]:
    """The answers of a message to each of the entries that it is for."""
    if answer.entries <= 1:
        yield answer.id, answer
        return
    stride = len(answer.data) // answer.entries
    for i in range(answer.entries):
        part = pb.StreamGridGradientsResponse()
        part.CopyFrom(answer)
        part.data = answer.data[i * stride : i * stride + _size_of(answer.header)]
        yield answer.id + i, part


def _size_of(header: pb.ResultHeader) -> int:
    return _planes(header) * math.prod(header.shape) * _SIZES.get(header.dtype, 1)


def _planes(header: pb.ResultHeader) -> int:
    return (1 + len(header.derivatives)) * len(header.components)


def _outcome(parts: Sequence[pb.StreamGridGradientsResponse]) -> CallOutcome:
    """What the messages of an entry come to."""
    if not parts or not parts[-1].last or any(part.last for part in parts[:-1]):
        return CallOutcome(status=2, message="the messages of an entry do not end with one that is its last")
    if parts[-1].HasField("status"):
        return CallOutcome.of_status(parts[-1].status)
    if not (parts[0].HasField("header") and parts[-1].HasField("header")):
        return CallOutcome(status=2, message="no header in the first and the last message of an entry")
    return CallOutcome(parts[-1].header, joined(parts[-1].header, [(part, part.data) for part in parts]))


def joined(header: pb.ResultHeader, windows: Iterable[tuple[Any, bytes]]) -> bytes:
    """The buffer of a result of its windows; what no window brings is a byte that is in no number asked for.

    Args:
        header: of the result.
        windows: messages that may have a `window`, with their numbers.
    """
    size, points = _SIZES[header.dtype], math.prod(header.shape)
    buffer = np.full((_planes(header), points * size), 0xFF, np.uint8)
    for message, data in windows:
        if not message.HasField("window"):
            return data
        window = message.window
        part = np.frombuffer(data, np.uint8).reshape(window.planes, window.points * size)
        first = window.first_point * size
        buffer[window.first_plane : window.first_plane + window.planes, first : first + window.points * size] = part
    return buffer.tobytes()
