"""The slopes at the knots of pchip and akima, which depend on the values next to them alone, and their derivatives by
the values.

Both are piecewise: where secants are equal, or one is 0, another formula begins. The slope there is that of one of
them, and so is its derivative: that which takes the slope for 0 (pchip), or |0| as having no derivative (akima).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["LOCAL_SLOPES", "local_slopes", "slopes_by_values"]

Values = NDArray[np.float64]

LOCAL_SLOPES = frozenset({"pchip", "akima"})
"""Methods by which slopes are no linear functions of the values."""

_TOLD = 1e-9  # of the largest turn: where both beside a knot turn less, akima's share is the mean


def local_slopes(method: str, h: Values, y: Values) -> Values:
    """The slopes at the knots.

    Args:
        method: one of `LOCAL_SLOPES`.
        h: the distances between knots, [knots - 1, ...].
        y: the values, [knots, ...].
    """
    secants = np.diff(y, axis=0) / h
    if method == "akima":
        return _akima(_beyond(secants))
    if len(secants) == 1:
        return np.concatenate([secants, secants])
    d = np.zeros_like(y)
    d[1:-1] = _pchip(h, secants)[0]
    d[0] = _pchip_end(h[0], h[1], secants[0], secants[1])[0]
    d[-1] = _pchip_end(h[-1], h[-2], secants[-1], secants[-2])[0]
    return d


def slopes_by_values(method: str, h: Values, y: Values) -> Values:
    """The derivatives of the slopes at the knots by the values, [knots, values].

    Args:
        method: one of `LOCAL_SLOPES`.
        h: the distances between knots, [knots - 1].
        y: the values, [knots].
    """
    n = len(y)
    by_value = np.diff(np.eye(n), axis=0) / h[:, np.newaxis]  # of the secants
    secants = np.diff(y) / h
    if method == "akima":
        return _akima_by(_beyond(secants), _beyond(by_value))
    if n == 2:
        return np.concatenate([by_value, by_value])
    found = np.zeros((n, n))
    _, before, after = _pchip(h, secants)
    found[1:-1] = before[:, np.newaxis] * by_value[:-1] + after[:, np.newaxis] * by_value[1:]
    for end, (own, next_) in ((0, (0, 1)), (-1, (-1, -2))):
        _, by_own, by_next = _pchip_end(h[own], h[next_], secants[own], secants[next_])
        found[end] = by_own * by_value[own] + by_next * by_value[next_]
    return found


def _pchip(h: Values, m: Values) -> tuple[Values, Values, Values]:
    """Slopes that keep what is monotonic so, and their derivatives by the secants before and after.

    F. N. Fritsch, J. Butland, "A method for constructing local monotone piecewise cubic interpolants", SIAM J. Sci.
    Stat. Comput. 5 (1984), with the slopes at the ends of C. Moler, "Numerical Computing with MATLAB" (2004).
    """
    w1, w2 = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    rises = (np.sign(m[1:]) == np.sign(m[:-1])) & (m[1:] != 0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        mean = (w1 + w2) / (w1 / m[:-1] + w2 / m[1:])
        before, after = (w / (w1 + w2) * (mean / each) ** 2 for w, each in ((w1, m[:-1]), (w2, m[1:])))
    return np.where(rises, mean, 0.0), np.where(rises, before, 0.0), np.where(rises, after, 0.0)


def _pchip_end(h0: Values, h1: Values, m0: Values, m1: Values) -> tuple[Values, Values, Values]:
    by_own, by_next = (2 * h0 + h1) / (h0 + h1), -h0 / (h0 + h1)
    d = ((2 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
    turns = np.sign(d) != np.sign(m0)
    steep = (np.sign(m0) != np.sign(m1)) & (np.abs(d) > 3 * np.abs(m0))
    flat = turns | (m0 == 0)
    slope = np.where(turns, 0.0, np.where(steep, 3 * m0, d))
    return slope, np.where(flat, 0.0, np.where(steep, 3.0, by_own)), np.where(flat | steep, 0.0, by_next)


def _beyond(secants: Values) -> Values:
    """Secants with two more beyond either end, along a parabola."""
    m = np.empty((len(secants) + 4, *secants.shape[1:]))
    m[2:-2] = secants
    m[1] = 2 * m[2] - m[3]
    m[0] = 2 * m[1] - m[2]
    m[-2] = 2 * m[-3] - m[-4]
    m[-1] = 2 * m[-2] - m[-3]
    return m


def _akima(m: Values) -> Values:
    """Slopes that follow the two secants on either side.

    H. Akima, "A new method of interpolation and smooth curve fitting based on local procedures", J. ACM 17 (1970).
    """
    turns = np.abs(np.diff(m, axis=0))
    both = turns[2:] + turns[:-2]
    told = both > _TOLD * both.max()
    share = np.divide(turns[:-2], both, out=np.zeros_like(both), where=told)
    return np.where(told, m[1:-2] + share * (m[2:-1] - m[1:-2]), 0.5 * (m[3:] + m[:-3]))


def _akima_by(m: Values, by: Values) -> Values:
    """The derivatives of these slopes, from those of the secants, [secants, values]."""
    turned, turned_by = np.diff(m), np.diff(by, axis=0)
    turns, turns_by = np.abs(turned), np.sign(turned)[:, np.newaxis] * turned_by
    both, both_by = turns[2:] + turns[:-2], turns_by[2:] + turns_by[:-2]
    told = both > _TOLD * both.max()
    scale = np.divide(1.0, both, out=np.zeros_like(both), where=told)
    share = turns[:-2] * scale
    share_by = scale[:, np.newaxis] * (turns_by[:-2] - share[:, np.newaxis] * both_by)
    followed = by[1:-2] + share[:, np.newaxis] * turned_by[1:-1] + turned[1:-1, np.newaxis] * share_by
    return np.where(told[:, np.newaxis], followed, 0.5 * (by[3:] + by[:-3]))
