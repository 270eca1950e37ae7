"""Points and weights of Gauss and Legendre.

Roots of the Legendre polynomial by Newton's method from Tricomi's guess, the polynomial by its recurrence (W. H. Press
et al., "Numerical Recipes", 3rd ed. (2007), 4.6.1).
"""

from __future__ import annotations

import functools
import math

__all__ = ["points_and_weights"]

_STEPS = 10
_NEAR = 1e-9
"""A step after which the next would be below rounding."""


@functools.lru_cache(maxsize=32)
def points_and_weights(count: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The points on [-1, 1], ascending, and their weights, each to rounding.

    Args:
        count: how many, 1 at least.
    """
    upper = [_root(count, place) for place in range((count + 1) // 2)]
    points = [-x for x, _ in upper] + [x for x, _ in reversed(upper)][count % 2 :]
    weights = [w for _, w in upper] + [w for _, w in reversed(upper)][count % 2 :]
    return tuple(points), tuple(weights)


def _root(count: int, place: int) -> tuple[float, float]:
    """A root of the polynomial, counted from the largest, and its weight."""
    if 2 * place + 1 == count:
        x = 0.0
    else:
        angle = math.pi * (4 * place + 3) / (4 * count + 2)
        x = (1 - (count - 1) / (8 * count**3)) * math.cos(angle)
    for _ in range(_STEPS):
        value, slope = _legendre(count, x)
        step = value / slope
        x -= step
        if abs(step) <= _NEAR:
            break
    slope = _legendre(count, x)[1]
    return x, 2 / ((1 - x * x) * slope * slope)


def _legendre(count: int, x: float) -> tuple[float, float]:
    """The polynomial and its slope."""
    before, value = 1.0, x
    for n in range(2, count + 1):
        before, value = value, ((2 * n - 1) * x * value - (n - 1) * before) / n
    return value, count * (x * value - before) / (x * x - 1)
