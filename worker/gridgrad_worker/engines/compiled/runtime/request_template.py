"""The request template on the worker: what requests share that differ in their numbers alone, known by its bytes.

A caller in a loop sends requests that differ in their numbers alone, and numbers lie in shared memory: the messages
about them say the same again. What was worked out for the first one is kept, in three layers:

    layout of a piece  ──▶ PieceTemplate: the row that describes its tile to compiled code, filled in (TileTemplate),
                           and where its numbers lie in a slot; left to do: the addresses
    PieceTemplates of  ──▶ TileCall: the rows of all their requests with their addresses; left to do: to compute
    a batch's pieces       what lies there, in one call
    a batch's message,
    all but its number ──▶ BatchTemplates: a TileCall and the bytes of the answer. Compiled code
                           (`cpp/request_template.h`) takes such a batch from the socket, computes and answers it;
                           nothing of Python runs for it

Invariants:
* A template is used for bytes that are equal, never for bytes of an equal hash.
* A TileCall holds addresses in slots: batches are forgotten after each message that brings or forgets slots or plans.
* What compiled code has no memory for is left to the engine, which says so.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from gridgrad_core.wire.fields import tag
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.devices.slots import MappedSlots
from gridgrad_worker.engines.compiled.runtime.crash_marks import CrashMark
from gridgrad_worker.engines.compiled.runtime.library import DOUBLES, FLOATS, SPACED, VALUE, Library, Rows

__all__ = [
    "BatchTemplate",
    "BatchTemplates",
    "InputSpan",
    "PieceTemplate",
    "TileCall",
    "TileTemplate",
    "batch_template",
    "keeps_templates",
]

_MOST_BATCHES = 1 << 10
_ALIGNMENT = 64
"""At multiples of which the results of a piece's requests begin, in bytes."""

_NUMBER, _NUMBER_BYTES = struct.Struct("<BQ"), 8
_NUMBER_TAG = tag(pb.Batch, "id")


