"""Reduces grids window by window: what an engine computes of a window is made into what is kept of its blocks at once.

Tiles of one batch are computed together as far as memory allows. A tile is a box of results, or of segments and
results where only what is kept of segments is wanted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridgrad_core.errors import RequestError
from gridgrad_core.reduction import KINDS, LEAST_SQUARES, PULLBACK, Blocks, blocks_of
from gridgrad_worker.engines.functional.functional_engine import Array
from gridgrad_worker.engines.tiles import ArrayValues, InputValues, Subgrid, Tile, UnusedValues, subgrids
from gridgrad_worker.reductions.alike_grids import SCRATCH, AlikeGrids
from gridgrad_worker.reductions.block_states import RULES, BesideBlocks
from gridgrad_worker.reductions.block_windows import BlockWindow, windows_of
from gridgrad_worker.reductions.least_squares import LeastSquaresRule

__all__ = ["Compute", "GridReducer", "GridResiduals", "StateCombiner", "Weights"]

Compute = Callable[[Sequence[Tile], Sequence[Array], Sequence[str]], list[str]]
"""Computes tiles together, as `WorkerProgram.compute`."""

Weights = Callable[[Tile], NDArray[np.float64]]
"""What each point of a tile counts that has one index along the dims that stay, [points]."""


class GridResiduals(NamedTuple):
    """What makes residuals of a function.

    Args:
        data: that they are taken from, as weights.
        rule: what is made of them.
    """

    data: Weights
    rule: LeastSquaresRule


_WINDOW_COST = 1 << 19
"""Points times planes that are held at a time: they stay in the cache from one step to the next."""


class _Part(NamedTuple):
    """A window of one target.

    Args:
        position: of the tile among those of the batch.
        target: where what comes of it goes, [numbers, *box of results].
        box: of results.
        window: of the dims that go.
        is_last: whether it is the last of its target.
    """

    position: int
    target: Array
    box: Subgrid
    window: BlockWindow
    is_last: bool


class GridReducer:
    """What is made of the grids of a program.

    Args:
        kind: one of `gridgrad_core.reduction.KINDS`.
        gone: which of the grid's dims go, ascending.
        sources: for each of the grid's dims, an input that has it.
        planes: how many numbers a point of the grid has.
        dtype: of these.
        weights: what each point counts; None for 1.
        residuals: what they are taken from, and their rule; None where there are none.
        segment_blocks: how many blocks a segment has; 0 where all of a result is wanted.
        unused: the positions of inputs that only weights and data use.
    """

    def __init__(
        self,
        kind: str,
        gone: Sequence[int],
        sources: Sequence[int],
        planes: int,
        dtype: str,
        weights: Weights | None = None,
        residuals: GridResiduals | None = None,
        segment_blocks: int = 0,
        unused: Sequence[int] = (),
    ) -> None:
        self._rule = residuals.rule if residuals else RULES[kind]
        self._kind = KINDS[kind]
        self._data = residuals and residuals.data
        self._name = kind
        self._gone = tuple(gone)
        self._left = tuple(dim for dim in range(len(sources)) if dim not in self._gone)
        self._sources = sources
        self._planes = planes
        self._dtype = np.dtype(dtype)
        self._weights = weights
        self._segment_blocks = segment_blocks
        self._unused = unused

    @property
    def numbers(self) -> int:
        """How many numbers a result has, or what is kept of a segment."""
        kind = self._kind
        return kind.kept(self._planes) if self._segment_blocks else kind.results(self._planes)

    def compute(self, run: Compute, tiles: Sequence[Tile], outs: Sequence[Array], tiers: Sequence[str]) -> list[str]:
        """Computes tiles.

        Args:
            run: computes tiles of the grid.
            tiles: boxes of results, or of segments and results.
            outs: for each of them, where its numbers go, [numbers, points].
            tiers: for each of them the tier that it must be computed in, or "".

        Returns:
            For each of them the tier that it was computed in.
        """
        took = [*tiers]
        states: list[NDArray[np.float64]] = []
        for parts in self._together(tiles, outs):
            cut = [self._tile(tiles[part.position], part) for part in parts]
            found, asked = self._views(cut), [self._of_function(tile) for tile in cut]
            for part, tier in zip(parts, run(asked, found, [took[p.position] for p in parts]), strict=True):
                took[part.position] = tier
            for part, tile, values in zip(parts, cut, found, strict=True):
                states.append(self._states(part, tile, values))
                if part.is_last:
                    self._write(np.concatenate(states, -1), part)
                    states.clear()
        return took

    def grid_of(self, tile: Tile, out: Array) -> tuple[Tile, AlikeGrids] | None:
        """The grid that a tile is made of, and how those like it are reduced; None where more than its numbers counts.

        Args:
            tile: a box of results.
            out: where its numbers go, [numbers, points]. Written to where it is made of no points.
        """
        if self._weights or self._data or self._segment_blocks:
            return None
        parts = [*self._parts(0, tile, out)]
        if len(parts) != 1:
            return None
        grid, window = self._tile(tile, parts[0]), parts[0].window
        shape, order = grid.subgrid.shape, (*self._left, *self._gone)
        results, blocks = tile.subgrid.points, self._blocks(grid)
        return grid, AlikeGrids(self._rule, self._planes, shape, order, results, window, blocks)

    def _together(self, tiles: Sequence[Tile], outs: Sequence[Array]) -> Iterator[list[_Part]]:
        """The windows of tiles, as many at a time as may be held."""
        parts: list[_Part] = []
        cost = 0
        for position, (tile, out) in enumerate(zip(tiles, outs, strict=True)):
            for part in self._parts(position, tile, out):
                part_cost = math.prod(part.window.shape) * part.box.points * self._planes
                if parts and cost + part_cost > _WINDOW_COST:
                    yield parts
                    parts, cost = [], 0
                parts.append(part)
                cost += part_cost
        if parts:
            yield parts

    def _parts(self, position: int, tile: Tile, out: Array) -> Iterator[_Part]:
        lengths = [tile.inputs[source].lengths[dim] for dim, source in enumerate(self._sources)]
        blocks = blocks_of([lengths[dim] for dim in self._gone])
        box, segments = tile.subgrid, [(0, blocks.total)]
        whole = out.reshape(self.numbers, *box.shape)
        if self._segment_blocks:
            size = self._segment_blocks
            segments = [
                (i * size, min(blocks.total, (i + 1) * size)) for i in range(box.start[0], box.start[0] + box.shape[0])
            ]
            box = Subgrid(box.start[1:], box.shape[1:])
        elif not blocks.points:
            whole[...] = self._of_none(box.points).reshape(whole.shape)
            return
        most = max(1, _WINDOW_COST // self._planes)
        for number, (first, end) in enumerate(segments):
            target = whole[:, number] if self._segment_blocks else whole
            for results in subgrids(box, max(1, most // min(blocks.points, blocks.largest))) if box.points else ():
                part = target[(slice(None), *_within(results, box))]
                windows = [*windows_of(blocks, first, end, max(1, most // results.points))]
                for window in windows:
                    yield _Part(position, part, results, window, window is windows[-1])

    def _of_none(self, results: int) -> NDArray[np.float64]:
        """What results without points are."""
        if not self._kind.of_none:
            raise RequestError("reduction.kind", f"{self._name!r} over no points", "give axes that have values")
        with np.errstate(invalid="ignore"):
            return self._rule.result(np.zeros((self._kind.kept(self._planes), results)))

    def _tile(self, tile: Tile, part: _Part) -> Tile:
        """A window and a box of results as a tile of the grid."""
        return Tile(tile.inputs, self._subgrid(part.window, part.box))

    def _of_function(self, tile: Tile) -> Tile:
        """A tile for an engine, which would look at all of the data to tell requests apart."""
        if not self._unused:
            return tile
        inputs = list(tile.inputs)
        for position in self._unused:
            inputs[position] = _without_content(inputs[position])
        return Tile(tuple(inputs), tile.subgrid)

    def _subgrid(self, window: BlockWindow, box: Subgrid) -> Subgrid:
        order = np.argsort([*self._gone, *self._left])
        start, shape = (*window.start, *box.start), (*window.shape, *box.shape)
        return Subgrid(tuple(start[i] for i in order), tuple(shape[i] for i in order))

    def _views(self, tiles: Sequence[Tile]) -> list[Array]:
        """Memory for tiles, one after another."""
        ends = np.cumsum([self._planes * tile.subgrid.points for tile in tiles])
        memory = SCRATCH.numbers(int(ends[-1]), self._dtype)
        return [part.reshape(self._planes, -1) for part in np.split(memory, ends[:-1])]

    def _states(self, part: _Part, tile: Tile, values: Array) -> NDArray[np.float64]:
        """What is kept of the blocks of a window, [states, results, blocks]."""
        blocks = self._blocks(tile)
        spread = values.reshape(self._planes, *tile.subgrid.shape)
        order = (0, *(1 + dim for dim in (*self._left, *self._gone)))
        rows = np.ascontiguousarray(spread.transpose(order), np.float64).reshape(self._planes, part.box.points, -1)
        values_of, firsts = part.window.split(rows, blocks), part.window.first_points(blocks)
        none = [None] * len(values_of)
        weights_of = self._beside(self._weights, part, tile, blocks) or none
        data_of = self._beside(self._data, part, tile, blocks) or none
        first, kept = 0, []
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            for position, numbers in enumerate(values_of):
                end = first + numbers.shape[-2]
                beside = BesideBlocks(firsts[:, first:end], weights_of[position], data_of[position])
                kept.append(self._rule.of_blocks(numbers, beside))
                first = end
        states = np.concatenate(kept, -1)
        return states.reshape(*states.shape[:2], -1)

    def _beside(
        self, of: Weights | None, part: _Part, tile: Tile, blocks: Blocks
    ) -> Sequence[NDArray[np.float64] | None]:
        """What belongs to the points of a window, as its values are: for each result, or one for all of them."""
        if of is None:
            return ()
        if self._data is None:
            one = Subgrid((0,) * len(self._left), (1,) * len(self._left))
            return part.window.split(of(Tile(tile.inputs, self._subgrid(part.window, one))), blocks)
        spread = of(tile).reshape(tile.subgrid.shape).transpose((*self._left, *self._gone))
        return part.window.split(np.ascontiguousarray(spread).reshape(part.box.points, -1), blocks)

    def _blocks(self, tile: Tile) -> Blocks:
        lengths = [tile.inputs[self._sources[dim]].lengths[dim] for dim in self._gone]
        return blocks_of(lengths)

    def _write(self, states: NDArray[np.float64], part: _Part) -> None:
        """Writes what is kept of all blocks of a target, or what it comes to."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            found = self._rule.together(states)
            if not self._segment_blocks:
                found = self._rule.result(found)
            part.target[...] = found.reshape(part.target.shape)


