"""The channel of a worker that shares no memory with the server: a message brings its numbers, and so does the answer.

The loop runs once for each message: it receives that, then the end.

Invariants:
* What an answer views is not written to before the next message comes.
* Pages of sessions' arenas are given back once their results were sent: an arena here is as large as the server's.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from gridgrad_core.system import shared_memory
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.cluster.regions import Bytes, Regions, size_of
from gridgrad_worker.runtime.channel import Frame

__all__ = ["SMALL_BYTES", "Answer", "RemoteChannel", "joined", "parted"]

SMALL_BYTES = 1 << 16
"""Numbers of so many bytes travel in one piece with what says where they go; for more that costs more than it saves."""

_HEAD = struct.Struct("<I")

Answer: TypeAlias = "bytes | list[bytes | Bytes]"
"""A serialized message and the numbers of its spans: joined, or one after another."""


def joined(header: bytes, numbers: Sequence[Bytes]) -> bytes:
    """A message and its numbers in one piece."""
    return b"".join((_HEAD.pack(len(header)), header, *(each.tobytes() for each in numbers)))


def parted(answer: Answer) -> tuple[bytes, list[Bytes] | Bytes]:
    """The message of an answer, and its numbers: one array for all spans, or one for each."""
    if not isinstance(answer, bytes):
        header, *numbers = answer
        return bytes(header), [np.asarray(each) for each in numbers]
    end = _HEAD.size + _HEAD.unpack_from(answer)[0]
    return answer[_HEAD.size : end], np.frombuffer(answer, np.uint8, offset=end)


class RemoteChannel:
    """The worker's end where messages come as calls.

    Attributes:
        descriptor: None: there is no socket.
        batch: that the message at hand asks for; None for another.
    """

    descriptor = None

    def __init__(self) -> None:
        self._regions = Regions()
        self._frame: Frame | None = None
        self._messages: list[bytes] = []
        self._arena_spans: list[pb.Span] = []
        self.batch: pb.Batch | None = None

    def put(self, asked: pb.Exchange, numbers: Sequence[Bytes]) -> None:
        """Takes a message in, with the numbers of its spans, for the loop to receive."""
        for span in self._arena_spans:
            self._regions.give_back(span)
        self._arena_spans, self.batch = [], None
        if not asked.message:
            return
        message = pb.ServerMessage.FromString(asked.message)
        descriptors: list[int] = []
        if message.HasField("batch"):
            self.batch = message.batch
            descriptors = self._mirrored(message.batch.slots)
        self._regions.forget(message.ping.forget_slots)
        for span, given in zip(asked.inputs, numbers, strict=True):
            self._regions.view(span)[...] = given
        self._frame = Frame(asked.message, descriptors)

    def _mirrored(self, slots: Sequence[pb.Slot]) -> list[int]:
        """Makes regions like the server's; the descriptors of new ones, for the loop to map and close."""
        descriptors = []
        for slot in slots:
            self._regions.forget(slot.forget)
            if slot.descriptor_attached:
                descriptor = shared_memory.create(f"gridgrad-copy-{slot.id}", slot.size)
                self._regions.map(slot.id, slot.size, descriptor)
                descriptors.append(descriptor)
        return descriptors

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
        messages, self._messages = self._messages, []
        header = pb.Exchanged(messages=messages, results=spans, is_compiling=is_compiling).SerializeToString()
        numbers = [self._regions.view(span) for span in spans]
        first = self.batch.slots[0].id if self.batch is not None else 0
        self._arena_spans = [span for span in spans if span.slot != first]
        if sum(map(size_of, spans)) <= SMALL_BYTES:
            return joined(header, numbers)
        return [header, *(np.ascontiguousarray(each) for each in numbers)]