class TileCall(NamedTuple):
    """Computes tiles from the numbers that lie in their places when it is called.

    Args:
        library: computes them.
        rows: describe them to the library, one after another; each says at its end what came of it.
        tiles: how many there are.
        mark: is set while the library is called.
    """

    library: Library
    rows: ctypes.Array[ctypes.c_int64]
    tiles: int
    mark: CrashMark

    def __call__(self) -> bool:
        """Computes them, and returns whether there was memory for that."""
        with self.mark:
            self.library.compute_at(ctypes.addressof(self.rows), self.tiles)
        numbers = len(self.rows) // self.tiles
        return not any(self.rows[numbers - 1 :: numbers])

    @classmethod
    def of(cls, calls: Sequence[TileCall]) -> TileCall:
        """One for several of one library."""
        if len(calls) == 1:
            return calls[0]
        rows = b"".join([call.rows for call in calls])
        numbers = ctypes.c_int64 * (len(rows) // ctypes.sizeof(ctypes.c_int64))
        first = calls[0]
        return cls(first.library, numbers.from_buffer_copy(rows), sum(call.tiles for call in calls), first.mark)


class TileTemplate:
    """Describes tiles like one before to a library.

    Args:
        library: computes them.
        rows: one row, filled in for the one before.
        mark: is set while the library is called.
        itemsizes: of the numbers of each input, in bytes.
    """

    def __init__(self, library: Library, rows: Rows, mark: CrashMark, itemsizes: Sequence[int]) -> None:
        self._library = library
        self._mark = mark
        self._inputs = [_index_of_input(rows, position, size) for position, size in enumerate(itemsizes)]
        self._out, self._pitch = (_index(rows, rows[name]) for name in ("out", "pitch"))
        self._row = rows.view(np.int64)
        self._type = ctypes.c_int64 * len(self._row)

    def call(self, inputs: Sequence[int], out: int, pitch: int) -> TileCall:
        """What computes a tile, as often as there are new numbers in its place.

        Args:
            inputs: for each the address of its numbers; anything for a linspace.
            out: the address of the first number of the result.
            pitch: how many bytes its planes lie apart.
        """
        row = self._type.from_buffer_copy(self._row.data)
        for index, address in zip(self._inputs, inputs, strict=True):
            if index is not None:
                row[index] = address
        row[self._out], row[self._pitch] = out, pitch
        return TileCall(self._library, row, 1, self._mark)

    def calls(self, inputs: Sequence[tuple[int, int]], out: tuple[int, int], pitch: int, count: int) -> TileCall:
        """What computes several tiles whose numbers follow each other.

        Args:
            inputs: for each input the address of its first numbers, and how many bytes the next lie further on.
            out: the same of the results.
            pitch: how many bytes the planes of one result lie apart.
            count: how many tiles there are.
        """
        rows = np.repeat(self._row[None], count, axis=0)
        numbers = np.arange(count)
        for index, (address, step) in zip(self._inputs, inputs, strict=True):
            if index is not None:
                rows[:, index] = address + step * numbers
        rows[:, self._out], rows[:, self._pitch] = out[0] + out[1] * numbers, pitch
        return TileCall(self._library, (ctypes.c_int64 * rows.size).from_buffer(rows.data), count, self._mark)


def _index_of_input(rows: Rows, position: int, itemsize: int) -> int | None:
    """Where the address of an input goes; None for a linspace. A parameter becomes an array without strides."""
    kinds = rows["inputs"]["kind"][0]
    if kinds[position] == SPACED:
        return None
    if kinds[position] == VALUE:
        kinds[position] = DOUBLES if itemsize == 8 else FLOATS
    return _index(rows, rows["inputs"]["data"][:, position])


def _index(rows: Rows, field: Rows) -> int:
    """Where a field is among the numbers of a row, which are of 8 bytes each."""
    return int(field.ctypes.data - rows.ctypes.data) // 8


class InputSpan(NamedTuple):
    """Where the numbers of an input lie.

    Args:
        offset: of the first, from where the inputs of their piece begin, in bytes.
        nbytes: of the numbers of one request; 0 for a linspace.
        stacked: whether those of several requests follow each other.
    """

    offset: int
    nbytes: int
    stacked: bool


class PieceTemplate:
    """A tile's template, and where the numbers of pieces of its layout lie.

    Args:
        tile: computes it.
        spans: for each input, where its numbers lie.
        planes: how many numbers a point has in the result.
        plane_bytes: of a plane.
    """

    def __init__(self, tile: TileTemplate, spans: Sequence[InputSpan], planes: int, plane_bytes: int) -> None:
        self._tile = tile
        self._spans = spans
        self._planes = planes
        self._plane_bytes = plane_bytes

    def call(self, piece: pb.Piece, slot: int, slots: MappedSlots) -> TileCall:
        """What computes a piece.

        Args:
            piece: of one request or several.
            slot: takes its result, unless it names another.
            slots: all slots.

        Raises:
            InternalError: an array does not lie in its slot.
        """
        if piece.entries > 1:
            return self._calls(piece, slot, slots)
        pitch = piece.result_stride or self._plane_bytes
        out_bytes = (self._planes - 1) * pitch + self._plane_bytes
        out = slots.address(piece.result_slot or slot, piece.result_offset, out_bytes)
        addresses = [self._address(span, piece, slots, 1) for span in self._spans]
        return self._tile.call(addresses, out, pitch)

    def _calls(self, piece: pb.Piece, slot: int, slots: MappedSlots) -> TileCall:
        count, apart = piece.entries, -(-self._planes * self._plane_bytes // _ALIGNMENT) * _ALIGNMENT
        out = slots.address(piece.result_slot or slot, piece.result_offset, count * apart)
        return self.grids_into((out, apart), piece, slots, 0, count)

    def grids_into(self, out: tuple[int, int], piece: pb.Piece, slots: MappedSlots, first: int, count: int) -> TileCall:
        """What computes some of a piece's requests into memory of one's own.

        Args:
            out: the address of the first result, and how many bytes the next lie further on.
            piece: the piece.
            slots: all slots.
            first: which of its requests is the first.
            count: how many there are.

        Raises:
            InternalError: an array does not lie in its slot.
        """
        inputs = [
            (self._address(span, piece, slots, count, first), span.nbytes if span.stacked else 0)
            for span in self._spans
        ]
        return self._tile.calls(inputs, out, self._plane_bytes, count)

    @staticmethod
    def _address(span: InputSpan, piece: pb.Piece, slots: MappedSlots, count: int, first: int = 0) -> int:
        """Where an input of the first of so many requests lies, counted from one; anything for a linspace."""
        if not span.nbytes:
            return 0
        offset = piece.inputs_offset + span.offset
        if not span.stacked:
            return slots.address(piece.inputs_slot, offset, span.nbytes)
        return slots.address(piece.inputs_slot, offset + (piece.first_entry + first) * span.nbytes, count * span.nbytes)


class BatchTemplate(ctypes.Structure):
    """A batch ready to be computed. As in `cpp/request_template.h`, which reads it until it is told to forget all."""

    _fields_ = (
        ("compute", ctypes.c_void_p),
        ("rows", ctypes.c_void_p),
        ("count", ctypes.c_int64),
        ("numbers", ctypes.c_int64),
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
        self._known: list[tuple[BatchTemplate, TileCall]] = []

    def answer_known(self, socket: int) -> None:
        """Answers batches that are known, and returns as soon as the next message is anything else, which it leaves.

        Args:
            socket: its descriptor.
        """
        if self._library is not None and self._known:
            self._library.answer_known(socket)

    def remember(self, message: bytes, number: int, call: TileCall, done: pb.BatchDone) -> None:
        """Remembers a batch that was computed, if its number comes last.

        Args:
            message: the serialized ServerMessage.
            number: of the batch.
            call: has computed it.
            done: its answer, all but number and seconds.
        """
        if not message.endswith(_NUMBER.pack(_NUMBER_TAG, number)):
            return
        if len(self._known) >= _MOST_BATCHES:
            self.forget()
        self._library = self._library or call.library
        template = batch_template(message[:-_NUMBER_BYTES], call, done.SerializeToString())
        self._library.remember(ctypes.addressof(template))
        self._known.append((template, call))

    def forget(self) -> None:
        """Forgets all."""
        if self._library is not None:
            self._library.forget()
        self._known.clear()


def keeps_templates(message: pb.ServerMessage) -> bool:
    """Whether a message neither brings nor forgets slots or plans, so that all addresses hold on."""
    if not message.HasField("batch"):
        return message.HasField("ping") and not message.ping.forget_slots
    batch = message.batch
    if batch.forget_plans or batch.HasField("plan"):
        return False
    return not any(slot.descriptor_attached or slot.forget for slot in batch.slots)


def batch_template(message: bytes, call: TileCall, answer: bytes) -> BatchTemplate:
    """What compiled code computes a batch by.

    Args:
        message: that asks for it, all but its number.
        call: computes it. Must be kept as long as the template.
        answer: to be sent, all but number and seconds.
    """
    mark = call.mark
    return BatchTemplate(
        compute=call.library.function,
        rows=ctypes.addressof(call.rows),
        count=call.tiles,
        numbers=len(call.rows) // call.tiles,
        threads=torch.get_num_threads(),
        mark=mark.address,
        running=mark.running,
        idle=mark.idle,
        message=message,
        message_bytes=len(message),
        answer=answer,
        answer_bytes=len(answer),
    )
