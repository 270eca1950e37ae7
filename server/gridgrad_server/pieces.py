"""Pieces: an entry's grid cut into boxes that are contiguous in C order.

A box has length 1 in its first dims, a range of one dim, and all of the dims after it; so its
points are a range of the flattened grid, and its result is a window of the whole one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

__all__ = ["Box", "boxes"]


class Box(NamedTuple):
    """A part of a grid that is contiguous in C order.

    Args:
        start: its first index in each dim.
        shape: its length in each dim.
        first_point: the index of its first point in the flattened grid.
        points: how many points it has.
    """

    start: tuple[int, ...]
    shape: tuple[int, ...]
    first_point: int
    points: int


def boxes(shape: Sequence[int], most_points: int) -> Iterator[Box]:
    """Cuts a grid into boxes, in order of their points.

    Args:
        shape: of the grid.
        most_points: of a box, 1 or more.
    """
    shape = tuple(shape)
    points = math.prod(shape)
    if points <= most_points:
        yield Box((0,) * len(shape), shape, 0, points)
        return
    cut, inner = _cut(shape, most_points)
    ones, zeros = (1,) * cut, (0,) * (len(shape) - cut - 1)
    first_point = 0
    for flat in range(math.prod(shape[:cut])):
        index = _unravelled(flat, shape[:cut])
        for start, length in _ranges(shape[cut], most_points // inner):
            points = length * inner
            yield Box((*index, start, *zeros), (*ones, length, *shape[cut + 1 :]), first_point, points)
            first_point += points


def _cut(shape: tuple[int, ...], most_points: int) -> tuple[int, int]:
    """The first dim whose one index is no more than a box, and how many points that is."""
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
