"""The polynomials of tables: those of scipy, and exact fractions where libraries agree by chance alone."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gridgrad_core.tables.splines import polynomials
from gridgrad_core.tables.table_numbers import TableNumbers

interpolate = pytest.importorskip("scipy.interpolate")

DRAW = np.random.default_rng(7)
KNOTS, VALUES = np.array([0, 1, 2.5, 3, 4.5, 6, 7]), np.array([0, 1, 0.5, 2, 3, -1, 0.0])
NOT_A_KNOT = "not-a-knot"


def pieces(table: TableNumbers, component: int = 0) -> Any:
    """The polynomials along one axis, for scipy to evaluate."""
    coefficients = polynomials(table)[component]
    return interpolate.PPoly(coefficients.T[::-1], table.knots[0])


def one(y: Any, x: Any, method: str, boundary: Any = NOT_A_KNOT) -> TableNumbers:
    return TableNumbers(np.asarray(y, float), (np.asarray(x, float),), method, "nan", boundary)


EXACT: dict[str, Any] = {
    "cubic": {
        2.7: (1.0434726296958856, Fraction(2588117, 838500), Fraction(104266, 41925), Fraction(-50538, 2795)),
        2.5: (Fraction(1, 2), Fraction(74713, 33540), Fraction(51176, 8385), Fraction(-50538, 2795)),
        7.0: (0, Fraction(25087, 5590), Fraction(72049, 8385), Fraction(13558, 2795)),
        8.0: (Fraction(80434, 8385), Fraction(260033, 16770), Fraction(8671, 645)),
        -1.0: (Fraction(-69934, 8385), Fraction(77159, 5590), Fraction(-8203, 645)),
    },
    "pchip": {
        2.7: (Fraction(14299, 14750), Fraction(5796, 1475), Fraction(2412, 295), Fraction(-6768, 59)),
        2.5: (Fraction(1, 2), 0, Fraction(1836, 59), Fraction(-6768, 59)),
        7.0: (0, Fraction(37, 15), Fraction(58, 15), Fraction(14, 5)),
    },
    "akima": {
        2.7: (Fraction(2759, 2750), Fraction(2993, 825), Fraction(322, 55), Fraction(-868, 11)),
        2.5: (Fraction(1, 2), Fraction(29, 33), Fraction(238, 11), Fraction(-868, 11)),
        7.0: (0, Fraction(17, 6), Fraction(220, 63), Fraction(-11, 21)),
    },
}


@pytest.mark.parametrize("method", EXACT)
def test_values_and_derivatives_are_the_exact_fractions(method: str) -> None:
    made = pieces(one(VALUES, KNOTS, method))
    for x, expected in EXACT[method].items():
        found = [float(made(x, order)) for order in range(len(expected))]
        np.testing.assert_allclose(found, [float(each) for each in expected], rtol=2e-14, atol=1e-14)


def scipys(x: NDArray[Any], y: NDArray[Any]) -> dict[tuple[str, Any], Any]:
    """scipy's splines by method and boundary, as far as there are so many knots."""
    ends = ((1, 0.3), (2, -0.7))
    made: dict[tuple[str, Any], Any] = {
        ("cubic", b): interpolate.CubicSpline(x, y, bc_type=b) for b in (NOT_A_KNOT, "natural", "clamped", ends)
    }
    made["pchip", NOT_A_KNOT] = interpolate.PchipInterpolator(x, y)
    if len(x) > 2:
        made["akima", NOT_A_KNOT] = interpolate.Akima1DInterpolator(x, y)
    if len(x) > 5:
        made["quintic", NOT_A_KNOT] = interpolate.make_interp_spline(x, y, k=5)
    return made


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 7, 8, 17, 200])
def test_each_method_is_scipys(n: int) -> None:
    x, y = np.cumsum(DRAW.uniform(0.2, 2, n)), DRAW.normal(size=n)
    at = np.linspace(x[0], x[-1], 333)
    for (method, boundary), theirs in scipys(x, y).items():
        mine = pieces(one(y, x, method, boundary))
        for order in range(4):
            expected = theirs(at, order)
            scale = np.abs(y).max() / np.diff(x).min() ** order
            np.testing.assert_allclose(mine(at, order), expected, rtol=1e-13, atol=1e-14 * scale, err_msg=method)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 40])
