"""Pieces: boxes of grids, and the values of inputs over them.

A box is a part of a grid that is contiguous in C order. Nothing here is expanded: the values of
an input over a box are a view that broadcasts to the box's shape.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["ArrayValues", "Box", "LinspaceValues", "Piece", "Values", "boxes", "linspace_part"]

Array = NDArray[np.floating]


class Box(NamedTuple):
    """The first index of a box and its shape, both along the dims of the grid."""

    start: tuple[int, ...]
    shape: tuple[int, ...]

    @property
    def points(self) -> int:
        """How many points it has."""
        return math.prod(self.shape)


class Values(Protocol):
    """The values of one input of one entry."""

    @property
    def lengths(self) -> tuple[int, ...]:
        """Of the whole input along the dims of the grid, 1 where the input has not the dim."""

    @property
    def content(self) -> Hashable:
        """What tells these values from others of the same dims."""

    def over(self, box: Box) -> Array:
        """The values over a box: an array of the grid's dims, of length 1 where the input has not the dim."""


class Piece(NamedTuple):
    """What to compute: a box of the grid that these inputs span, in the order of the plan's inputs."""

    inputs: tuple[Values, ...]
    box: Box


class ArrayValues:
    """An input given as numbers.

    Args:
        array: of the input's own dims.
        axes: for each of its dims, which of the grid's it is.
        ndim: how many dims the grid has.

    Attributes:
        spread: a view of the array with the grid's dims, of length 1 where the input has not the dim.
    """

    __slots__ = ("_axes", "array", "spread")

    array: Array
    spread: Array

    def __init__(self, array: Array, axes: Sequence[int], ndim: int) -> None:
        self.array = array
        self.spread = _spread(array[np.newaxis], axes, ndim)[0]
        self._axes = frozenset(axes)

    @classmethod
    def each(cls, stack: Array, axes: Sequence[int], ndim: int) -> list[ArrayValues]:
        """The values of each of several entries, from their arrays [entries, *own dims]."""
        spread, own_axes = _spread(stack, axes, ndim), frozenset(axes)
        several = [cls.__new__(cls) for _ in stack]
        for values, array, own in zip(several, stack, spread, strict=True):
            values.array, values.spread, values._axes = array, own, own_axes
        return several

    @property
    def lengths(self) -> tuple[int, ...]:
        """Of the whole input along the dims of the grid, 1 where the input has not the dim."""
        return self.spread.shape

    @property
    def content(self) -> Hashable:
        """What tells these values from others of the same dims; a copy, since a slot is used again."""
        return self.array.shape, self.array.dtype.str, self.array.tobytes()

    def over(self, box: Box) -> Array:
        """The values over a box, a view."""
        return self.spread[
            tuple(
                slice(start, start + length) if axis in self._axes else slice(None)
                for axis, (start, length) in enumerate(zip(*box, strict=True))
            )
        ]


def _spread(stack: Array, axes: Sequence[int], ndim: int) -> Array:
    """Arrays [entries, *own dims] as [entries, *the grid's dims], of length 1 where they have not the dim."""
    order = sorted(range(len(axes)), key=axes.__getitem__)
    shape = [1] * ndim
    for position in order:
        shape[axes[position]] = stack.shape[1 + position]
    return stack.transpose(0, *[1 + position for position in order]).reshape(len(stack), *shape)


class LinspaceValues:
    """An input given as evenly spaced numbers along one dim.

    Args:
        start, stop, num: as numpy.linspace takes them.
        axis: which of the grid's dims it has.
        ndim: how many dims the grid has.
    """

    def __init__(self, start: float, stop: float, num: int, axis: int, ndim: int) -> None:
        self.ends = (start, stop, num)
        self._axis = axis
        self._ndim = ndim

    @property
    def lengths(self) -> tuple[int, ...]:
        """Of the whole input along the dims of the grid, 1 where the input has not the dim."""
        return tuple(self.ends[2] if axis == self._axis else 1 for axis in range(self._ndim))

    @property
    def content(self) -> Hashable:
        """What tells these values from others of the same dims."""
        return self.ends

    def over(self, box: Box) -> Array:
        """The values over a box, computed for it alone."""
        first = box.start[self._axis]
        part = linspace_part(*self.ends, first, first + box.shape[self._axis])
        return part.reshape([-1 if axis == self._axis else 1 for axis in range(self._ndim)])


def linspace_part(start: float, stop: float, num: int, first: int, end: int) -> NDArray[np.float64]:
    """The bits of `numpy.linspace(start, stop, num)[first:end]`, without the rest.

    Follows numpy step by step, since each of its operations rounds.
    """
    if first >= end:
        return np.empty(0)
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.arange(first, end, dtype=np.float64)
        delta = np.float64(stop) - np.float64(start)
        step = delta / (num - 1) if num > 1 else delta
        values = values / (num - 1) * delta if num > 1 and step == 0 else values * step
        values += start
    if num > 1 and end == num:
        values[-1] = stop
    return values


def boxes(box: Box, most: int) -> Iterator[Box]:
    """Cuts a box into boxes of at most `most` points each, in C order."""
    if box.points <= most:
        yield box
        return
    # box.points > most >= 1, so that there is a dim whose slices, whole along all later dims, fit
    axis = next(axis for axis in range(len(box.shape)) if math.prod(box.shape[axis + 1 :]) <= most)
    rows = most // math.prod(box.shape[axis + 1 :])
    for leading in np.ndindex(*box.shape[:axis]):
        ahead = tuple(start + index for start, index in zip(box.start, leading, strict=False))
        for first in range(0, box.shape[axis], rows):
            start = (*ahead, box.start[axis] + first, *box.start[axis + 1 :])
            count = min(rows, box.shape[axis] - first)
            yield Box(start, (*(1,) * axis, count, *box.shape[axis + 1 :]))
