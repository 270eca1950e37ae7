"""A compiled expression: computes tiles with the library of a package."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from gridgrad_core.errors import TooLargeError
from gridgrad_worker.engines.compiled.runtime.crash_marks import CrashMark
from gridgrad_worker.engines.compiled.runtime.library import DECIDE, PLAIN, Library, Rows
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
        mark: CrashMark | None = None,
        *,
        separating: bool = True,
    ) -> None:
        self._library = library
        self._made_of = dims, ndim, mark, separating
        self._filler = RowWriter(dims, ndim, direct.tables)
        self._mark = mark or CrashMark.nowhere()
        self._guarded = separating and direct.guard is not None
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
            if not self._guarded:
                rows["mode"] = PLAIN
            else:
                for position in _cut(rows, shapes):
                    rows["mode"][position] = self._mode(
                        tiles[position], rows[position : position + 1], shapes[position]
                    )
            self._library.compute(rows)
        if rows["outcome"].any():  # what is not DONE is TOO_LARGE
            found = "there is no memory for what is computed on single dims"
            raise TooLargeError("inputs", found, "ask for a smaller grid or fewer derivatives at a time")

    def of_tables(self, direct: StructuredEngine) -> CompiledEngine:
        """The same library with other numbers of tables.

        Args:
            direct: the direct tier of the expression with these.
        """
        dims, ndim, mark, separating = self._made_of
        return CompiledEngine(direct, self._library, dims, ndim, mark, separating=separating)

    def template(self, tile: Tile, out: Array) -> TileTemplate | None:
        """How to compute tiles like one; None where the numbers of each decide about that."""
        rows = self._library.rows(1)
        shapes, _ = self._filler.fill(rows, [tile], [out])
        if not self._guarded:
            rows["mode"] = PLAIN
        elif rows["first"].any() or (rows["shape"] != shapes).any():
            return None
        sizes = [each.array.itemsize if isinstance(each, ArrayValues) else 0 for each in tile.inputs]
        return TileTemplate(self._library, rows, self._mark, sizes)

    def _mode(self, tile: Tile, row: Rows, shape: NDArray[np.int64]) -> int:
        """How to compute a part of a request: all parts of one are computed in the same way."""
        request = (tuple(shape), *(values.content for values in tile.inputs))
        mode = self._decisions.get(request)
        if mode is None:
            whole = row.copy()
            whole["first"], whole["shape"], whole["mode"] = 0, shape, DECIDE
            self._library.compute(whole)
            mode = PLAIN if 0 in shape else int(whole["outcome"][0])
            self._decisions[request] = mode
        return mode


def _cut(rows: Rows, shapes: NDArray[np.int64]) -> list[int]:
    """Which rows are parts of requests of these shapes."""
    first, shape = rows["first"], rows["shape"]
    if not first.any() and (shape == shapes).all():
        return []
    return np.flatnonzero(first.any(1) | (shape != shapes).any(1)).tolist()
