"""Grids of one shape reduced in one go: many small ones, of each of which a few numbers are wanted.

What a `GridReducer` does grid by grid is done here for all grids of a piece at once, to the same bits: compiled code
computes them by a template, and what is made of them is numpy's along their own points. Only grids that are one window
each, and of which nothing but their numbers counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridgrad_core.reduction import Blocks
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.devices.slots import MappedSlots
from gridgrad_worker.engines.compiled.runtime.request_template import PieceTemplate
from gridgrad_worker.engines.functional.functional_engine import Array
from gridgrad_worker.reductions.block_states import BesideBlocks, BlockRule
from gridgrad_worker.reductions.block_windows import BlockWindow

__all__ = ["SCRATCH", "AlikeGrids", "ReducedCall", "ReducedPieces"]

_HELD_NUMBERS = 1 << 17
"""Of grids that are computed before they are reduced: they are still in the cache then."""

_ALIGNMENT = 64
"""Of memory that vectors are written to, in bytes."""


class AlikeGrids(NamedTuple):
    """How grids of one shape are reduced.

    Args:
        rule: of the reduction.
        planes: how many numbers a point of a grid has.
        shape: of a grid.
        order: its dims, those that stay first.
        results: how many points stay.
        window: all of the dims that go.
        blocks: of these.
    """

    rule: BlockRule
    planes: int
    shape: tuple[int, ...]
    order: tuple[int, ...]
    results: int
    window: BlockWindow
    blocks: Blocks

    def reduced(self, grids: Array) -> NDArray[np.float64]:
        """What grids come to.

        Args:
            grids: [grids, planes * points].

        Returns:
            [numbers of a result, grids, results].
        """
        spread = grids.reshape(-1, self.planes, *self.shape).transpose((1, 0, *(2 + dim for dim in self.order)))
        if spread.strides[-1] != spread.itemsize:
            spread = np.ascontiguousarray(spread)
        rows = spread.reshape(self.planes, len(grids) * self.results, -1).astype(np.float64, copy=False)
        with np.errstate(all="ignore"):
            found = self.rule.result(self.rule.together(self._states(rows)))
        return found.reshape(-1, len(grids), self.results)

    def _states(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """What is kept of the blocks, [states, grids and results, blocks]."""
        firsts, first, kept = self.window.first_points(self.blocks), 0, []
        for numbers in self.window.split(rows, self.blocks):
            end = first + numbers.shape[-2]
            kept.append(self.rule.of_blocks(numbers, BesideBlocks(firsts[:, first:end])))
            first = end
        states = np.concatenate(kept, -1)
        return states.reshape(*states.shape[:2], -1)


class ReducedPieces:
    """Reduces the grids of pieces like one before.

    Args:
        template: has the grids computed.
        grids: how they are reduced.
        dtype: that they are computed in.
    """

    def __init__(self, template: PieceTemplate, grids: AlikeGrids, dtype: np.dtype[Any]) -> None:
        self._template = template
        self._grids = grids
        self._dtype = dtype
        self._numbers = grids.planes * int(np.prod(grids.shape))

    def compute(self, piece: pb.Piece, results: Array, slots: MappedSlots) -> bool:
        """Computes a piece, and returns whether there was memory for that.

        Args:
            piece: of one grid or several.
            results: where they go, [grids, numbers of a result, points].
            slots: all slots.

        Raises:
            InternalError: an array does not lie in its slot.
        """
        count = len(results)
        most = max(1, _HELD_NUMBERS // self._numbers)
        for first in range(0, count, most):
            grids = SCRATCH.numbers(min(most, count - first) * self._numbers, self._dtype).reshape(-1, self._numbers)
            out = grids.ctypes.data, self._numbers * self._dtype.itemsize
            if not self._template.grids_into(out, piece, slots, first, len(grids))():
                return False
            results[first : first + len(grids)] = self._grids.reduced(grids).swapaxes(0, 1)
        return True


class ReducedCall(NamedTuple):
    """Computes and reduces the grids of a batch's pieces.

    Args:
        pieces: how each is reduced.
        messages: the pieces.
        results: where the results of each go.
        slots: all slots.
    """

    pieces: Sequence[ReducedPieces]
    messages: Sequence[pb.Piece]
    results: Sequence[Array]
    slots: MappedSlots

    @property
    def tiles(self) -> int:
        """How many grids there are."""
        return sum(map(len, self.results))

    def __call__(self) -> bool:
        """Computes them, and returns whether there was memory for that."""
        each = zip(self.pieces, self.messages, self.results, strict=True)
        return all(pieces.compute(message, results, self.slots) for pieces, message, results in each)


class _Scratch:
    """Memory that is used again and again, by one thread."""

    def __init__(self) -> None:
        self._bytes = np.empty(0, np.uint8)

    def numbers(self, count: int, dtype: np.dtype[Any]) -> Array:
        """Memory for so many numbers, until the next call."""
        size = count * dtype.itemsize
        if self._bytes.size < size:
            memory = np.empty(size + _ALIGNMENT, np.uint8)
            self._bytes = memory[-memory.ctypes.data % _ALIGNMENT :]
        return self._bytes[:size].view(dtype)


SCRATCH = _Scratch()
"""One for all programs of a worker, which computes on one thread."""