class StateCombiner:
    """Puts together what is kept of segments: an engine whose one input is [states, segments, *results].

    Args:
        kind: one of `gridgrad_core.reduction.KINDS`.
    """

    name = "structured"
    tier = ""

    def __init__(self, kind: str) -> None:
        self._rule = LeastSquaresRule() if kind == LEAST_SQUARES else RULES["sum" if kind == PULLBACK else kind]

    def compute(self, tiles: Sequence[Tile], outs: Sequence[Array]) -> None:
        """Computes boxes of results together into [planes, points] each."""
        for tile, out in zip(tiles, outs, strict=True):
            (kept,), (start, shape) = tile.inputs, tile.subgrid
            every = Subgrid((0, 0, *start), (*kept.lengths[:2], *shape))
            states = np.moveaxis(kept.over(every).reshape(*kept.lengths[:2], -1), 1, -1)
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                out[...] = self._rule.result(self._rule.together(np.ascontiguousarray(states, np.float64)))


def _without_content(values: InputValues) -> InputValues:
    """The same values, by whose numbers nothing is told apart."""
    if not isinstance(values, ArrayValues):
        return values
    unused = UnusedValues.__new__(UnusedValues)
    unused.array, unused.spread, unused._axes = values.array, values.spread, values._axes
    return unused


def _within(inner: Subgrid, outer: Subgrid) -> tuple[slice, ...]:
    """Where a box lies in another."""
    return tuple(
        slice(first - start, first - start + length)
        for first, start, length in zip(inner.start, outer.start, inner.shape, strict=True)
    )
