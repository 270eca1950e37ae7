"""The channel of a worker that is called by Ray: a message brings its numbers, and so does the answer.

The loop runs once for each message: it receives that, then the end.

Invariants:
* What an answer views is not written to before the next message comes.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from gridgrad_core.remote.regions import size_of
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.cluster.mirror import Mirror
from gridgrad_worker.runtime.channel import Frame

__all__ = ["SMALL_BYTES", "Answer", "Bytes", "RemoteChannel", "joined", "parted"]

Bytes = NDArray[np.uint8]

SMALL_BYTES = 1 << 16
"""Numbers of so many bytes travel in one piece with what says where they go; for more that costs more than it saves."""

_HEAD = struct.Struct("<I")

Answer: TypeAlias = "bytes | list[bytes | Bytes]"
"""A serialized message and the numbers of its spans: joined, or one after another."""


def joined(header: bytes, numbers: Sequence[memoryview]) -> bytes:
    """A message and its numbers in one piece."""
    return b"".join((_HEAD.pack(len(header)), header, *numbers))


def parted(answer: Answer) -> tuple[bytes, list[memoryview]]:
    """The message of an answer, and its numbers: one piece for all spans, or one for each."""
    if not isinstance(answer, bytes):
        header, *numbers = answer
        return bytes(header), [np.asarray(each).data.cast("B") for each in numbers]
    end = _HEAD.size + _HEAD.unpack_from(answer)[0]
    return answer[_HEAD.size : end], [memoryview(answer)[end:]]


class RemoteChannel:
    """The worker's end where messages come as calls.

    Attributes:
        descriptor: None: there is no socket.
    """

    descriptor = None

    def __init__(self) -> None:
        self._mirror = Mirror()
        self._frame: Frame | None = None
        self._messages: list[bytes] = []
        self._sent: Sequence[pb.Span] = ()

    @property
    def batch(self) -> pb.Batch | None:
        """That the message at hand asks for; None for another."""
        return self._mirror.batch

    def put(self, asked: pb.Exchange, numbers: Sequence[Bytes]) -> None:
        """Takes a message in, with the numbers of its spans, for the loop to receive."""
        self._mirror.give_back(self._sent)
        self._sent, self._mirror.batch = (), None
        if not asked.message:
            return
        descriptors = self._mirror.admit(asked.message)
        for span, given in zip(asked.inputs, numbers, strict=True):
            for row in self._mirror.regions.rows(span):
                row[:] = given.data
        self._frame = Frame(asked.message, descriptors)

    def wait(self, timeout_s: float) -> bool:
        """There always is something: a message, or the end of what was put."""
        del timeout_s
        return True

    def receive(self) -> Frame | None:
        """The message that was put, once."""
        frame, self._frame = self._frame, None
        return frame

    def send(self, message: bytes) -> None:
        """Keeps a message for the answer."""
        self._messages.append(message)

    def answer(self, spans: Sequence[pb.Span], *, is_compiling: bool) -> Answer:
        """All that was sent since the last answer, with the numbers of these spans."""
        messages, self._messages, self._sent = self._messages, [], spans
        header = pb.Exchanged(messages=messages, results=spans, is_compiling=is_compiling).SerializeToString()
        numbers = [self._mirror.regions.rows(span) for span in spans]
        if sum(map(size_of, spans)) <= SMALL_BYTES:
            return joined(header, [row for rows in numbers for row in rows])
        return [header, *(_in_one_piece(rows) for rows in numbers)]


def _in_one_piece(rows: Sequence[memoryview]) -> Bytes:
    return np.frombuffer(rows[0] if len(rows) == 1 else b"".join(rows), np.uint8)
