"""Batches that come again: a caller in a loop has the same one sent each time, since its numbers lie in slots.

Such a batch is known by its bytes, all but its number. Compiled code (`cpp/request_template.h`) takes it from the
socket, computes and answers it; nothing of Python runs for it. What is known holds addresses in slots: it is to be
forgotten after each message that brings or forgets slots or plans.
"""

from __future__ import annotations

import ctypes
import struct

import torch

from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.engines.compiled.runtime.call_template import TileCall
from gridgrad_worker.engines.compiled.runtime.library import Library

__all__ = ["BatchTemplates", "keeps_all"]

_MOST_KNOWN = 1 << 10
_NUMBER, _NUMBER_BYTES = struct.Struct("<BQ"), 8
_NUMBER_TAG = pb.Batch.ID_FIELD_NUMBER << 3 | 1


class _Repeat(ctypes.Structure):
    """As in `cpp/request_template.h`, which reads it until it is told to forget all."""

    _fields_ = (
        ("compute", ctypes.c_void_p),
        ("row", ctypes.c_void_p),
        ("outcome", ctypes.c_void_p),
        ("threads", ctypes.c_int64),
        ("mark", ctypes.c_void_p),
        ("running", ctypes.c_char_p),
        ("idle", ctypes.c_char_p),
        ("message", ctypes.c_char_p),
        ("message_bytes", ctypes.c_int64),
        ("answer", ctypes.c_char_p),
        ("answer_bytes", ctypes.c_int64),
    )


class BatchTemplates:
    """The batches that were seen last; one for a process, since what compiled code knows is the process's own."""

    def __init__(self) -> None:
        self._library: Library | None = None
        self._known: list[tuple[_Repeat, TileCall]] = []

    def serve(self, socket: int) -> None:
        """Answers batches that are known, and returns as soon as the next message is anything else, which it leaves.

        Args:
            socket: its descriptor.
        """
        if self._library is not None and self._known:
            self._library.serve(socket)

    def learn(self, message: bytes, number: int, call: TileCall, done: pb.BatchDone) -> None:
        """Remembers a batch of one piece that was computed, if its number comes last.

        Args:
            message: the serialized ServerMessage.
            number: of the batch.
            call: has computed it.
            done: its answer, all but number and seconds.
        """
        if not message.endswith(_NUMBER.pack(_NUMBER_TAG, number)):
            return
        if len(self._known) >= _MOST_KNOWN:
            self.forget()
        self._library = self._library or call.library
        repeat = _repeat(message[:-_NUMBER_BYTES], call, done.SerializeToString())
        self._library.learn(ctypes.addressof(repeat))
        self._known.append((repeat, call))

    def forget(self) -> None:
        """Forgets all."""
        if self._library is not None:
            self._library.forget()
        self._known.clear()


def keeps_all(message: pb.ServerMessage) -> bool:
    """Whether a message neither brings nor forgets slots or plans, so that what is known holds on."""
    if not message.HasField("batch"):
        return message.HasField("ping") and not message.ping.forget_slots
    batch = message.batch
    if batch.forget_plans or batch.HasField("plan"):
        return False
    return not any(slot.descriptor_attached or slot.forget for slot in batch.slots)


def _repeat(message: bytes, call: TileCall, answer: bytes) -> _Repeat:
    row, mark = call.row, call.mark
    return _Repeat(
        compute=call.library.function,
        row=ctypes.addressof(row),
        outcome=ctypes.addressof(row) + ctypes.sizeof(row) - ctypes.sizeof(ctypes.c_int64),
        threads=torch.get_num_threads(),
        mark=mark.address,
        running=mark.running,
        idle=mark.idle,
        message=message,
        message_bytes=len(message),
        answer=answer,
        answer_bytes=len(answer),
    )
