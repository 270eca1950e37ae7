"""Layouts: what pieces are but for their numbers, as the server says it and as compiled code wants it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.devices.slots import MappedSlots
from gridgrad_worker.engines.compiled.runtime.call_template import TileCall, TileTemplate
from gridgrad_worker.engines.tiles import LinspaceValues, Subgrid

__all__ = ["ArrayLayout", "Recalled", "TileLayout", "entries_of", "read_layout"]


class ArrayLayout(NamedTuple):
    """Where the numbers of an input are, counted from where the inputs of its piece begin.

    Args:
        stacked: whether there is an array for each of several entries, one after another.
    """

    offset: int
    shape: tuple[int, ...]
    dtype: str
    stacked: bool


class TileLayout(NamedTuple):
    """What a piece is but for its numbers."""

    inputs: tuple[ArrayLayout | LinspaceValues, ...]
    subgrid: Subgrid


def read_layout(layout: pb.PieceLayout, axes: Sequence[Sequence[int]]) -> TileLayout:
    """A PieceLayout in plain Python.

    Args:
        layout: the message.
        axes: for each of the plan's inputs, which of the grid's dims its own are.
    """
    ndim = len(layout.shape)
    inputs = [_given(given, own, ndim) for given, own in zip(layout.inputs, axes, strict=True)]
    return TileLayout(tuple(inputs), Subgrid(tuple(layout.start), tuple(layout.shape)))


def _given(given: pb.PieceInput, axes: Sequence[int], ndim: int) -> ArrayLayout | LinspaceValues:
    if given.WhichOneof("values") == "linspace":
        spaced = given.linspace
        return LinspaceValues(spaced.start, spaced.stop, spaced.num, axes[0], ndim)
    return ArrayLayout(given.array.offset, tuple(given.array.shape), given.array.dtype, given.array.stacked)


def entries_of(piece: pb.Piece) -> int:
    """How many entries a piece has."""
    return max(1, piece.entries)


class Recalled:
    """How compiled code has computed a piece: others of its layout differ in where their numbers lie.

    Args:
        recipe: computes them.
        layout: of the piece.
        planes: how many numbers a point has in the result.
        itemsize: of these numbers, in bytes.
    """

    def __init__(self, recipe: TileTemplate, layout: TileLayout, planes: int, itemsize: int) -> None:
        self._recipe = recipe
        self._inputs = [*map(_span, layout.inputs)]
        self._planes = planes
        self._row_bytes = layout.subgrid.points * itemsize

    def call(self, sent: pb.Piece, slot: int, slots: MappedSlots) -> TileCall:
        """What computes a piece.

        Args:
            sent: the piece.
            slot: takes its result, unless it names another.
            slots: all slots.

        Raises:
            InternalError: an array does not lie in its slot.
        """
        pitch = sent.result_stride or self._row_bytes
        out_bytes = (self._planes - 1) * pitch + self._row_bytes
        out = slots.address(sent.result_slot or slot, sent.result_offset, out_bytes)
        addresses = [
            slots.address(sent.inputs_slot, sent.inputs_offset + offset, size) if size else 0
            for offset, size in self._inputs
        ]
        return self._recipe.call(addresses, out, pitch)


def _span(place: ArrayLayout | LinspaceValues) -> tuple[int, int]:
    """Where the numbers of an input begin and how many bytes they have; none for a linspace."""
    if isinstance(place, LinspaceValues):
        return 0, 0
    return place.offset, math.prod(place.shape) * np.dtype(place.dtype).itemsize
