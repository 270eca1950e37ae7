"""scipy's splines as tables.

What a spline was made of it keeps in part. A spline of odd degree k with breaks x is the one through its own values at
x and at (k - 1)/2 more places in either end interval, without knots at these: so it is found from its values again,
whatever the conditions were that it was made by.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from gridgrad.arguments.lookup_table import LookupTable
from gridgrad_core.errors import RequestError
from gridgrad_core.tables.splines import polynomials
from gridgrad_core.tables.table_numbers import TableNumbers, Values

__all__ = ["SplineTables", "tables_of"]

_FIELD = "function"
_METHODS = {1: "linear", 3: "cubic", 5: "quintic"}
_GRID_METHODS = {"linear": "linear", "slinear": "linear", "cubic": "cubic", "quintic": "quintic"}
_SAME = 1e-9
_EVEN = 1e-9
_BY_VALUES = "give its values as a table among the inputs, gridgrad.table(values, x=knots), and call that"


class SplineTables(NamedTuple):
    """A spline as tables.

    Args:
        tables: one for each of its values at a point.
        shape: of these.
        arguments: how many it takes.
    """

    tables: tuple[LookupTable, ...]
    shape: tuple[int, ...]
    arguments: int


def tables_of(spline: Any, outside: Any = None) -> SplineTables:
    """The tables that a spline is.

    Args:
        spline: one of scipy's.
        outside: what its call says of places beyond the knots: `extrapolate` or `ext`; None for what it says itself.

    Raises:
        RequestError: no table has its numbers.
    """
    scipy = sys.modules["scipy.interpolate"]
    for name, made in _KINDS.items():
        if isinstance(spline, getattr(scipy, name)):
            return made(spline, outside)
    raise RequestError(_FIELD, f"a {type(spline).__name__}, whose pieces are not those of a table", _BY_VALUES)


def _pieces(method: str) -> Callable[[Any, Any], SplineTables]:
    def made(spline: Any, extrapolate: Any) -> SplineTables:
        if len(spline.c) != 4:
            found = f"a {type(spline).__name__} that is a derivative or an integral of one"
            raise RequestError(_FIELD, found, f"call the spline itself, with the order: spline(x, 1); or {_BY_VALUES}")
        extrapolate = spline.extrapolate if extrapolate is None else extrapolate
        pieces = spline.c.reshape(4, spline.c.shape[1], -1)
        tables = [_of_pieces(spline, pieces[..., n], method, extrapolate) for n in range(pieces.shape[-1])]
        return SplineTables(tuple(tables), spline.c.shape[2:], 1)

    return made


def _of_pieces(spline: Any, pieces: Values, method: str, extrapolate: Any) -> LookupTable:
    """One that keeps the polynomials between its knots."""
    x, width = spline.x, spline.x[-1] - spline.x[-2]
    values = np.append(pieces[3], np.polyval(pieces[:, -1], width))
    boundary: Any = "not-a-knot"
    if method == "cubic":
        boundary = (1, float(pieces[2, 0])), (1, float(np.polyval(np.polyder(pieces[:, -1]), width)))
    made = _table(values, [x], method, _outside(extrapolate), boundary)
    across = np.diff(x) ** np.arange(4)[::-1, None]  # what each coefficient comes to at the end of its piece
    differences = np.abs(polynomials(made.numbers)[0].T[::-1] - pieces) * across
    if not (differences <= _SAME * np.abs(pieces * across).max()).all():
        name = type(spline).__name__
        raise RequestError(_FIELD, f"a {name} whose pieces are not those of method={method!r}", _BY_VALUES)
    return made


def _b_spline(spline: Any, extrapolate: Any) -> SplineTables:
    outside = _outside(spline.extrapolate if extrapolate is None else extrapolate)
    breaks = _breaks(spline.t, len(spline.c), spline.k)
    return _by_values(spline, breaks, spline.k, outside)


def _univariate(spline: Any, ext: Any) -> SplineTables:
    knots, _, degree = spline._eval_args
    ext = spline.ext if ext is None else ext
    outside = {0: "extrapolate", "extrapolate": "extrapolate", 2: "nan", "raise": "nan", 3: "clamp", "const": "clamp"}
    if ext not in outside:
        raise RequestError(_FIELD, f"a spline with ext={ext!r}", "say ext=0 or ext=3, and choose by np.where")
    return _by_values(spline, _breaks(knots, len(knots) - degree - 1, degree), degree, outside[ext])


def _by_values(spline: Any, breaks: Values, degree: int, outside: str) -> SplineTables:
    """The spline with its own values; a cubic one with its slopes at the ends, unless that makes knots uneven."""
    places = _places(breaks, degree)
    boundaries: list[Any] = ["not-a-knot"]
    values = spline(places)
    if degree == 3 and np.ptp(np.diff(places)) > _EVEN * (places[-1] - places[0]):
        places, values = breaks, spline(breaks)
        slopes = spline(breaks[[0, -1]], 1).reshape(2, -1)
        boundaries = [((1, float(first)), (1, float(last))) for first, last in slopes.T]
    flat = values.reshape(len(places), -1).T
    made = [
        _table(each, [places], _METHODS[degree], outside, boundary)
        for each, boundary in zip(flat, itertools.cycle(boundaries), strict=False)
    ]
    return SplineTables(tuple(made), values.shape[1:], 1)


def _bivariate(spline: Any, _: Any) -> SplineTables:
    *knots, _ = spline.tck
    if len(set(spline.degrees)) > 1:
        raise RequestError(_FIELD, f"a spline of degrees {spline.degrees}", "make it of one degree: kx=3, ky=3")
    degree = spline.degrees[0]
    places = [_places(_breaks(each, len(each) - degree - 1, degree), degree) for each in knots]
    return SplineTables((_table(spline(*places), places, _METHODS[degree], "clamp"),), (), 2)


def _on_grid(spline: Any, method: Any) -> SplineTables:
    method = spline.method if method is None else method
    if method not in _GRID_METHODS:
        remedy = f"say one of {', '.join(map(repr, _GRID_METHODS))}"
        raise RequestError(_FIELD, f"a RegularGridInterpolator by method={method!r}", remedy)
    fill = np.nan if spline.bounds_error else spline.fill_value
    if fill is not None and not np.isnan(fill):
        raise RequestError(_FIELD, f"fill_value={fill!r}", "say fill_value=np.nan, or None, and choose by np.where")
    outside = "extrapolate" if fill is None else "nan"
    count = len(spline.grid)
    # Its own values at the knots, which are not those it was given: scipy solves for it by iteration
    values = spline(tuple(np.meshgrid(*spline.grid, indexing="ij")), method)
    shape = values.shape[count:]
    flat = values.reshape(*values.shape[:count], -1)
    made = [_table(flat[..., n], spline.grid, _GRID_METHODS[method], outside) for n in range(flat.shape[-1])]
    return SplineTables(tuple(made), shape, count)


_KINDS: Mapping[str, Callable[[Any, Any], SplineTables]] = {
    "Akima1DInterpolator": _pieces("akima"),
    "PchipInterpolator": _pieces("pchip"),
    "CubicSpline": _pieces("cubic"),
    "BSpline": _b_spline,
    "UnivariateSpline": _univariate,
    "RectBivariateSpline": _bivariate,
    "RegularGridInterpolator": _on_grid,
}


def _breaks(knots: Values, coefficients: int, degree: int) -> Values:
    """Between which a spline is a polynomial."""
    breaks = np.asarray(knots[degree : coefficients + 1])
    if degree not in _METHODS or not (np.diff(breaks) > 0).all():
        found = f"a spline of degree {degree}" + " with knots that repeat" * (degree in _METHODS)
        raise RequestError(_FIELD, found, f"make it of degree 1, 3 or 5 with simple knots, or {_BY_VALUES}")
    return breaks


def _places(breaks: Values, degree: int) -> Values:
    """Where the values of a spline make it up: at its breaks, and in the end intervals evenly between them."""
    if len(breaks) == 2:
        return np.linspace(breaks[0], breaks[1], degree + 1)
    first, last = (np.linspace(a, b, (degree + 3) // 2)[1:-1] for a, b in (breaks[:2], breaks[-2:]))
    return np.concatenate([breaks[:1], first, breaks[1:-1], last, breaks[-1:]])


def _outside(extrapolate: Any) -> str:
    return "periodic" if extrapolate == "periodic" else "extrapolate" if extrapolate else "nan"


def _table(values: Any, knots: Sequence[Any], method: str, outside: str, boundary: Any = "not-a-knot") -> LookupTable:
    own = np.ascontiguousarray(values, np.float64), tuple(np.array(each, np.float64) for each in knots)
    return LookupTable(TableNumbers(*own, method, outside, boundary).checked(_FIELD))
