"""A compiled expression: computes tiles with the library of a package."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import torch
from cachetools import LRUCache
from numpy.typing import NDArray
from torch import Tensor

from gridgrad_core.errors import TooLargeError
from gridgrad_worker.engines.compiled.codegen.row_layout import lay_out
from gridgrad_worker.engines.compiled.runtime.crash_marks import CrashMark
from gridgrad_worker.engines.compiled.runtime.library import (
    DONE,
    MEASURE,
    PLAIN,
    SEPARATED,
    TOO_LARGE,
    UNSURE,
    Library,
    Rows,
)
from gridgrad_worker.engines.compiled.runtime.request_template import TileTemplate
from gridgrad_worker.engines.compiled.runtime.rows import RowWriter
from gridgrad_worker.engines.functional.functional_engine import Array
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, Tile

__all__ = ["CompiledEngine"]

_MOST_DECISIONS = 64


class CompiledEngine:
    """Computes an expression and its partials over tiles.

    Args:
        direct: the direct tier of the same expression.
        library: what was compiled of it.
        dims: for each input, the dims of the grid that it has.
        ndim: how many dims the grid has.
        dtype: computed in.
        mark: is set while the library is called.
        separating: whether sums are separated where the guard allows it.
    """

    name = "structured"
    tier = "compiled"

    def __init__(
        self,
        direct: StructuredEngine,
        library: Library,
        dims: Sequence[Sequence[int]],
        ndim: int,
        dtype: torch.dtype,
        mark: CrashMark | None = None,
        *,
        separating: bool = True,
    ) -> None:
        self._library = library
        self._guard = direct.guard
        self._watched = _watched(direct)
        self._filler = RowWriter(dims, ndim)
        self._dtype = torch.empty(0, dtype=dtype).numpy().dtype
        self._mark = mark or CrashMark.nowhere()
        self._separating = separating
        self._decisions: LRUCache[Hashable, int] = LRUCache(_MOST_DECISIONS)

    def compute(self, tiles: Sequence[Tile], outs: Sequence[Array]) -> None:
        """Computes tiles together.

        Args:
            tiles: what to compute.
            outs: for each of them, where its results go: [planes, points], of the computing dtype.

        Raises:
            TooLargeError: there is no memory for what is computed below the grid.
        """
        rows = self._library.rows(len(tiles))
        shapes, _kept = self._filler.fill(rows, tiles, outs)
        with self._mark:
            if self._guard is None or not self._separating:
                rows["mode"] = PLAIN
            else:
                for position in _cut(rows, shapes):
                    rows["mode"][position] = self._mode(
                        tiles[position], rows[position : position + 1], shapes[position]
                    )
            if not self._compute(rows):
                again = rows[rows["outcome"] == UNSURE]
                again["mode"] = self._looked_at(again)
                self._compute(again)

    def template(self, tile: Tile, out: Array) -> TileTemplate | None:
        """How to compute tiles like one; None where the numbers of each decide about that."""
        rows = self._library.rows(1)
        shapes, _ = self._filler.fill(rows, [tile], [out])
        if self._guard is None or not self._separating:
            rows["mode"] = PLAIN
        elif rows["first"].any() or (rows["shape"] != shapes).any():
            return None
        sizes = [each.array.itemsize if isinstance(each, ArrayValues) else 0 for each in tile.inputs]
        return TileTemplate(self._library, rows, self._mark, sizes)

    def _compute(self, rows: Rows) -> bool:
        """Computes requests, and returns whether that is done, and not one left for a close look."""
        self._library.compute(rows)
        outcomes = rows["outcome"]
        if not outcomes.any():
            return True
        if (outcomes == TOO_LARGE).any():
            found = "there is no memory for what is computed on single dims"
            raise TooLargeError("inputs", found, "ask for a smaller grid or fewer derivatives at a time")
        return False

    def _mode(self, tile: Tile, row: Rows, shape: NDArray[np.int64]) -> int:
        """How to compute a part of a request: all parts of one are computed in the same way."""
        request = (tuple(shape), *(values.content for values in tile.inputs))
        mode = self._decisions.get(request)
        if mode is None:
            whole = row.copy()
            whole["first"], whole["shape"] = 0, shape
            mode = PLAIN if 0 in shape else int(self._looked_at(whole)[0])
            self._decisions[request] = mode
        return mode

    def _looked_at(self, rows: Rows) -> NDArray[np.int64]:
        """How to compute whole requests, after a close look at each."""
        assert self._guard is not None, "there is something to guard"  # noqa: S101 - narrows the type
        looks = rows.copy()
        extremes = np.empty((len(rows), len(self._watched), 3), self._dtype)
        looks["mode"] = MEASURE
        looks["out"] = extremes.ctypes.data + extremes.strides[0] * np.arange(len(rows))
        self._library.compute(looks)
        holds = self._guard.holds(self._guard.ranges(_Extremes(self._watched, extremes), len(rows)))
        return np.where(holds & (looks["outcome"] == DONE), SEPARATED, PLAIN)


def _cut(rows: Rows, shapes: NDArray[np.int64]) -> list[int]:
    """Which rows are parts of requests of these shapes."""
    first, shape = rows["first"], rows["shape"]
    if not first.any() and (shape == shapes).all():
        return []
    return np.flatnonzero(first.any(1) | (shape != shapes).any(1)).tolist()


def _watched(direct: StructuredEngine) -> list[tuple[int, bool]]:
    """What the guard looks at in the order of a library: steps, and whether they are arguments of exponentials."""
    found = []
    for level in lay_out(direct.plan, direct.guard):
        factors = level.watched[0] + level.watched[1]
        found += [(step, row >= factors) for row, step in enumerate(level.rows[: sum(level.watched)])]
    return found


class _Extremes:
    """The extremes of requests in place of their numbers, for a guard to look at.

    Args:
        watched: which steps, and whether they are arguments of exponentials.
        extremes: [requests, watched, 3], as a library takes them down.
    """

    def __init__(self, watched: Sequence[tuple[int, bool]], extremes: NDArray[np.floating]) -> None:
        least, largest = extremes[..., 0], extremes[..., 1]
        extremes[..., 0] = np.where(largest == 0, 0, least)
        self._place = {each: n for n, each in enumerate(watched)}
        self._extremes = torch.from_numpy(extremes.transpose(1, 0, 2))

    def stacked(self, steps: Sequence[int]) -> Tensor:
        """The extremes of steps of one level, [steps, requests, 3]; of a step's second place, as an exponent."""
        seen: set[int] = set()
        places = []
        for step in steps:
            is_power = step in seen or (step, False) not in self._place
            places.append(self._place[step, is_power])
            seen.add(step)
        return self._extremes[places]
