"""Derivatives by central differences, extrapolated to step 0, with an error that can be relied on.

Romberg's table as in Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in
Engineering Software 4 (1982) 75, over windows of steps: the entry is taken that differs least from its neighbours.
Steps reach from an eighth of a point down to what is lost in rounding, so that functions whose scale is far below
or above that of the point are resolved by some window. A wide window may agree with itself by accident, on a
staircase or on many periods of a wave: it counts only where no narrower one says otherwise.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["STEPS", "Estimate", "estimate", "steps"]

Array = NDArray[np.float64]

STEPS = 44
"""How many steps there are at a point, each half the one before."""

_COLUMNS = 4
_WINDOW = 12  # steps
_WINDOW_STARTS = range(0, STEPS - _WINDOW + 1, 4)
_EPS = float(np.finfo(np.float64).eps)
_SMALLEST_SCALE = 0.125
_SETTLED = 1e-6


class Estimate(NamedTuple):
    """Slopes [points] with a bound of their errors, and whether the function is smooth there."""

    slope: Array
    error: Array
    smooth: NDArray[np.bool_]


class _Window(NamedTuple):
    """What one window of steps says, each [points]; `spread` is how far its entries usually lie apart."""

    slope: Array
    error: Array
    spread: Array
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


def estimate(x: Array, above: Array, below: Array, at: Array, rounded_at: float = 0.0) -> Estimate:
    """Estimates slopes from values beside the points.

    Args:
        x: [points].
        above, below: the function at x + steps(x) and x - steps(x), [STEPS, points].
        at: the function at x, [points].
        rounded_at: how large the numbers are that the function comes from by differences, such as 1 for `1 - tanh(x)`:
            it is then as coarse as they are, however small it is itself.
    """
    with np.errstate(all="ignore"):
        h = steps(x)
        spacing = (x + h) - (x - h)  # as rounded
        slopes = np.where(spacing > 0, (above - below) / spacing, np.nan)
        largest = np.maximum(np.maximum(np.abs(above), np.abs(below)), rounded_at)
        rounding = 4 * _EPS * (largest + np.abs(x * slopes)) / h
        bends = np.abs((above - at) - (at - below)) / h
        noise = 1e3 * _EPS * np.maximum(np.abs(at), rounded_at) / h
        windows = [_window(slopes, rounding, bends, noise, start) for start in _WINDOW_STARTS]
        return _chosen(windows, slopes, h)


def _window(slopes: Array, rounding: Array, bends: Array, noise: Array, start: int) -> _Window:
    part = slice(start, start + _WINDOW)
    slope, error, spread = _extrapolated(slopes[part], rounding[part])
    last = start + _WINDOW - 1
    # Where the slopes from the left and from the right differ: central differences hide that
    lasting = bends[last] > 0.5 * bends[last - 3]  # of a smooth function an eighth is left
    kinked = lasting & (bends[last] > np.maximum(1e-6 * np.abs(slope), noise[last]))
    return _Window(slope, error, spread, ~kinked)


def _chosen(windows: list[_Window], slopes_by_step: Array, h: Array) -> Estimate:
    """The best of the windows that no narrower one contradicts; the narrowest that counts is contradicted by none."""
    slopes, errors, spreads, smooth = (np.stack(each) for each in zip(*windows, strict=True))
    counts = np.arange(len(windows))[:, None] <= _narrowest(slopes, smooth & np.isfinite(errors))
    apart = np.abs(slopes[:, None] - slopes) > 10 * errors[:, None] + 3 * spreads
    is_narrower = np.triu(np.ones((len(windows), len(windows)), bool), 1)[:, :, None]
    contradicted = (apart & is_narrower & counts).any(axis=1)
    best = np.where(contradicted | ~counts, np.inf, errors).argmin(axis=0)[None]
    slope, error, is_smooth = (np.take_along_axis(each, best, 0)[0] for each in (slopes, errors, smooth))
    # That two entries agree by accident is no proof: the error is at least a share of what entries usually differ by
    least = np.maximum(spreads.min(axis=0) / 100, _noise_nearby(slope, best[0], slopes_by_step, h))
    return Estimate(slope, np.maximum(error, least), is_smooth)


def _noise_nearby(slope: Array, best: NDArray[np.intp], slopes: Array, h: Array) -> Array:
    """What the noise that narrower steps show does to a slope found by those of a window.

    There a smooth function is its slope: what is left is rounding, whatever numbers it comes from.
    """
    starts = np.array(_WINDOW_STARTS)[best]
    step = np.arange(len(h)).reshape(-1, *[1] * best.ndim)
    is_narrower = (step >= starts + _WINDOW) & (step < starts + 2 * _WINDOW - 4)
    off = np.where(is_narrower, np.abs(slopes - slope) * h, 0)
    middle = np.take_along_axis(h, (starts + _WINDOW // 2)[None], 0)[0]
    noise: Array = np.where(np.isfinite(off), off, 0).max(axis=0) / middle
    return noise


def _narrowest(slopes: Array, usable: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The last window that counts at each point: the third of three that agree, or the last of all.

    What is narrower than these can only be misled, by numbers that round to the same on both sides.
    """
    size = _SETTLED * np.abs(slopes[:-2])
    agree = (np.abs(slopes[1:-1] - slopes[:-2]) <= size) & (np.abs(slopes[2:] - slopes[:-2]) <= size)
    settled = agree & usable[:-2] & usable[1:-1] & usable[2:]
    return np.where(settled.any(axis=0), settled.argmax(axis=0) + 2, len(slopes) - 1)


def _extrapolated(slopes: Array, rounding: Array) -> tuple[Array, Array, Array]:
    """The entry of Romberg's table with the smallest error, that error, and the median of the first column's."""
    column = slopes
    best_slope, best_error = slopes[-1], np.full(slopes.shape[1:], np.inf)
    spread = best_error
    for power in range(1, _COLUMNS):
        factor = 4.0**power
        finer = (factor * column[1:] - column[:-1]) / (factor - 1)
        errors = np.maximum(np.abs(finer - column[1:]), np.abs(finer - column[:-1])) + rounding[power:]
        errors = np.where(np.isfinite(errors), errors, np.inf)
        spread = np.median(errors, axis=0) if power == 1 else spread
        errors = _beside_a_good_one(errors)
        best = errors.argmin(axis=0)[None]
        slope, error = (np.take_along_axis(each, best, 0)[0] for each in (finer, errors))
        better = error < best_error
        best_slope, best_error = np.where(better, slope, best_slope), np.where(better, error, best_error)
        column = finer
    return best_slope, best_error, spread


def _beside_a_good_one(errors: Array) -> Array:
    """Each error, or that of its better neighbour if larger: noise that is rounded alike agrees once, not twice."""
    padded = np.pad(errors, [(1, 1), *[(0, 0)] * (errors.ndim - 1)], constant_values=np.inf)
    found: Array = np.maximum(errors, np.minimum(padded[:-2], padded[2:]))
    return found
