"""Batches that come again: a caller in a loop has the same one sent each time, since its numbers lie in slots.

Such a batch is known by its bytes, all but its number, and is computed and answered without being read. What is known
holds addresses in slots: it is to be forgotten after each message that brings or forgets slots or plans.
"""

from __future__ import annotations

import struct
import time
from typing import NamedTuple

from gridgrad_worker.compiled.recipes import Call
from gridgrad_worker.v1 import worker_pb2 as pb

__all__ = ["Repeats", "keeps_all"]

_BATCH, _DONE, _ID, _COMPUTE_S = 0x0A, 0x12, 0x09, b"\x11"  # tags of fields, as in worker.proto
_NUMBER_BYTES = 9  # with its tag
_DOUBLE = struct.Struct("<d")
_MOST_BYTES = 1 << 12
_MOST_KNOWN = 1 << 10


class _Repeat(NamedTuple):
    """A batch that was computed: what computes it again, and its answer but for number and seconds."""

    call: Call
    answer: bytes


class Repeats:
    """The batches that were seen last."""

    def __init__(self) -> None:
        self._known: dict[bytes, _Repeat] = {}

    def answer(self, message: bytes) -> bytes | None:
        """Computes a batch that is known, and returns the WorkerMessage that says so; None for all else.

        Args:
            message: a serialized ServerMessage.
        """
        number, rest = _split(message)
        known = self._known.get(rest)
        if known is None:
            return None
        start_at = time.perf_counter()
        if not known.call():
            return None
        seconds = _DOUBLE.pack(time.perf_counter() - start_at)
        done = b"".join((number, _COMPUTE_S, seconds, known.answer))
        return b"%c%c%b" % (_DONE, len(done), done)

    def learn(self, message: bytes, call: Call, done: pb.BatchDone) -> None:
        """Remembers a batch of one piece that was computed.

        Args:
            message: the serialized ServerMessage.
            call: has computed it.
            done: its answer, all but number and seconds.
        """
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        _, rest = _split(message)
        if rest:
            self._known[rest] = _Repeat(call, done.SerializeToString())

    def forget(self) -> None:
        """Forgets all."""
        self._known.clear()


def keeps_all(message: pb.ServerMessage) -> bool:
    """Whether a message neither brings nor forgets slots or plans, so that what is known holds on."""
    if not message.HasField("batch"):
        return message.HasField("ping") and not message.ping.forget_slots
    batch = message.batch
    if batch.forget_plans or batch.HasField("plan"):
        return False
    return not any(slot.descriptor_attached or slot.forget for slot in batch.slots)


def _split(message: bytes) -> tuple[bytes, bytes]:
    """The number of a batch as it is serialized, and all that stands before it; nothing where it does not come last."""
    if not _NUMBER_BYTES < len(message) <= _MOST_BYTES or message[0] != _BATCH or message[-_NUMBER_BYTES] != _ID:
        return b"", b""
    return message[-_NUMBER_BYTES:], message[:-_NUMBER_BYTES]
