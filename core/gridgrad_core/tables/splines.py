"""The polynomials between the knots of a table, along one axis or as products along several.

The conventions are those of scipy: `CubicSpline`, `Akima1DInterpolator`, `PchipInterpolator`, `make_interp_spline` of
degree 5, and `RectBivariateSpline`, whose numbers these are to rounding.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gridgrad_core.lang.functions.tabulated import HERMITE
from gridgrad_core.tables.local_slopes import LOCAL_SLOPES, local_slopes
from gridgrad_core.tables.table_numbers import End, TableNumbers
from gridgrad_core.tables.tridiagonal import solve_banded, solve_tridiagonal

__all__ = ["polynomials"]

Values = NDArray[np.float64]


def polynomials(table: TableNumbers) -> list[Values]:
    """The coefficients of the polynomials between the knots.

    Args:
        table: checked.

    Returns:
        Of each component [cells along each axis, ..., (degree + 1)^axes], in powers of the distances from the knots
        before, those of the last axis quickest; one component where it has no dim for that.
    """
    dims = len(table.knots)
    values = table.values if table.components else table.values[..., None]
    if table.method == HERMITE:
        values = np.moveaxis(values, 0, -1)  # [knots, components, value and slope]
    for axis, knots in enumerate(table.knots):
        made = _along(knots, np.moveaxis(values, axis, 0), table)  # [cells, powers, ...]
        values = np.moveaxis(np.moveaxis(made, 1, -1), 0, axis)
    # [cells ..., components, powers of the first axis, ...]: the powers stand behind in the order of the axes
    component = np.moveaxis(values, dims, 0)
    return [np.ascontiguousarray(each).reshape(*each.shape[:dims], -1) for each in component]


def _along(x: Values, y: Values, table: TableNumbers) -> Values:
    """The coefficients along the first axis, [cells, powers, ...]."""
    h = np.diff(x).reshape(-1, *[1] * (y.ndim - 1))
    if table.method == "linear":
        return np.stack([y[:-1], np.diff(y, axis=0) / h], 1)
    if table.method == HERMITE:
        return _hermite(h[..., 0], y[..., 0], y[..., 1])
    if table.method == "quintic":
        return _quintic(x, y)
    is_local = table.method in LOCAL_SLOPES
    d = local_slopes(table.method, h, y) if is_local else _cubic(x, h, y, table.boundary)
    return _hermite(h, y, d)


def _hermite(h: Values, y: Values, d: Values) -> Values:
    """The cubics with these values and slopes at the knots."""
    secants = np.diff(y, axis=0) / h
    t = (d[:-1] + d[1:] - 2 * secants) / h
    return np.stack([y[:-1], d[:-1], (secants - d[:-1]) / h - t, t / h], 1)


def _cubic(x: Values, h: Values, y: Values, boundary: str | tuple[End, End]) -> Values:
    """Slopes that make the second derivative go on at the knots.

    C. de Boor, "A Practical Guide to Splines" (1978), chapter IV.
    """
    secants = np.diff(y, axis=0) / h
    if len(x) == 2 and boundary in ("not-a-knot", "periodic"):
        return np.concatenate([secants, secants])
    if len(x) == 3 and boundary == "not-a-knot":
        return _parabola(h, secants)
    if boundary == "periodic":
        return _periodic(h, secants)
    step = np.diff(x)
    lower, diagonal, upper = np.zeros(len(x)), np.empty(len(x)), np.zeros(len(x))
    right = np.empty_like(y)
    lower[1:-1], upper[1:-1], diagonal[1:-1] = step[1:], step[:-1], 2 * (step[:-1] + step[1:])
    right[1:-1] = 3 * (h[1:] * secants[:-1] + h[:-1] * secants[1:])
    first, last = _conditions(boundary)
    diagonal[0], upper[0], right[0] = _end(first, h, secants, 1.0)
    diagonal[-1], lower[-1], right[-1] = _end(last, h[::-1], secants[::-1], -1.0)
    return solve_tridiagonal(lower, diagonal, upper, right)


def _conditions(boundary: str | tuple[End, End]) -> tuple[End | None, End | None]:
    if not isinstance(boundary, str):
        return boundary
    end = {"natural": (2, 0.0), "clamped": (1, 0.0)}.get(boundary)
    return end, end


def _end(condition: End | None, h: Values, secants: Values, outwards: float) -> tuple[float, float, Values]:
    """The equation of the slope at an end: what it counts for itself, for its neighbour, and the right side.

    Args:
        condition: the order of a derivative and its value; None for not-a-knot.
        h, secants: from that end on.
        outwards: -1 at the last knot.
    """
    first, second = float(h[0].flat[0]), float(h[1].flat[0]) if len(h) > 1 else 0.0
    if condition is None:
        both = first + second
        right = ((first + 2 * both) * second * secants[0] + first**2 * secants[1]) / both
        return second, both, right
    order, value = condition
    if order == 1:
        return 1.0, 0.0, np.full_like(secants[0], value)
    return 2 * first, first, 3 * first * secants[0] - 0.5 * outwards * value * first**2


def _parabola(h: Values, secants: Values) -> Values:
    """Through three points."""
    curve = (secants[1] - secants[0]) / (h[0] + h[1])
    return np.stack([secants[0] - curve * h[0], secants[0] + curve * h[0], secants[1] + curve * h[1]])


def _periodic(h: Values, secants: Values) -> Values:
    """Slopes where the last knot is the first again: the last of the unknowns is put aside (a bordered system)."""
    n = len(h)
    if n == 2:
        slope = (secants / h).sum(0) / (1 / h).sum(0)
        return np.stack([slope] * 3)
    step, before = h.reshape(n), np.roll(h.reshape(n), 1)
    right = 3 * (h * np.roll(secants, 1, 0) + np.roll(h, 1, 0) * secants)
    lower, upper, diagonal = step, before, 2 * (step + before)  # equation i: of slopes i - 1, i and i + 1
    border = np.zeros((n - 1, *[1] * (right.ndim - 1)))
    border[0], border[-1] = -lower[0], border[-1] - upper[n - 2]
    inner = (lower[:-1], diagonal[:-1], upper[:-1])
    plain, by_last = solve_tridiagonal(*inner, right[:-1]), solve_tridiagonal(*inner, border)
    # The last equation, with all others as linear in the last slope
    rest = right[-1] - upper[-1] * plain[0] - lower[-1] * plain[-1]
    last = rest / (diagonal[-1] + upper[-1] * by_last[0] + lower[-1] * by_last[-1])
    return np.concatenate([plain + by_last * last, last[None], (plain[0] + by_last[0] * last)[None]])


_K = 5


def _quintic(x: Values, y: Values) -> Values:
    """The spline of degree 5 through the knots, without knots of its own at the two next to either end.

    C. de Boor, "A Practical Guide to Splines" (1978), chapters X and XIII.
    """
    t = np.concatenate([np.repeat(x[0], _K + 1), x[3:-3], np.repeat(x[-1], _K + 1)])
    n = len(x)
    spans = _spans(t, x, n)
    basis = _basis(t, x, spans, _K)
    bands = np.zeros((2 * _K + 1, n))
    rows = np.arange(n)
    for j in range(_K + 1):
        column = spans - _K + j
        bands[_K + rows - column, column] = basis[j]
    coefficients = solve_banded(bands, y)
    return _taylor(t, coefficients, x[:-1], spans[:-1])


def _spans(t: Values, x: Values, n: int) -> NDArray[np.intp]:
    """For each place the last knot of a spline that is not right of it, none beyond the last span."""
    return np.clip(np.searchsorted(t, x, "right") - 1, _K, n - 1)


def _basis(t: Values, x: Values, spans: NDArray[np.intp], degree: int) -> list[Values]:
    """The B-splines that are not 0 at places, [degree + 1], by the recurrence of Cox and de Boor."""
    basis: list[Values] = [np.ones_like(x)]
    for k in range(1, degree + 1):
        wider = [np.zeros_like(x) for _ in range(k + 1)]
        for j in range(k):
            left, right = t[spans - k + 1 + j], t[spans + 1 + j]
            share = basis[j] / (right - left)
            wider[j] += (right - x) * share
            wider[j + 1] += (x - left) * share
        basis = wider
    return basis


def _taylor(t: Values, coefficients: Values, x: Values, spans: NDArray[np.intp]) -> Values:
    """The polynomials of a spline in powers of the distances from places, [places, powers, ...]."""
    shape = (-1,) + (1,) * (coefficients.ndim - 1)
    powers = []
    for order in range(_K + 1):
        degree = _K - order
        basis = _basis(t, x, spans, degree)
        total = sum(each.reshape(shape) * coefficients[spans - degree + j] for j, each in enumerate(basis))
        powers.append(total / math.factorial(order))
        j = np.arange(order + 1, len(coefficients))
        if degree:
            widths = (t[j + degree] - t[j]).reshape(shape)
            derived = degree * (coefficients[j] - coefficients[j - 1]) / widths
            coefficients = np.concatenate([np.zeros_like(coefficients[: order + 1]), derived])
    return np.stack(powers, 1)
