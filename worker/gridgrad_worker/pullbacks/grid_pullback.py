"""Pull-backs of grids: what a function's own engine computes of a block is summed into few numbers at once.

A result is a row of numbers: the sum, then the gradient by each input, its elements in C order. A large grid is
computed in segments, each by itself a row, since the gradient of a sum is the sum of gradients.

Invariants:
* Blocks and their windows follow from the lengths of the grid's dims and from the function alone, and blocks are put
  together two by two, so that the bits do not depend on how a grid was cut.
* No more than a window of planes is held, and a block of what has fewer dims.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from gridgrad_core.reduction import PULLBACK_BLOCK_POINTS, blocks_of
from gridgrad_worker.engines.functional.functional_engine import Array
from gridgrad_worker.engines.tiles import ArrayValues, InputValues, Subgrid, Tile
from gridgrad_worker.pullbacks.summation import TreeSum

__all__ = ["BlockGradients", "Compute", "GridPullback", "PulledBlock", "PulledInput"]

Floats = NDArray[np.float64]

_COMPARED = 1 << 14
"""How many numbers of an input are looked at to find that they are those of before."""

_NUMBERS = itertools.count()

Compute = Callable[[Sequence[Tile], Sequence[Array], Sequence[str]], list[str]]
"""Computes tiles together, as `WorkerProgram.compute`."""


class PulledInput(NamedTuple):
    """An input that the gradient is by.

    Args:
        position: which of the inputs it is.
        dims: its dims, in its own order.
    """

    position: int
    dims: tuple[int, ...]


class PulledBlock(NamedTuple):
    """A block of a grid.

    Args:
        inputs: their values there, as of a grid by itself.
        shape: its lengths.
    """

    inputs: tuple[InputValues, ...]
    shape: tuple[int, ...]


class BlockGradients(Protocol):
    """Computes the sum over a block and its gradient."""

    def of_block(self, run: Compute, block: PulledBlock, tier: str) -> tuple[float, Sequence[Floats | None], str]:
        """The sum, the gradient by each input on all dims of the grid, of length 1 where it has not the dim, or None
        for zeros, and the tier that it was computed in.
        """


class _BlockValues(ArrayValues):
    """Many numbers of a block, which are told from all others without looking at them."""

    __slots__ = ("_number",)

    _number: int

    @classmethod
    def of_spread(cls, spread: Array, axes: Sequence[int]) -> Self:
        """Values with a number of their own."""
        values = super().of_spread(spread, axes)
        values._number = next(_NUMBERS)
        return values

    @property
    def content(self) -> Hashable:
        """A number that no others have."""
        return self._number


class GridPullback:
    """Pull-backs of one function.

    Args:
        gradients: of blocks.
        axes: for each input, which of the grid's dims its own are.
        wrt: the inputs that the gradient is by.
        sources: for each of the grid's dims, an input that has it.
        segment_blocks: how many blocks a segment has; 0 where a whole result is wanted.
    """

    def __init__(
        self,
        gradients: BlockGradients,
        axes: Sequence[tuple[int, ...]],
        wrt: Sequence[PulledInput],
        sources: Sequence[int],
        segment_blocks: int = 0,
    ) -> None:
        self._gradients = gradients
        self._axes = axes
        self._wrt = wrt
        self._sources = sources
        self._segment_blocks = segment_blocks

    @property
    def numbers(self) -> int:
        """How many rows a result has."""
        return 1

    def compute(self, run: Compute, tiles: Sequence[Tile], outs: Sequence[Array], tiers: Sequence[str]) -> list[str]:
        """Computes rows.

        Args:
            run: computes tiles of the grid.
            tiles: each of a whole row, or of segments and rows.
            outs: for each of them, where its numbers go, [1, points].
            tiers: for each of them the tier that it must be computed in, or "".

        Returns:
            For each of them the tier that it was computed in.
        """
        return [self._tile(run, *each) for each in zip(tiles, outs, tiers, strict=True)]

    def _tile(self, run: Compute, tile: Tile, out: Array, tier: str) -> str:
        lengths = tuple([tile.inputs[source].lengths[dim] for dim, source in enumerate(self._sources)])
        blocks = blocks_of(lengths or (1,), PULLBACK_BLOCK_POINTS)
        size = self._segment_blocks or blocks.total
        first, count = (tile.subgrid.start[0], tile.subgrid.shape[0]) if self._segment_blocks else (0, 1)
        rows = out.reshape(count, -1)
        for number, row in enumerate(rows):
            start = (first + number) * size
            every = TreeSum()
            for block in range(start, min(blocks.total, start + size) if blocks.points else start):
                box = Subgrid(*[ends[: len(lengths)] for ends in blocks.box(block)])
                numbers = np.zeros(row.size)
                tier = self._of_block(run, tile, box, tier, numbers)
                every.add(numbers)
            with np.errstate(over="ignore", invalid="ignore"):
                row[...] = every.total if blocks.points else 0.0
        return tier

    def _of_block(self, run: Compute, tile: Tile, box: Subgrid, tier: str, row: Floats) -> str:
        """Writes the numbers of a block into a row of zeros; the tier that it was computed in."""
        inputs = tuple([_within(*each, box) for each in zip(tile.inputs, self._axes, strict=True)])
        with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
            row[0], gradient, tier = self._gradients.of_block(run, PulledBlock(inputs, box.shape), tier)
        end = 1
        for each, found in zip(self._wrt, gradient, strict=True):
            lengths = tile.inputs[each.position].lengths
            own = [lengths[dim] for dim in each.dims]
            begin, end = end, end + math.prod(own)
            if found is not None:
                _put(row[begin:end].reshape(own), each.dims, box, found)
        return tier


def _put(whole: Floats, dims: Sequence[int], box: Subgrid, found: Floats) -> None:
    """Writes the gradient of a block into that by an input of these dims."""
    ascending = sorted(dims)
    inside: tuple[Any, ...] = tuple([slice(box.start[dim], box.start[dim] + box.shape[dim]) for dim in dims])
    part = whole[(*inside, ...)]  # an array for a single number too
    part.transpose([dims.index(dim) for dim in ascending])[...] = found.reshape([found.shape[dim] for dim in ascending])


def _within(values: InputValues, axes: tuple[int, ...], box: Subgrid) -> InputValues:
    """The values of an input in a block, as those of a grid by itself."""
    part = values.over(box)
    return (ArrayValues if part.size <= _COMPARED else _BlockValues).of_spread(part, sorted(axes))
