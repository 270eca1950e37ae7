"""scipy's splines as tables, whose pieces scipy evaluates again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gridgrad.arguments.lookup_table import LookupTable
from gridgrad.elements.scipy_splines import tables_of
from gridgrad_core.errors import RequestError
from gridgrad_core.tables.splines import polynomials

scipy = pytest.importorskip("scipy.interpolate")

DRAW = np.random.default_rng(3)
EVEN, UNEVEN = np.linspace(0, 3, 12), np.cumsum(DRAW.uniform(0.2, 0.5, 12))
Y = DRAW.normal(size=12)
ROUND = np.append(Y[:-1], Y[0])
CLOSE = 1e-13

MADE: dict[str, Any] = {
    "CubicSpline": lambda x: scipy.CubicSpline(x, Y),
    "natural": lambda x: scipy.CubicSpline(x, Y, bc_type="natural"),
    "ends": lambda x: scipy.CubicSpline(x, Y, bc_type=((1, 0.5), (2, 3.0))),
    "periodic": lambda x: scipy.CubicSpline(x, ROUND, bc_type="periodic"),
    "two points": lambda x: scipy.CubicSpline(x[:2], Y[:2]),
    "three points": lambda x: scipy.CubicSpline(x[:3], Y[:3]),
    "pchip": lambda x: scipy.PchipInterpolator(x, Y),
    "akima": lambda x: scipy.Akima1DInterpolator(x, Y),
    **{f"degree {k}": lambda x, k=k: scipy.make_interp_spline(x, Y, k=k) for k in (1, 3, 5)},
    "natural b-spline": lambda x: scipy.make_interp_spline(x, Y, bc_type="natural"),
    "periodic b-spline": lambda x: scipy.make_interp_spline(x, ROUND, bc_type="periodic"),
    "four points": lambda x: scipy.make_interp_spline(x[:4], Y[:4]),
    "five points": lambda x: scipy.make_interp_spline(x[:5], Y[:5]),
    "six points": lambda x: scipy.make_interp_spline(x[:6], Y[:6], k=5),
    "smooth": lambda x: scipy.make_smoothing_spline(x, Y),
    "univariate": lambda x: scipy.UnivariateSpline(x, Y, s=0.5),
}


def pieces(table: LookupTable) -> Any:
    return scipy.PPoly(polynomials(table.numbers)[0].T[::-1], table.numbers.knots[0])


@pytest.mark.parametrize("made", MADE.values(), ids=MADE)
@pytest.mark.parametrize("x", [EVEN, UNEVEN], ids=["even", "uneven"])
def test_a_table_has_the_numbers_of_its_spline(made: Any, x: Any) -> None:
    spline = made(x)
    found = tables_of(spline)
    assert (found.shape, found.arguments) == ((), 1)
    (table,) = found.tables
    places = np.linspace(table.numbers.knots[0][0], table.numbers.knots[0][-1], 301)
    for order in (0, 1):
        theirs = spline(places, order)
        assert_allclose(pieces(table)(places, order), theirs, atol=20 * CLOSE * np.abs(theirs).max())


@pytest.mark.parametrize("name", ["CubicSpline", "degree 1", "degree 3", "degree 5"])
def test_even_knots_stay_even(name: str) -> None:
    (table,) = tables_of(MADE[name](EVEN)).tables
    assert_allclose(table.numbers.knots[0], EVEN, atol=1e-14)


def test_values_in_rows_are_a_table_each() -> None:
    for make in (scipy.CubicSpline, scipy.make_interp_spline):
        spline = make(UNEVEN, DRAW.normal(size=(12, 2, 3)))
        found = tables_of(spline)
        assert found.shape == (2, 3)
        own = np.reshape([pieces(each)(1.3) for each in found.tables], found.shape)
        assert_allclose(own, spline(1.3), rtol=CLOSE * 10)


@pytest.mark.parametrize(
    ("spline", "said", "outside"),
    [
        (scipy.CubicSpline(EVEN, Y), None, "extrapolate"),
        (scipy.CubicSpline(EVEN, Y), False, "nan"),
        (scipy.CubicSpline(EVEN, Y, extrapolate=False), None, "nan"),
        (scipy.CubicSpline(EVEN, ROUND, extrapolate="periodic"), None, "periodic"),
        (scipy.PchipInterpolator(EVEN, Y), None, "extrapolate"),
        (scipy.UnivariateSpline(EVEN, Y), None, "extrapolate"),
        (scipy.UnivariateSpline(EVEN, Y, ext="const"), None, "clamp"),
        (scipy.UnivariateSpline(EVEN, Y), "raise", "nan"),
        (scipy.RectBivariateSpline(EVEN, EVEN, np.outer(Y, Y)), None, "clamp"),
        (scipy.RegularGridInterpolator((EVEN,), Y), None, "nan"),
        (scipy.RegularGridInterpolator((EVEN,), Y, bounds_error=False, fill_value=None), "cubic", "extrapolate"),
    ],
)
def test_what_is_outside_is_what_they_say(spline: Any, said: Any, outside: str) -> None:
    assert {each.numbers.outside for each in tables_of(spline, said).tables} == {outside}


@pytest.mark.parametrize(
    ("spline", "message"),
    [
        (scipy.Akima1DInterpolator(EVEN, Y, method="makima"), "a Akima1DInterpolator whose pieces are not those of"),
        (scipy.CubicHermiteSpline(EVEN, Y, Y), "a CubicHermiteSpline, whose pieces are not those of a table; give"),
        (scipy.CubicSpline(EVEN, Y).derivative(), "call the spline itself, with the order: spline(x, 1)"),
        (scipy.make_interp_spline(EVEN, Y, k=2), "a spline of degree 2; make it of degree 1, 3 or 5"),
        (scipy.BSpline([0, 0, 0, 0, 1, 1, 2, 2, 2, 2], np.ones(6), 3), "a spline of degree 3 with knots that repeat"),
        (scipy.UnivariateSpline(EVEN, Y, ext=1), "a spline with ext=1; say ext=0 or ext=3, and choose by np.where"),
        (scipy.RectBivariateSpline(EVEN, EVEN, np.outer(Y, Y), ky=1), "a spline of degrees (3, 1); make it of one"),
        (scipy.RegularGridInterpolator((EVEN,), Y, method="nearest"), "by method='nearest'; say one of 'linear'"),
        (
            scipy.RegularGridInterpolator((EVEN,), Y, bounds_error=False, fill_value=0.0),
            "fill_value=0.0; say fill_value=np.nan, or None",
        ),
    ],
)
def test_what_no_table_has_the_numbers_of_is_refused(spline: Any, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        tables_of(spline)
    assert message in str(caught.value)
