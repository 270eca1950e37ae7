"""How far an interpolant is from the function, measured at points between those of its table."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from gridgrad.arguments.inputs import FloatArray

__all__ = ["MeasuredError", "between", "measure"]

POINTS_AT_ONCE = 1 << 18


class MeasuredError(NamedTuple):
    """The difference between an interpolant and the function where both were computed.

    It is measured, not proven: between the points it may be larger. For a function that is smooth on the scale of a
    cell the difference is largest at the middles of cells and of their sides, which an even number of parts includes.

    Args:
        max_abs: the largest absolute difference; for a tuple-valued function [components].
        rms: the root of the mean square, likewise.
        at: the coordinates of the largest, [axes]; for a tuple-valued function [components, axes].
        points: how many points it was measured at.
        parts: into how many parts each cell was divided along each axis.
    """

    max_abs: FloatArray
    rms: FloatArray
    at: FloatArray
    points: int
    parts: int


def between(axis: FloatArray, parts: int) -> FloatArray:
    """The points of an axis and those that divide its cells into equal parts, increasing."""
    steps = np.diff(axis)[:, np.newaxis] * (np.arange(parts) / parts)
    return np.append(axis[:-1, np.newaxis] + steps, axis[-1])


def measure(
    polynomial: Callable[[FloatArray], FloatArray], axes: Sequence[FloatArray], exact: FloatArray, parts: int
) -> MeasuredError:
    """Compares an interpolant with the function.

    Args:
        polynomial: the interpolant, from [points, axes] to [points, ...].
        axes: the coordinates along each axis.
        exact: the function there, [*grid, ...].
        parts: into how many parts cells were divided.
    """
    points = math.prod(exact.shape[: len(axes)])
    worst = np.full(exact.shape[len(axes) :], -1.0)
    at = np.zeros((*worst.shape, len(axes)))
    squares = np.zeros(worst.shape)
    slabs = math.ceil(points / POINTS_AT_ONCE)
    for rows in np.array_split(np.arange(len(axes[0])), min(slabs, len(axes[0]))):
        coordinates = np.stack(np.meshgrid(axes[0][rows], *axes[1:], indexing="ij"), axis=-1).reshape(-1, len(axes))
        difference = np.abs(polynomial(coordinates) - exact[rows].reshape(len(coordinates), *worst.shape))
        squares += np.sum(difference**2, axis=0)
        where = np.argmax(difference, axis=0)
        largest = np.take_along_axis(difference, where[np.newaxis], axis=0)[0]
        at = np.where((largest > worst)[..., np.newaxis], coordinates[where], at)
        worst = np.maximum(worst, largest)
    return MeasuredError(worst, np.sqrt(squares / points), at, points, parts)
