"""Reductions: which there are, and the blocks in which a grid is reduced.

A grid of more points than a block has is reduced block by block along the dims that go, and what is kept of the blocks
is put together two by two, then what that gave, and so on. Blocks and this tree follow from the lengths of those dims
alone. So whoever computes some of the blocks, in whatever company, gets the same bits; and a range of blocks that
begins at a multiple of a power of two and is as long is a node of the tree.

Between client, server and worker this is all that they must agree on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

__all__ = [
    "BLOCK_POINTS",
    "KINDS",
    "LEAST_SQUARES",
    "LOSSES",
    "PULLBACK",
    "PULLBACK_BLOCK_POINTS",
    "REDUCTIONS",
    "Blocks",
    "ReductionKind",
    "blocks_of",
]

BLOCK_POINTS = 4096
"""Most points of a block, along the dims that go."""

PULLBACK_BLOCK_POINTS = 1 << 20
"""Of a block of a pull-back, of which as many numbers are kept as it has."""


class ReductionKind(NamedTuple):
    """A reduction.

    Args:
        states: how many numbers are kept of a block for each plane.
        shared: how many besides, for all planes.
        weighs: whether points may have weights.
        of_none: whether it is something where there are no points.
        dtype: of its results, or empty for the one computed in.
        pairs: whether it is of residuals and their derivatives, a sum for each two of these.
        elements: whether it has a number for each element of inputs, all in one row.
    """

    states: int = 1
    shared: int = 0
    weighs: bool = False
    of_none: bool = True
    dtype: str = ""
    pairs: bool = False
    elements: bool = False

    def kept(self, planes: int) -> int:
        """How many numbers are kept of a block of so many planes."""
        if self.elements:
            return 1
        return planes * (planes + 1) // 2 + 1 if self.pairs else planes * self.states + self.shared

    def results(self, planes: int) -> int:
        """How many numbers a result has."""
        return self.kept(planes) if self.pairs or self.elements else planes


REDUCTIONS: Mapping[str, ReductionKind] = {
    "sum": ReductionKind(weighs=True),
    "mean": ReductionKind(shared=1, weighs=True),
    "min": ReductionKind(of_none=False),
    "max": ReductionKind(of_none=False),
    "argmin": ReductionKind(states=2, of_none=False, dtype="int64"),
    "argmax": ReductionKind(states=2, of_none=False, dtype="int64"),
    "norm": ReductionKind(states=3, weighs=True),
    "count_nonfinite": ReductionKind(dtype="int64"),
}
"""Those of a value and its derivatives, each by itself, by name."""

LEAST_SQUARES = "least_squares"
"""The sums that a fit needs, of residuals and their derivatives."""

PULLBACK = "pullback"
"""The sum of all points, and its gradient by the elements of inputs."""

KINDS: Mapping[str, ReductionKind] = {
    **REDUCTIONS,
    LEAST_SQUARES: ReductionKind(weighs=True, dtype="float64", pairs=True),
    PULLBACK: ReductionKind(weighs=True, elements=True),
}
"""All of them."""

LOSSES = ("linear", "soft_l1", "huber", "cauchy", "arctan")
"""Of residuals, as scipy.optimize.least_squares has them."""


class Blocks(NamedTuple):
    """The blocks of a grid that is reduced, in C order.

    Args:
        shape: the lengths of the dims that go.
        axis: which of these is cut: a block has one index of those before, and all of those after it.
        rows: how many of its indices a block has; the last one may have fewer.
        in_row: how many there are for one index of the dims before.
        total: how many there are, one at least.
    """

    shape: tuple[int, ...]
    axis: int
    rows: int
    in_row: int
    total: int

    @property
    def points(self) -> int:
        """How many points go into a result."""
        return math.prod(self.shape)

    def box(self, block: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The first index of a block, and its lengths, along the dims that go."""
        row, position = divmod(block, self.in_row)
        index: list[int] = []
        for length in reversed(self.shape[: self.axis]):
            row, last = divmod(row, length)
            index.insert(0, last)
        first = position * self.rows
        rows = min(self.rows, self.shape[self.axis] - first)
        start = (*index, first, *[0 for _ in self.shape[self.axis + 1 :]])
        return start, (*[1 for _ in index], rows, *self.shape[self.axis + 1 :])

    @property
    def largest(self) -> int:
        """How many points the largest block has."""
        return self.rows * math.prod(self.shape[self.axis + 1 :])

    def segments(self, blocks: int) -> int:
        """How many segments of so many blocks there are."""
        return -(-self.total // blocks)


def blocks_of(shape: Sequence[int], most_points: int = BLOCK_POINTS) -> Blocks:
    """The blocks of a grid.

    Args:
        shape: the lengths of the dims that go, one at least.
        most_points: of a block.
    """
    shape, inner = tuple(shape), math.prod(shape)
    if not inner:
        return Blocks(shape, 0, max(1, shape[0]), 1, 1)
    for axis, length in enumerate(shape):
        inner //= length
        if inner <= most_points:
            rows = min(length, most_points // inner)
            in_row = -(-length // rows)
            return Blocks(shape, axis, rows, in_row, math.prod(shape[:axis]) * in_row)
    raise AssertionError("one point is a block")
