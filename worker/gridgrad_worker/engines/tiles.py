"""Tiles: subgrids of grids, and the values of inputs over them.

A subgrid is a part of a grid that is contiguous in C order. Nothing here is expanded: the values of
an input over a subgrid are a view that broadcasts to the subgrid's shape.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ArrayValues",
    "InputValues",
    "LinspaceValues",
    "Subgrid",
    "Tile",
    "UnusedValues",
    "linspace_part",
    "subgrids",
]

Array = NDArray[np.floating]


class Subgrid(NamedTuple):
    """The first index of a subgrid and its shape, both along the dims of the grid."""

    start: tuple[int, ...]
    shape: tuple[int, ...]

    @property
    def points(self) -> int:
        """How many points it has."""
        return math.prod(self.shape)


class InputValues(Protocol):
    """The values of one input of one request."""

    @property
    def lengths(self) -> tuple[int, ...]:
        """Of the whole input along the dims of the grid, 1 where the input has not the dim."""

    @property
    def content(self) -> Hashable:
        """What tells these values from others of the same dims."""

    def over(self, subgrid: Subgrid) -> Array:
        """The values over a subgrid: an array of the grid's dims, of length 1 where the input has not the dim."""


class Tile(NamedTuple):
    """What to compute: a subgrid of the grid that these inputs span, in the order of the plan's inputs."""

    inputs: tuple[InputValues, ...]
    subgrid: Subgrid


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
    def of_spread(cls, spread: Array, axes: Sequence[int]) -> Self:
        """Values of an array that has all dims of the grid already, of length 1 where the input has not the dim.

        Args:
            spread: the array.
            axes: the dims that the input has, ascending.
        """
        values = cls.__new__(cls)
        values.spread, values.array = spread, spread.reshape([spread.shape[axis] for axis in axes])
        values._axes = frozenset(axes)
        return values

    @classmethod
    def each(cls, stack: Array, axes: Sequence[int], ndim: int) -> list[ArrayValues]:
        """The values of each of several requests, from their arrays [requests, *own dims]."""
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

    def over(self, subgrid: Subgrid) -> Array:
        """The values over a subgrid, a view."""
        return self.spread[
            tuple(
                slice(start, start + length) if axis in self._axes else slice(None)
                for axis, (start, length) in enumerate(zip(*subgrid, strict=True))
            )
        ]


def _spread(stack: Array, axes: Sequence[int], ndim: int) -> Array:
    """Arrays [requests, *own dims] as [requests, *the grid's dims], of length 1 where they have not the dim."""
    order = sorted(range(len(axes)), key=axes.__getitem__)
    shape = [1] * ndim
    for position in order:
        shape[axes[position]] = stack.shape[1 + position]
    return stack.transpose(0, *[1 + position for position in order]).reshape(len(stack), *shape)


class UnusedValues(ArrayValues):
    """An input that the function does not use: whatever its numbers are, nothing is decided by them."""

    __slots__ = ()

    @property
    def content(self) -> Hashable:
        """Its shape."""
        return self.array.shape


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

    def over(self, subgrid: Subgrid) -> Array:
        """The values over a subgrid, computed for it alone."""
        first = subgrid.start[self._axis]
        part = linspace_part(*self.ends, first, first + subgrid.shape[self._axis])
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


def subgrids(subgrid: Subgrid, most: int) -> Iterator[Subgrid]:
    """Cuts a subgrid into subgrids of at most `most` points each, in C order."""
    if subgrid.points <= most:
        yield subgrid
        return
    # subgrid.points > most >= 1, so that there is a dim whose slices, whole along all later dims, fit
    axis = next(axis for axis in range(len(subgrid.shape)) if math.prod(subgrid.shape[axis + 1 :]) <= most)
    rows = most // math.prod(subgrid.shape[axis + 1 :])
    for leading in np.ndindex(*subgrid.shape[:axis]):
        ahead = tuple(start + index for start, index in zip(subgrid.start, leading, strict=False))
        for first in range(0, subgrid.shape[axis], rows):
            start = (*ahead, subgrid.start[axis] + first, *subgrid.start[axis + 1 :])
            count = min(rows, subgrid.shape[axis] - first)
            yield Subgrid(start, (*(1,) * axis, count, *subgrid.shape[axis + 1 :]))
