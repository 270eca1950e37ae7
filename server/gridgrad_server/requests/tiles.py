"""Tiles: the parts into which the grid of a request is cut, each contiguous in C order.

A tile has length 1 in its first dims, a range of one dim, and all of the dims after it; so its
points are a range of the flattened grid, and its result is a window of the whole one. A pack, the
request of many small grids, is cut between its grids and never within one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

__all__ = ["GridTile", "cut_into_tiles"]

_MOST_GRIDS = 128
"""Of a tile: a grid costs a worker some time however few points it has."""


class GridTile(NamedTuple):
    """A part of a grid that is contiguous in C order, or some of the grids of a pack.

    Args:
        start: its first index in each dim.
        shape: its length in each dim.
        first_point: the index of its first point in the flattened grid.
        points: how many points it has, in all of its grids.
        first_grid: the first of its grids.
        grids: how many it has: all of the points of each, if there are several.
        crash_count: how many workers died computing it.
    """

    start: tuple[int, ...]
    shape: tuple[int, ...]
    first_point: int
    points: int
    first_grid: int = 0
    grids: int = 1
    crash_count: int = 0

    def cut(self, parts: int) -> tuple[GridTile, GridTile]:
        """Its first part of so many that are nearly equal, and the rest of it.

        Args:
            parts: two or more. Of the grids, if it has several; else of the first dim with more than one index.
        """
        if self.grids > 1:
            grids, points = -(-self.grids // parts), self.points // self.grids
            rest = self._replace(
                points=(self.grids - grids) * points, first_grid=self.first_grid + grids, grids=self.grids - grids
            )
            return self._replace(points=grids * points, grids=grids), rest
        dim = next(dim for dim, length in enumerate(self.shape) if length > 1)
        length = -(-self.shape[dim] // parts)
        return self._range(dim, 0, length), self._range(dim, length, self.shape[dim] - length)

    def _range(self, dim: int, first: int, length: int) -> GridTile:
        """Its indices from `first` on in a dim before which all are of length 1."""
        inner = self.points // self.shape[dim]
        return self._replace(
            start=(*self.start[:dim], self.start[dim] + first, *self.start[dim + 1 :]),
            shape=(*self.shape[:dim], length, *self.shape[dim + 1 :]),
            first_point=self.first_point + first * inner,
            points=length * inner,
        )

    def after_crash(self) -> list[GridTile]:
        """What to try after a worker died computing it: each of its grids by itself."""
        one = self._replace(points=self.points // self.grids, grids=1, crash_count=self.crash_count + 1)
        return [one._replace(first_grid=self.first_grid + i) for i in range(self.grids)]


def cut_into_tiles(shape: Sequence[int], most_points: int, grids: int = 1) -> Iterator[GridTile]:
    """Cuts the grid of a request into tiles, in order of their points.

    Args:
        shape: of its grid.
        most_points: of a tile, 1 or more; more only where a single grid of a pack has more.
        grids: how many of that shape there are.
    """
    shape = tuple(shape)
    points = math.prod(shape)
    whole = GridTile((0,) * len(shape), shape, 0, points)
    if grids > 1:
        return _cut_pack(whole, min(_MOST_GRIDS, max(1, most_points // max(1, points))), grids)
    return iter((whole,)) if points <= most_points else _cut_grid(shape, most_points)


def _cut_pack(one: GridTile, most_grids: int, grids: int) -> Iterator[GridTile]:
    """Cuts a pack of such grids between its grids."""
    for first, count in _ranges(grids, most_grids):
        yield one._replace(points=count * one.points, first_grid=first, grids=count)


def _cut_grid(shape: tuple[int, ...], most_points: int) -> Iterator[GridTile]:
    cut, inner = _cut(shape, most_points)
    ones, zeros = (1,) * cut, (0,) * (len(shape) - cut - 1)
    first_point = 0
    for flat in range(math.prod(shape[:cut])):
        index = _unravelled(flat, shape[:cut])
        for start, length in _ranges(shape[cut], most_points // inner):
            points = length * inner
            yield GridTile((*index, start, *zeros), (*ones, length, *shape[cut + 1 :]), first_point, points)
            first_point += points


def _cut(shape: tuple[int, ...], most_points: int) -> tuple[int, int]:
    """The first dim whose one index has no more points than a tile may, and how many points that is."""
    inner = math.prod(shape)
    for dim, length in enumerate(shape):
        inner //= length
        if inner <= most_points:
            return dim, inner
    raise AssertionError("one point is always small enough")


def _unravelled(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The index in a grid of a point of the flattened grid."""
    index = []
    for length in reversed(shape):
        flat, last = divmod(flat, length)
        index.append(last)
    return tuple(reversed(index))


def _ranges(length: int, longest: int) -> Iterator[tuple[int, int]]:
    """Ranges of nearly equal length, as (start, length)."""
    count = -(-length // longest)
    for i in range(count):
        start = length * i // count
        yield start, length * (i + 1) // count - start
