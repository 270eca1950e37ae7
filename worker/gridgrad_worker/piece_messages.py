"""Pieces as the server sends them (`worker.proto`): which tiles they are, and where in shared memory their numbers lie.

A piece is a tile of one request, or of each of several requests that are alike. What most pieces share, all but
where their numbers lie, comes as bytes that are read once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from gridgrad_core.errors import InternalError
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.devices.slots import MappedSlots
from gridgrad_worker.engines.compiled.runtime.request_template import InputSpan
from gridgrad_worker.engines.tiles import ArrayValues, LinspaceValues, Subgrid, Tile

__all__ = ["ArrayLayout", "PieceReader", "TileLayout", "count_requests"]

Array = NDArray[np.floating]

LAYOUTS_KEPT = 256
"""Of a program."""

_ALIGNMENT = 64


class ArrayLayout(NamedTuple):
    """Where the numbers of an input are, counted from where the inputs of its piece begin.

    Args:
        stacked: whether there is an array for each of several requests, one after another.
    """

    offset: int
    shape: tuple[int, ...]
    dtype: str
    stacked: bool

    @property
    def nbytes(self) -> int:
        """Of the array of one request."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


class TileLayout(NamedTuple):
    """What a tile is but for its numbers."""

    inputs: tuple[ArrayLayout | LinspaceValues, ...]
    subgrid: Subgrid

    @property
    def spans(self) -> list[InputSpan]:
        """For each input, where its numbers lie."""
        return [
            InputSpan(0, 0, stacked=False)
            if isinstance(each, LinspaceValues)
            else InputSpan(each.offset, each.nbytes, each.stacked)
            for each in self.inputs
        ]


def count_requests(piece: pb.Piece) -> int:
    """How many requests a piece is a tile of."""
    return max(1, piece.entries)


class PieceReader:
    """Reads the pieces of one program.

    Args:
        axes: for each input, which of the grid's dims its own are.
        ndim: how many dims the grid has.
        planes: how many numbers a point has in the results.
        dtype: of the results, "float32", "float64" or "int64".
        box_ndim: how many dims a piece has; None for those of the grid.
    """

    def __init__(
        self, axes: Sequence[tuple[int, ...]], ndim: int, planes: int, dtype: str, box_ndim: int | None = None
    ) -> None:
        self.planes = planes
        self._axes = axes
        self._ndim = ndim
        self._box_ndim = ndim if box_ndim is None else box_ndim
        self._dtype = dtype
        self._layouts: LRUCache[bytes, TileLayout] = LRUCache(LAYOUTS_KEPT)

    def layout(self, raw: bytes) -> TileLayout:
        """What a PieceLayout says.

        Raises:
            InternalError: it does not fit the program.
        """
        known = self._layouts.get(raw)
        if known is None:
            known = self._layouts[raw] = self._read(pb.PieceLayout.FromString(raw))
        return known

    def tiles(self, piece: pb.Piece, slots: MappedSlots) -> list[Tile]:
        """The tiles of a piece, one for each of its requests, their arrays viewed in their slots.

        Raises:
            InternalError: it does not fit the program, or an array does not lie in its slot.
        """
        inputs, subgrid = self.layout(piece.layout)
        requests = count_requests(piece)
        values = [
            self._arrays(given, axes, piece, slots) if isinstance(given, ArrayLayout) else [given] * requests
            for given, axes in zip(inputs, self._axes, strict=True)
        ]
        each = zip(*values, strict=True) if values else [()] * requests
        return [Tile(own, subgrid) for own in each]

    def outs(self, piece: pb.Piece, slot: int, slots: MappedSlots) -> list[Array]:
        """Where the results of the tiles of a piece go: [planes, points] each, in its slot.

        Args:
            piece: the piece.
            slot: the id of the batch's first.
            slots: all slots.
        """
        return [*self.outs_together(piece, slot, slots)]

    def outs_together(self, piece: pb.Piece, slot: int, slots: MappedSlots) -> Array:
        """The same as one array, [tiles, planes, points]."""
        requests, points = count_requests(piece), self.layout(piece.layout).subgrid.points
        slot = piece.result_slot or slot
        if requests == 1:
            strides = (piece.result_stride, np.dtype(self._dtype).itemsize) if piece.result_stride else None
            one: Array = slots.array(slot, piece.result_offset, (self.planes, points), self._dtype, strides)
            return one[np.newaxis]
        numbers = self.planes * points
        shape = (requests, _rounded_up(numbers, self._dtype))
        block: Array = slots.array(slot, piece.result_offset, shape, self._dtype)
        return block[:, :numbers].reshape(requests, self.planes, points)

    def span(self, piece: pb.Piece, slot: int) -> pb.Span:
        """Where the results of a piece lie, as bytes of its slot.

        Args:
            piece: the piece.
            slot: the id of the batch's first.
        """
        itemsize, requests = np.dtype(self._dtype).itemsize, count_requests(piece)
        plane_bytes = self.layout(piece.layout).subgrid.points * itemsize
        rows, row_bytes, pitch = 1, self.planes * plane_bytes, 0
        if requests > 1:
            rows, pitch = requests, _rounded_up(row_bytes // itemsize, self._dtype) * itemsize
        elif piece.result_stride:
            rows, row_bytes, pitch = self.planes, plane_bytes, piece.result_stride
        return pb.Span(
            slot=piece.result_slot or slot, offset=piece.result_offset, rows=rows, row_bytes=row_bytes, pitch=pitch
        )

    def _read(self, layout: pb.PieceLayout) -> TileLayout:
        if len(layout.inputs) != len(self._axes) or not len(layout.start) == len(layout.shape) == self._box_ndim:
            wanted = f"{len(self._axes)} and {self._box_ndim}"
            found = f"{len(layout.inputs)} inputs and {len(layout.start)} dims for {wanted}"
            raise InternalError("batch.pieces", found, "please report it")
        inputs = [self._given(given, own) for given, own in zip(layout.inputs, self._axes, strict=True)]
        return TileLayout(tuple(inputs), Subgrid(tuple(layout.start), tuple(layout.shape)))

    def _given(self, given: pb.PieceInput, axes: tuple[int, ...]) -> ArrayLayout | LinspaceValues:
        if given.WhichOneof("values") == "linspace":
            spaced = given.linspace
            return LinspaceValues(spaced.start, spaced.stop, spaced.num, axes[0], self._ndim)
        return ArrayLayout(given.array.offset, tuple(given.array.shape), given.array.dtype, given.array.stacked)

    def _arrays(
        self, layout: ArrayLayout, axes: tuple[int, ...], piece: pb.Piece, slots: MappedSlots
    ) -> list[ArrayValues]:
        """The arrays of an input, one for each request of a piece."""
        slot, offset, requests = piece.inputs_slot, piece.inputs_offset + layout.offset, count_requests(piece)
        if not layout.stacked:
            array = slots.array(slot, offset, layout.shape, layout.dtype)
            return [ArrayValues(array, axes, self._ndim)] * requests
        offset += piece.first_entry * layout.nbytes
        stack = slots.array(slot, offset, (requests, *layout.shape), layout.dtype)
        return ArrayValues.each(stack, axes, self._ndim)


def _rounded_up(numbers: int, dtype: str) -> int:
    """How far apart results lie that follow each other, in numbers."""
    in_line = _ALIGNMENT // np.dtype(dtype).itemsize
    return -(-numbers // in_line) * in_line
