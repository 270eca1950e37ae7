"""Derivatives by central differences, extrapolated to step 0, with an error that can be relied on.

Romberg's table as in Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in
Engineering Software 4 (1982) 75, over all steps at once: the entry is taken that differs least
from its neighbours.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["STEPS", "Estimate", "estimate", "steps"]

Array = NDArray[np.float64]

STEPS = 12
"""How many steps there are at a point, each half the one before."""

_COLUMNS = 4
_EPS = float(np.finfo(np.float64).eps)
_SMALLEST_SCALE = 0.125


class Estimate(NamedTuple):
    """Slopes [points] with a bound of their errors, and whether the function is smooth there."""

    slope: Array
    error: Array
    smooth: NDArray[np.bool_]


def steps(x: Array) -> Array:
    """The steps at each point, powers of two, the first about an eighth of it.

    Args:
        x: [points].

    Returns:
        [STEPS, points].
    """
    first = np.exp2(np.floor(np.log2(np.maximum(np.abs(x), _SMALLEST_SCALE) / 8)))
    return first * np.exp2(-np.arange(STEPS))[:, None]


def estimate(x: Array, above: Array, below: Array, at: Array) -> Estimate:
    """Estimates slopes from values beside the points.

    Args:
        x: [points].
        above, below: the function at x + steps(x) and x - steps(x), [STEPS, points].
        at: the function at x, [points].
    """
    with np.errstate(all="ignore"):
        h = steps(x)
        spacing = (x + h) - (x - h)  # as rounded
        slopes = (above - below) / spacing
        largest = np.maximum(np.abs(above), np.abs(below))
        rounding = 4 * _EPS * (largest + np.abs(x * slopes)) / h
        slope, error = _extrapolated(slopes, rounding)
        near_slope, near_error = _extrapolated(slopes[STEPS // 2 :], rounding[STEPS // 2 :])
        # A staircase is a straight line to steps of its own width: what holds nearby counts
        misled = np.abs(slope - near_slope) > 10 * (error + near_error)
        slope, error = np.where(misled, near_slope, slope), np.where(misled, near_error, error)
        return Estimate(slope, error, ~_kinked(h, above, below, at, slope))


def _extrapolated(slopes: Array, rounding: Array) -> tuple[Array, Array]:
    """The entry of Romberg's table with the smallest error, and that error."""
    column = slopes
    best_slope, best_error = slopes[-1], np.full(slopes.shape[1:], np.inf)
    for power in range(1, _COLUMNS):
        factor = 4.0**power
        finer = (factor * column[1:] - column[:-1]) / (factor - 1)
        errors = np.maximum(np.abs(finer - column[1:]), np.abs(finer - column[:-1])) + rounding[power:]
        errors = np.where(np.isfinite(errors), errors, np.inf)
        best = errors.argmin(axis=0)[None]
        slope, error = (np.take_along_axis(each, best, 0)[0] for each in (finer, errors))
        better = error < best_error
        best_slope, best_error = np.where(better, slope, best_slope), np.where(better, error, best_error)
        column = finer
    return best_slope, best_error


def _kinked(h: Array, above: Array, below: Array, at: Array, slope: Array) -> NDArray[np.bool_]:
    """Where the slopes from the left and from the right differ: central differences hide that."""
    bend = np.abs((above - at) - (at - below)) / h
    lasting = bend[-1] > 0.5 * bend[-4]  # of a smooth function an eighth is left
    noise = np.maximum(1e-6 * np.abs(slope), 1e3 * _EPS * np.abs(at) / h[-1])
    kinked: NDArray[np.bool_] = lasting & (bend[-1] > noise)
    return kinked
