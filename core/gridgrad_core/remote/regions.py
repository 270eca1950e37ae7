"""Regions of memory on both sides of a cluster: the server's own here, a copy of each there.

A span says which bytes of a region cross. On both sides a region has the same id and size, so that the batch's own
message holds on both.
"""

from __future__ import annotations

import math
import mmap
import os
from collections.abc import Iterable, Sequence

from gridgrad_core.errors import InternalError
from gridgrad_core.wire.enums import ITEM_BYTES
from gridgrad_core.worker_v1 import worker_pb2 as pb

__all__ = ["Regions", "input_spans", "size_of"]


class Regions:
    """The mapped regions by id."""

    def __init__(self) -> None:
        self._maps: dict[int, mmap.mmap] = {}

    def __len__(self) -> int:
        return len(self._maps)

    def map(self, number: int, size: int, descriptor: int) -> None:
        """Maps a region; its descriptor stays the caller's."""
        self._maps[number] = mmap.mmap(descriptor, size)

    def admit(self, slots: Sequence[pb.Slot], descriptors: Sequence[int]) -> None:
        """Forgets the regions that the server names, and maps those whose descriptors came, which stay the caller's."""
        attached = [slot for slot in slots if slot.descriptor_attached]
        for slot in slots:
            self.forget(slot.forget)
        for slot, descriptor in zip(attached, descriptors, strict=True):
            self.map(slot.id, slot.size, descriptor)

    def admit_and_close(self, slots: Sequence[pb.Slot], descriptors: Sequence[int]) -> None:
        """The same, and closes the descriptors."""
        self.admit(slots, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)

    def forget(self, numbers: Iterable[int]) -> None:
        """Unmaps regions."""
        for number in numbers:
            self._maps.pop(number, None)

    def rows(self, span: pb.Span) -> list[memoryview]:
        """The bytes of a span where they lie: its rows, or all of them in one where nothing is between them.

        Raises:
            InternalError: they do not lie in the region, or there is none.
        """
        mapping = self._maps.get(span.slot)
        if mapping is None:
            raise InternalError("slots", f"slot {span.slot}, which was never sent or is forgotten", "please report it")
        rows, row_bytes, pitch = span.rows, span.row_bytes, span.pitch
        if not rows * row_bytes:
            return []
        if rows == 1 or pitch == row_bytes:
            rows, row_bytes, pitch = 1, rows * row_bytes, 0
        if span.offset + (rows - 1) * pitch + row_bytes > len(mapping) or (rows > 1 and pitch < row_bytes):
            found = f"{rows} rows of {row_bytes} bytes at byte {span.offset} of slot {span.slot}"
            raise InternalError("slots", found, "please report it")
        view = memoryview(mapping)
        begins = range(span.offset, span.offset + rows * pitch, pitch) if rows > 1 else (span.offset,)
        return [view[begin : begin + row_bytes] for begin in begins]

    def give_back(self, span: pb.Span) -> None:
        """Gives the whole pages of a span back to the system: what lay there has been sent."""
        mapping = self._maps.get(span.slot)
        for row in range(span.rows if mapping is not None else 0):
            begin = span.offset + row * span.pitch
            first = -(-begin // mmap.PAGESIZE) * mmap.PAGESIZE
            end = (begin + span.row_bytes) // mmap.PAGESIZE * mmap.PAGESIZE
            if mapping is not None and first < end:
                mapping.madvise(mmap.MADV_REMOVE, first, end - first)


def size_of(span: pb.Span) -> int:
    """How many bytes a span has."""
    return span.rows * span.row_bytes


def input_spans(piece: pb.Piece, layout: pb.PieceLayout) -> list[pb.Span]:
    """Where the numbers of the inputs of a piece lie, one row each."""
    spans = []
    for given in layout.inputs:
        if given.WhichOneof("values") != "array":
            continue
        array = given.array
        nbytes = math.prod(array.shape) * ITEM_BYTES[array.dtype]
        offset = piece.inputs_offset + array.offset
        if array.stacked:
            offset += piece.first_entry * nbytes
            nbytes *= max(1, piece.entries)
        spans.append(pb.Span(slot=piece.inputs_slot, offset=offset, rows=1, row_bytes=nbytes))
    return spans
