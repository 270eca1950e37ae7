"""Regions of memory on both sides of a cluster: the server's own here, a copy of each there.

A span says which bytes of a region cross. On both sides a region has the same id and size, so that the batch's own
message holds on both.
"""

from __future__ import annotations

import math
import mmap
import os
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from gridgrad_core.errors import InternalError
from gridgrad_core.worker_v1 import worker_pb2 as pb

__all__ = ["Bytes", "Regions", "input_spans", "size_of"]

Bytes = NDArray[np.uint8]


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
        """Forgets the regions that the server names, and maps those whose descriptors came, which are closed here."""
        attached = [slot for slot in slots if slot.descriptor_attached]
        for slot in slots:
            self.forget(slot.forget)
        for slot, descriptor in zip(attached, descriptors, strict=True):
            self.map(slot.id, slot.size, descriptor)
            os.close(descriptor)

    def forget(self, numbers: Iterable[int]) -> None:
        """Unmaps regions."""
        for number in numbers:
            self._maps.pop(number, None)

    def view(self, span: pb.Span) -> Bytes:
        """The bytes of a span: one row, or [rows, bytes].

        Raises:
            InternalError: they do not lie in the region, or there is none.
        """
        mapping = self._maps.get(span.slot)
        if mapping is None:
            raise InternalError("slots", f"slot {span.slot}, which was never sent or is forgotten", "please report it")
        if not size_of(span):
            return np.empty(0, np.uint8)
        try:
            if span.rows == 1:
                return np.ndarray(span.row_bytes, np.uint8, mapping, span.offset)
            return np.ndarray((span.rows, span.row_bytes), np.uint8, mapping, span.offset, (span.pitch, 1))
        except (TypeError, ValueError) as error:
            raise InternalError("slots", f"a span of slot {span.slot}: {error}", "please report it") from error

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
        nbytes = math.prod(array.shape) * np.dtype(array.dtype).itemsize
        offset = piece.inputs_offset + array.offset
        if array.stacked:
            offset += piece.first_entry * nbytes
            nbytes *= max(1, piece.entries)
        spans.append(pb.Span(slot=piece.inputs_slot, offset=offset, rows=1, row_bytes=nbytes))
    return spans
