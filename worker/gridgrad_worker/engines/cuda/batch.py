"""Batches for kernels: subgrids of any shapes, described in tables that travel in one copy with their inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridgrad_worker.devices.transfers import Array, Part
from gridgrad_worker.engines.cuda.source import THREADS, Source
from gridgrad_worker.engines.structured.planning.plan import ExecutionPlan
from gridgrad_worker.engines.tiles import InputValues, Subgrid, subgrids

__all__ = ["PackedTiles", "PlacedTile", "TilePacker", "grouped", "parts_of"]

_ALIGNMENT = 256
_Table = NDArray[np.int64]


class PlacedTile(NamedTuple):
    """A tile, and where its results go.

    Args:
        inputs: of the whole request.
        subgrid: where it lies in the request's grid.
        out: [planes, points], where its results go.
    """

    inputs: tuple[InputValues, ...]
    subgrid: Subgrid
    out: Array


class PackedTiles(NamedTuple):
    """Tiles, ready to be computed by one launch of each kernel.

    Args:
        data: bytes for the device: the tables and the inputs, each at its place.
        tiles, inputs: the places of the table of tiles and of the inputs.
        spans: for each kernel, the place of its table, how many spans are in it, and how many blocks they have.
        levels: how many numbers the levels below the grid have.
        parts: of the results, [planes * points of all tiles], where they go.
        numbers: how many results there are.
    """

    data: NDArray[np.uint8]
    tiles: int
    inputs: int
    spans: tuple[tuple[int, int, int], ...]
    levels: int
    parts: list[Part]
    numbers: int


def parts_of(tile: PlacedTile, points: int) -> Iterator[PlacedTile]:
    """Cuts a tile into tiles of at most so many points, none of them empty."""
    end = 0
    for subgrid in subgrids(tile.subgrid, points):
        start, end = end, end + subgrid.points
        if subgrid.points:
            yield tile if subgrid == tile.subgrid else PlacedTile(tile.inputs, subgrid, tile.out[:, start:end])


def grouped(tiles: Iterable[PlacedTile], points: int) -> Iterator[list[PlacedTile]]:
    """Groups of at most so many points, in order; a tile that has more is a group by itself."""
    group: list[PlacedTile] = []
    room = points
    for tile in tiles:
        if group and tile.subgrid.points > room:
            yield group
            group, room = [], points
        group.append(tile)
        room -= tile.subgrid.points
    if group:
        yield group


class TilePacker:
    """Packs tiles for the kernels of a plan.

    Args:
        plan: what they compute.
        source: the kernels.
        inputs: how many inputs tiles have.
        dtype: of the numbers.
    """

    def __init__(self, plan: ExecutionPlan, source: Source, inputs: int, dtype: np.dtype[np.floating]) -> None:
        self._dtype = dtype
        self._planes = len(plan.outputs)
        self._full = plan.full
        self._dims = [[dim for dim in range(plan.ndim) if level.mask >> dim & 1] for level in plan.levels[:-1]]
        self._rows = source.rows
        self._launches = source.launches
        self._inputs = range(inputs)
        self._ndim = plan.ndim

    def pack(self, tiles: Sequence[PlacedTile]) -> PackedTiles:
        """Packs tiles together.

        Args:
            tiles: each with points.
        """
        count = len(tiles)
        shapes: _Table = np.array([tile.subgrid.shape for tile in tiles], np.int64).reshape(count, self._ndim)
        arrays = [[self._numbers(tile, i) for i in self._inputs] for tile in tiles]
        sizes = np.array([[array.size for array in each] for each in arrays], np.int64).reshape(
            count, len(self._inputs)
        )
        of_levels = np.array([np.prod(shapes[:, dims], axis=1) for dims in self._dims], np.int64)
        of_levels = of_levels.reshape(len(self._dims), count).T
        points = np.prod(shapes, axis=1)
        rows = np.array(self._rows, np.int64)
        table = np.concatenate(
            [shapes, _starts(sizes), _starts(of_levels * rows), _starts(points[:, None] * self._planes)], axis=1
        )
        spans = [_spans(of_levels[:, list(launch.levels)], launch.levels) for launch in self._launches]
        spans.append(_spans(points[:, None], (0,)))
        numbers = [array.reshape(-1) for each in arrays for array in each]
        inputs = np.concatenate(numbers) if numbers else np.empty(0, self._dtype)
        data, places = _end_to_end([table, *(each for each, _ in spans), inputs])
        return PackedTiles(
            data=data,
            tiles=places[0],
            inputs=places[-1],
            spans=tuple((place, len(each), blocks) for place, (each, blocks) in zip(places[1:-1], spans, strict=True)),
            levels=int((of_levels * rows).sum()),
            parts=[part for tile, row in zip(tiles, table, strict=True) for part in _parts(tile, row[-1])],
            numbers=int(points.sum()) * self._planes,
        )

    def _numbers(self, tile: PlacedTile, position: int) -> Array:
        values: Array = tile.inputs[position].over(tile.subgrid)
        return values.astype(self._dtype, copy=False)


def _starts(sizes: _Table) -> _Table:
    """Where each begins if all lie end to end, [tiles, columns]."""
    ends = np.cumsum(sizes.reshape(-1)).reshape(sizes.shape)
    return ends - sizes


def _spans(points: _Table, levels: Sequence[int]) -> tuple[_Table, int]:
    """A span for each tile and level, [spans, (first block, tile, level)], and how many blocks they have."""
    count = len(points)
    blocks = -(-points.T.reshape(-1) // THREADS)
    ends = np.cumsum(blocks)
    tile = np.tile(np.arange(count), len(levels))
    table: _Table = np.stack([ends - blocks, tile, np.repeat(levels, count)], axis=1).astype(np.int64)
    return table, int(ends[-1])


def _end_to_end(arrays: Sequence[NDArray[np.generic]]) -> tuple[NDArray[np.uint8], list[int]]:
    """Arrays as bytes, and where each begins."""
    places = []
    end = 0
    for array in arrays:
        places.append(end)
        end += -(-array.nbytes // _ALIGNMENT) * _ALIGNMENT
    data = np.zeros(end, np.uint8)
    for place, array in zip(places, arrays, strict=True):
        data[place : place + array.nbytes] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return data, places


def _parts(tile: PlacedTile, start: int) -> Iterator[Part]:
    planes, points = tile.out.shape
    if tile.out.flags.c_contiguous:
        yield (slice(start, start + planes * points),), tile.out.reshape(-1)
        return
    for plane, out in enumerate(tile.out):
        first = int(start) + plane * points
        yield (slice(first, first + points),), out
