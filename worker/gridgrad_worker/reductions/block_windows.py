"""Windows: boxes of whole blocks that are computed together, along the dims that go."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridgrad_core.reduction import Blocks

__all__ = ["BlockWindow", "windows_of"]


class BlockWindow(NamedTuple):
    """A box of whole blocks, one after another in their order.

    Args:
        start: its first index along each of the dims that go.
        shape: its lengths along them.
        first_point: which of all points that go into a result its first one is, in C order.
    """

    start: tuple[int, ...]
    shape: tuple[int, ...]
    first_point: int

    def split(self, values: NDArray[np.float64], blocks: Blocks) -> list[NDArray[np.float64]]:
        """The blocks of the window, those of one length together.

        Args:
            values: [..., points of the window].
            blocks: of the grid.

        Returns:
            One or two arrays [..., before, blocks, points of a block], whose blocks follow each other for each of the
            indices before the dim that is cut.
        """
        before, length = math.prod(self.shape[: blocks.axis]), self.shape[blocks.axis]
        inner = math.prod(self.shape[blocks.axis + 1 :])
        values = values.reshape(*values.shape[:-1], before, length * inner)
        whole = length // blocks.rows
        end = whole * blocks.rows * inner
        parts = []
        if whole:
            parts.append(values[..., :end].reshape(*values.shape[:-1], whole, blocks.rows * inner))
        if end < values.shape[-1]:
            parts.append(values[..., np.newaxis, end:])
        return parts

    def first_points(self, blocks: Blocks) -> NDArray[np.int64]:
        """Which of all points the first one of each block is, [before, blocks]."""
        before, length = math.prod(self.shape[: blocks.axis]), self.shape[blocks.axis]
        inner = math.prod(self.shape[blocks.axis + 1 :])
        in_row = np.arange(-(-length // blocks.rows)) * (blocks.rows * inner)
        return self.first_point + np.arange(before)[:, np.newaxis] * (length * inner) + in_row


def windows_of(blocks: Blocks, first: int, end: int, most_points: int) -> Iterator[BlockWindow]:
    """Cuts a range of blocks into windows.

    Args:
        blocks: of the grid.
        first, end: the range.
        most_points: of a window, more only where a single block has more.
    """
    if not blocks.points:
        return
    length, inner = blocks.shape[blocks.axis], math.prod(blocks.shape[blocks.axis + 1 :])
    before = blocks.shape[: blocks.axis]
    while first < end:
        row, position = divmod(first, blocks.in_row)
        index = tuple(map(int, np.unravel_index(row, before))) if before else ()
        rows = _whole_rows(blocks, index, position, end - first, most_points)
        count = rows * blocks.in_row or min(
            blocks.in_row - position, end - first, max(1, most_points // (blocks.rows * inner))
        )
        at = position * blocks.rows
        along = length if rows else min(count * blocks.rows, length - at)
        shape = (*(1,) * (len(before) - 1), max(1, rows)) if before else ()
        rest = blocks.shape[blocks.axis + 1 :]
        yield BlockWindow((*index, at, *(0,) * len(rest)), (*shape, along, *rest), row * length * inner + at * inner)
        first += count


def _whole_rows(blocks: Blocks, index: tuple[int, ...], position: int, left: int, most_points: int) -> int:
    """How many indices of the dim before the one that is cut go into a window as a whole; 0 where none does."""
    if not index or position:
        return 0
    row_points = math.prod(blocks.shape[blocks.axis :])
    here = blocks.shape[blocks.axis - 1] - index[-1]
    return min(here, left // blocks.in_row, most_points // row_points)
