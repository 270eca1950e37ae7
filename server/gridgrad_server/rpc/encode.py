"""Results: what a worker wrote into a slot, made into messages.

A message is its header, joined with the numbers in one copy; see gridgrad_core.wire.buffer for its layout.
"""

from __future__ import annotations

import functools
import itertools
import struct
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from gridgrad_core.errors import GridgradError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.buffer import field_head, prefix
from gridgrad_server.memory.slots import Slot
from gridgrad_server.requests.function_key import How
from gridgrad_server.requests.result_layout import Form
from gridgrad_server.requests.tiles import Box
from gridgrad_server.rpc.errors import to_status
from gridgrad_server.rpc.outgoing import Message
from gridgrad_server.scheduling.entry import Entry, Failures

__all__ = [
    "WINDOW_BYTES",
    "Answer",
    "UnaryResult",
    "Window",
    "failure_message",
    "pack_messages",
    "stream_messages",
    "unary_header",
    "windows",
]

WINDOW_BYTES = 3 << 19
"""About how many bytes of numbers a message of a stream has at most."""

_UNARY_HEADER = 1
_STREAM_HEADER = 2
_INFO = pb.ResultHeader.INFO_FIELD_NUMBER
_TIMES = struct.Struct("<BdBd")
_QUEUE_TAG = pb.Info.QUEUE_S_FIELD_NUMBER << 3 | 1
_COMPUTE_TAG = pb.Info.COMPUTE_S_FIELD_NUMBER << 3 | 1


class Window(NamedTuple):
    """A part of a piece's result: some of its planes, or some points of one plane."""

    first_plane: int
    planes: int
    first_point: int
    points: int


class Answer(Protocol):
    """What becomes of a call answered in one message; a future is one."""

    def done(self) -> bool:
        """Whether it has an answer, or needs none."""

    def set_result(self, result: bytes, /) -> None:
        """Takes the serialized GridGradientResponse."""

    def set_exception(self, exception: GridgradError, /) -> None:
        """Takes the error."""