def test_a_periodic_spline_is_scipys(n: int) -> None:
    x, y = np.cumsum(DRAW.uniform(0.2, 2, n)), DRAW.normal(size=n)
    y[-1] = y[0]
    at, theirs = np.linspace(x[0], x[-1], 99), interpolate.CubicSpline(x, y, bc_type="periodic")
    mine = pieces(one(y, x, "cubic", "periodic"))
    for order in range(3):
        np.testing.assert_allclose(mine(at, order), theirs(at, order), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n", [2, 3, 40])
def test_with_slopes_it_is_scipys(n: int) -> None:
    x, y, slopes = np.cumsum(DRAW.uniform(0.2, 2, n)), *DRAW.normal(size=(2, n, 3))
    found = polynomials(TableNumbers(np.stack([y, slopes]), (x,), "hermite", "nan", NOT_A_KNOT))
    at, theirs = np.linspace(x[0], x[-1], 99), interpolate.CubicHermiteSpline(x, y, slopes)
    for component, made in enumerate(found):
        for order in range(4):
            mine = interpolate.PPoly(made[:, ::-1].T, x)(at, order)
            np.testing.assert_allclose(mine, theirs(at, order)[:, component], rtol=1e-10, atol=1e-10)


def test_linear_is_linear() -> None:
    made, at = pieces(one(VALUES, KNOTS, "linear")), np.linspace(0, 7, 50)
    np.testing.assert_allclose(made(at), np.interp(at, KNOTS, VALUES), rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(made(2.5, 1), 3.0)


@pytest.mark.parametrize(("method", "degree"), [("cubic", 3), ("quintic", 5), ("linear", 1)])
def test_several_axes_are_products(method: str, degree: int) -> None:
    axes = [np.cumsum(DRAW.uniform(0.2, 2, n)) for n in (9, 12)]
    values = DRAW.normal(size=(9, 12))
    (made,) = polynomials(TableNumbers(values, tuple(axes), method, "nan", NOT_A_KNOT))
    assert made.shape == (8, 11, (degree + 1) ** 2)
    theirs = interpolate.RectBivariateSpline(*axes, values, kx=degree, ky=degree)
    for i, j, dx, dy in [(0, 0, 0.1, 0.05), (4, 7, 0.15, 0.0), (7, 10, 0.1, 0.2)]:
        here = made[i, j].reshape(degree + 1, degree + 1)
        for nx, ny in ((0, 0), (1, 0), (0, 1), (1, 1)):
            derived = np.polynomial.polynomial.polyder(np.polynomial.polynomial.polyder(here, nx, axis=0), ny, axis=1)
            found = np.polynomial.polynomial.polyval2d(dx, dy, derived)
            if method == "linear" and (nx or ny):
                continue  # FITPACK has no derivatives of these
            expected = theirs.ev(axes[0][i] + dx, axes[1][j] + dy, dx=nx, dy=ny)
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_three_axes_and_components_are_the_same_along_each() -> None:
    """Products of polynomials of the degree are reproduced."""
    axes = [np.cumsum(DRAW.uniform(0.5, 1.5, n)) for n in (5, 6, 7)]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    values = np.stack([x**3 * y * z**2, x + y**2 * z**3], -1)
    made = polynomials(TableNumbers(values, tuple(axes), "cubic", "nan", NOT_A_KNOT))
    assert [each.shape for each in made] == [(4, 5, 6, 64)] * 2
    for component, expected in zip(made, [2.3**3 * 4.5 * 4.0**2, 2.3 + 4.5**2 * 4.0**3], strict=True):
        point = (2.3, 4.5, 4.0)
        cell = [int(np.searchsorted(knots, at)) - 1 for knots, at in zip(axes, point, strict=True)]
        distances = [at - knots[i] for knots, at, i in zip(axes, point, cell, strict=True)]
        here = component[tuple(cell)].reshape(4, 4, 4)
        np.testing.assert_allclose(
            np.polynomial.polynomial.polyval3d(distances[0], distances[1], distances[2], here), expected, rtol=1e-11
        )


def test_a_million_knots_take_no_loop() -> None:
    x = np.linspace(0, 1, 1 << 17)
    (made,) = polynomials(one(np.sin(7 * x), x, "cubic"))
    np.testing.assert_allclose(made[:, 1], 7 * np.cos(7 * x[:-1]), atol=1e-8)