class UnaryResult:
    """The sink of a call answered in one message.

    Args:
        answer: set to the serialized GridGradientResponse, or to the error.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._parts: list[tuple[Box, bytes]] = []

    def piece(
        self,
        entry: Entry,
        box: Box,
        result: memoryview,
        failures: Failures,  # noqa: ARG002 - a Sink takes it
        slot: Slot | None,  # noqa: ARG002 - a Sink takes it
    ) -> None:
        """Takes the result of a piece."""
        entry.sent()  # the whole is small, so that no piece waits for another to leave
        if self._answer.done():
            return
        if not entry.split:
            self._answer.set_result(b"".join((_unary_head(entry, len(result)), result)))
            return
        self._parts.append((box, bytes(result)))
        if entry.all_computed:
            planes = b"".join(self._by_plane(entry))
            self._answer.set_result(_unary_head(entry, len(planes)) + planes)

    def _by_plane(self, entry: Entry) -> Iterator[memoryview]:
        self._parts.sort(key=lambda part: part[0].first_point)
        for plane in range(entry.plan.planes):
            for box, result in self._parts:
                size = box.points * entry.plan.itemsize
                yield memoryview(result)[plane * size : (plane + 1) * size]

    def failed(self, entry: Entry, error: GridgradError) -> None:  # noqa: ARG002 - a Sink takes it
        """Takes the error that ends the entry."""
        if not self._answer.done():
            self._answer.set_exception(error)


def _unary_head(entry: Entry, data_bytes: int) -> bytes:
    return _header(_UNARY_HEADER, entry, data_bytes)


def unary_header(entry: Entry) -> bytes:
    """A serialized GridGradientResponse but for its numbers."""
    return _header(_UNARY_HEADER, entry)


def _header(number: int, entry: Entry, data_bytes: int | None = None) -> bytes:
    """The ResultHeader of an entry as a field of its message.

    Args:
        number: of the field.
        entry: the entry.
        data_bytes: with all else that stands before so many bytes of numbers, where the message has no other field.
    """
    queue_s, compute_s, how = entry.info
    before, after = _beside_times(entry.form, number, how, data_bytes)
    return b"".join((before, _TIMES.pack(_QUEUE_TAG, queue_s, _COMPUTE_TAG, compute_s), after))


@functools.lru_cache(1024)
def _beside_times(form: Form, number: int, how: How, data_bytes: int | None) -> tuple[bytes, bytes]:
    """What stands before and after the times in a header: the same for most results of a form."""
    info = form.plan.info(how)
    info_head = field_head(_INFO, _TIMES.size + len(info))
    head = field_head(number, len(form.header) + len(info_head) + _TIMES.size + len(info))
    before = b"".join((head, form.header, info_head))
    if data_bytes is None:
        return before, info
    return before, prefix(before + bytes(_TIMES.size) + info, data_bytes)[len(before) + _TIMES.size :]


def pack_messages(number: int, entry: Entry, box: Box, result: memoryview, failures: Failures) -> list[Message]:
    """The messages of a stream for some of the grids of a pack.

    Args:
        number: the caller's id of the pack's first grid.
        entry: the pack.
        box: which of its grids.
        result: their numbers.
        failures: what went wrong with some of them.

    Returns:
        Serialized StreamGridGradientsResponses, each of which answers one grid or several that follow each other.
    """
    messages = [failure_message(number + box.first_grid + i, error) for i, error in failures.items()]
    stride = len(result) // box.grids
    most = max(1, WINDOW_BYTES // max(1, stride))
    for first, end in _runs(box.grids, failures, most):
        head = pb.StreamGridGradientsResponse(
            id=number + box.first_grid + first, last=True, entries=end - first
        ).SerializeToString() + _header(_STREAM_HEADER, entry)
        data = result[first * stride : end * stride]
        messages.append(Message(prefix(head, len(data)), data))
    return messages


def _runs(grids: int, without: Failures, most: int) -> Iterator[tuple[int, int]]:
    """Cuts a range into ranges of at most `most`, leaving some positions out."""
    first = 0
    for left_out in (*sorted(without), grids):
        for start in range(first, left_out, most):
            yield start, min(start + most, left_out)
        first = left_out + 1


def stream_messages(number: int, entry: Entry, box: Box, result: memoryview, first: bool) -> list[Message]:
    """The messages of a stream for the result of a piece.

    Args:
        number: the caller's id of the entry.
        entry: the entry.
        box: the piece.
        result: its numbers, [planes, points].
        first: whether they are the first of the entry.

    Returns:
        Serialized StreamGridGradientsResponses. The first of the entry has the header, and so has the last: the
        info of a grid is complete only then.
    """
    parts = list(windows(entry.plan.planes, box.points, entry.plan.itemsize))
    whole = not entry.split and len(parts) == 1
    messages = []
    for position, part in enumerate(parts):
        last = entry.all_computed and position == len(parts) - 1
        head = _stream_head(
            number, None if whole else part._replace(first_point=part.first_point + box.first_point), last
        )
        if last or (first and position == 0):
            head += _header(_STREAM_HEADER, entry)
        start = (part.first_plane * box.points + part.first_point) * entry.plan.itemsize
        data = result[start : start + part.planes * part.points * entry.plan.itemsize]
        messages.append(Message(prefix(head, len(data)), data))
    return messages


def _stream_head(number: int, window: Window | None, last: bool) -> bytes:
    message = pb.StreamGridGradientsResponse(id=number, last=last)
    if window:
        message.window.first_plane = window.first_plane
        message.window.planes = window.planes
        message.window.first_point = window.first_point
        message.window.points = window.points
    return message.SerializeToString()


def failure_message(number: int, error: GridgradError, grids: int = 1) -> Message:
    """The message of a stream that ends an entry, or several that it numbers one after another, with an error."""
    entries = grids if grids > 1 else 0
    message = pb.StreamGridGradientsResponse(id=number, last=True, entries=entries, status=to_status(error))
    return Message(message.SerializeToString())


def windows(planes: int, points: int, itemsize: int) -> Iterator[Window]:
    """Cuts [planes, points] into contiguous windows of at most WINDOW_BYTES."""
    plane_bytes = max(1, points * itemsize)
    if plane_bytes <= WINDOW_BYTES:
        step = WINDOW_BYTES // plane_bytes
        for first in range(0, planes, step):
            yield Window(first, min(step, planes - first), 0, points)
        return
    count = -(-plane_bytes // WINDOW_BYTES)
    edges = [points * i // count for i in range(count + 1)]
    for plane in range(planes):
        for first, end in itertools.pairwise(edges):
            yield Window(plane, 1, first, end - first)
