"""Functions of a root or a distance where it vanishes and beside it, against closed forms and mpmath."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath as mp
import pytest

from tests.worker.engines.test_corners import F64, INF, PI, Corner, computed, is_right, of_x

pytestmark = pytest.mark.processor

ROOTS = [
    of_x("cos(sqrt(x))", 0, 1, -1 / 2, 1 / 12, -1 / 120, 1 / 1680),
    of_x("cos(x**0.5)", 0, 1, -1 / 2, 1 / 12, -1 / 120, 1 / 1680),
    of_x("cosh(2*sqrt(x))", 0, 1, 2, 4 / 3, 8 / 15, 16 / 105),
    of_x("sqrt(x)*sin(sqrt(x))", 0, 0, 1, -1 / 3, 1 / 20),
    of_x("sinc(sqrt(x)/pi)", 0, 1, -1 / 6, 1 / 60, -1 / 840),
    of_x("tanh(sqrt(x))**2", 0, 0, 1, -4 / 3, 34 / 15),
    of_x("arcsin(sqrt(x))**2", 0, 0, 1, 2 / 3, 16 / 15, 96 / 35),
    of_x("arctan(sqrt(x))**2", 0, 0, 1, -4 / 3, 46 / 15),
    of_x("log(cosh(sqrt(x)))", 0, 0, 1 / 2, -1 / 6, 2 / 15),
    of_x("cos(sqrt(4 - x))", 4, 1, 1 / 2, 1 / 12, 1 / 120),
    of_x("exp(sqrt(x))", 0, 1, INF, -INF, INF, -INF),
    of_x("exp(-sqrt(x))", 0, 1, -INF, INF, -INF),
    of_x("log(1 + sqrt(x))", 0, 0, INF, -INF),
    of_x("(1 + sqrt(x))*exp(-sqrt(x))", 0, 1, -1 / 2, INF, -INF),
    of_x("arccos(x)**2", 1, 0, -2, 2 / 3, -8 / 15, 24 / 35),
    of_x("arccosh(x)**2", 1, 0, 2, -2 / 3, 8 / 15, -24 / 35),
    of_x("cos(3*arccos(x))", 1, 1, 9, 24, 24, 0, dtypes=F64, rel=1e-11),
    of_x("cosh(arccosh(x)/2)", 1, 1, 1 / 4, -1 / 16, 3 / 64),
    of_x("sqrt(1 - cos(x))", 0, 0, 0, 0, 0),
    of_x("sqrt(0.5*(1 - cos(2*x)))", 0, 0, 0, 0, 0),
    of_x("(1 - cos(x))**1.5", 0, 0, 0, 0, 0),
    of_x("sqrt(cosh(x) - 1)", 0, 0, 0, 0, 0),
    of_x("sqrt(1 - cos(x)**2)", 0, 0, 0, 0, 0),
    of_x("sqrt(x - sin(x))", 0, 0, 0),
    of_x("(x - sin(x))**1.5", 0, 0, 0, 0),
    of_x("x*sqrt(sin(x))", 0, 0, 0),
    of_x("sqrt(sinh(x) - x)*cos(x)", 0, 0, 0),
]
"""What is smooth in spite of a root, or leaves a term of it: ±inf."""

CENTRES = [
    Corner(text, {"x": 0, "y": 0}, {"": value, "x": 0, "y": 0, "xx": second, "xy": 0, "yy": second})
    for text, value, second in (
        ("sinc(hypot(x, y))", 1, -(PI**2) / 3),
        ("sinc(sqrt(x**2 + y**2))", 1, -(PI**2) / 3),
        ("cos(3*hypot(x, y))", 1, -9),
        ("sech(hypot(x, y))", 1, -1),
        ("1/cosh(sqrt(x**2 + y**2))**2", 1, -2),
        ("r = hypot(x, y); r*tanh(r)", 0, 2),
        ("r = hypot(x, y); (1 + r)*exp(-r)", 1, -1),
        ("r = sqrt(5)*hypot(x, y)/2; (1 + r + r**2/3)*exp(-r)", 1, -5 / 12),
        ("r = sqrt(x**2 + y**2); (1 + r + r**2/3)*exp(-r)", 1, -1 / 3),
        ("(x**2 + y**2)**1.5", 0, 0),
        ("(x*x + square(y))**2.5", 0, 0),
        ("(4*x**2 + y**2/9)**1.5", 0, 0),
        ("sqrt(3*x**2)", 0, 0),
    )
] + [
    Corner("cos(hypot(x, y))", {"x": 0, "y": 0}, {"xxx": 0, "xxxx": 1, "xxyy": 1 / 3}),
    Corner("cos(k*hypot(x, y))", {"x": 0, "y": 0, "k": 3}, {"xx": -9, "xy": 0, "kk": 0, "xxk": -6}),
    Corner("exp(k*sqrt(x))", {"x": 4, "k": 0}, {"x": 0, "k": 2, "xk": 0.25}),
    Corner("(1 + 2*hypot(x, y)/z)*exp(-2*hypot(x, y)/z)", {"x": 0, "y": 0, "z": 2}, {"": 1, "x": 0, "xx": -1, "xy": 0}),
    Corner("(x**2 + y**2 + z**2)**1.5", {"x": 0, "y": 0, "z": 0}, {"": 0, "x": 0, "xx": 0, "xy": 0, "yz": 0, "zz": 0}),
    Corner("sqrt(x*x + y*y)**3*exp(-x)", {"x": 0, "y": 0}, {"": 0, "x": 0, "xx": 0, "xy": 0, "yy": 0}),
    Corner("((x - 1)**2 + 2*y**2 + z**2/4)**2.5", {"x": 1, "y": 0, "z": 0}, {"xx": 0, "yz": 0, "xxx": 0, "xyz": 0}),
    Corner("(x**2 + y**2 + (z/a)**2)**1.5", {"x": 0, "y": 0, "z": 0, "a": 2}, {"xx": 0, "zz": 0, "xz": 0, "a": 0}),
    Corner("y*sqrt(x - sin(x))", {"x": 0, "y": 2}, {"": 0, "x": 0, "y": 0, "xy": 0}),
    Corner("arccos(x*y)**2", {"x": 1, "y": 1}, {"": 0, "x": -2, "xx": 2 / 3, "xy": -4 / 3}),
]
"""Functions of a distance at the centre."""

POLYNOMIALS = [
    of_x("cos(3*arccos(x))", -1, -1, 9, -24, 24, 0),
    of_x("cos(-2*arccos(x))", -1, 1, -4, 4),
    of_x("cos(arccos(x))", -1, -1, 1, 0),
    of_x("2*cos(4*arccos(x)) - cos(arccos(x)*3)/3", -1, 7 / 3, -35, 168),
    of_x("cosh(3*arccosh(x))", 1, 1, 9, 24, 24, 0),
    of_x("sin(3*arcsin(x))", -1, 1, -9, 24, -24),
    of_x("cos(2*arcsin(x))", 1, -1, -4, -4, 0),
    of_x("sin(arccos(x))**2", -1, None, 2, -2, 0),
    of_x("square(sin(arccos(x)))", 1, 0, -2, -2, 0),
    of_x("cos(arcsin(x))**2", 1, None, -2, -2, 0),
    of_x("exp(-sin(arccos(x))**2)", -1, 1, -2, 6),
    of_x("sin(arccos(x))**3", -1, None, 0, INF),
    of_x("sin(arccos(x))", -1, None, INF, -INF),
]
"""Chebyshev's polynomials at the ends, where rounding of pi would make their slopes infinite."""

POLES = [
    Corner(text, {"x": 1.1, "t": 0}, {"": value, "x": 0, "t": 0, "xx": 0, "xt": 0})
    for text, value in (
        ("erf(x/sqrt(4*t))", 1),
        ("erfc(x/(2*sqrt(0.3*t)))", 0),
        ("tanh(x/sqrt(t))", 1),
        ("norm_cdf((x + 0.5*t)/sqrt(t) - sqrt(t))", 1),
        ("exp(-x**2/t)", 0),
        ("exp(-x/t)*x**2", 0),
        ("2**(-x/t)", 0),
        ("1/(exp(x/t) - 1)", 0),
        ("exp(-0.5*((x - 1)/t)**2)", 0),
        ("exp(-(x**2 + t**2)/(4*t) - x/t**2)", 0),
    )
] + [
    Corner(
        # Black and Scholes on the day of expiry, in the money and out of it
        "d = (log(s/k) + (0.05 + v**2/2)*t)/(v*sqrt(t)); s*norm_cdf(d) - k*exp(-0.05*t)*norm_cdf(d - v*sqrt(t))",
        {"s": spot, "k": 1, "v": 0.2, "t": 0},
        {"": value, "s": delta, "v": 0, "k": -delta, "t": 0.05 * delta, "ss": 0},
        rel=1e-6,
    )
    for spot, value, delta in ((1.25, 0.25, 1), (0.75, 0, 0))
]  # fmt: skip
"""Slopes that vanish exponentially where a product of inputs and their roots vanishes below the bar."""

BESIDE: dict[str, Callable[[Any], Any]] = {
    "cos(sqrt(x))": lambda x: mp.cos(mp.sqrt(x)),
    "sqrt(x)*sin(sqrt(x))": lambda x: mp.sqrt(x) * mp.sin(mp.sqrt(x)),
    "tanh(sqrt(x))**2": lambda x: mp.tanh(mp.sqrt(x)) ** 2,
    "arcsin(sqrt(x))**2": lambda x: mp.asin(mp.sqrt(x)) ** 2,
    "exp(-sqrt(x))": lambda x: mp.exp(-mp.sqrt(x)),
    "(1 + sqrt(x))*exp(-sqrt(x))": lambda x: (1 + mp.sqrt(x)) * mp.exp(-mp.sqrt(x)),
    "sech(sqrt(x))": lambda x: mp.sech(mp.sqrt(x)),
    "arccos(1 - x)**2": lambda x: mp.acos(1 - x) ** 2,
    "arccosh(1 + x)**2": lambda x: mp.acosh(1 + x) ** 2,
    "sqrt(1 - cos(x))": lambda x: mp.sqrt(1 - mp.cos(x)),
    "sqrt(2 + 2*cos(1 + x))": lambda x: mp.sqrt(2 + 2 * mp.cos(1 + x)),
    "sqrt(cosh(x) - 1)": lambda x: mp.sqrt(mp.cosh(x) - 1),
    "cos(5*arccos(1 - x))": lambda x: mp.cos(5 * mp.acos(1 - x)),
    "sin(7*arcsin(x - 1))": lambda x: mp.sin(7 * mp.asin(x - 1)),
    "sin(arccos(1 - x))**2": lambda x: mp.sin(mp.acos(1 - x)) ** 2,
    "exp(-0.3/(2*x))": lambda x: mp.exp(mp.mpf(-0.3) / (2 * x)),
}
"""The same on mpmath's numbers."""


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "corner", [*ROOTS, *CENTRES, *POLYNOMIALS, *POLES], ids=lambda corner: f"{corner.text} at {dict(corner.point)}"
)
@pytest.mark.parametrize("engine", ["direct", "functional"])
def test_derivatives_are_those_of_the_closed_form(engine: str, corner: Corner, dtype: str) -> None:
    if dtype not in corner.dtypes:
        return
    found = computed(engine, corner, dtype)
    for derivative, want in corner.derivatives.items():
        for got in found[derivative]:
            assert is_right(got, want, corner, dtype), f"∂{derivative}: {got!r}, not {want!r}"


@pytest.mark.parametrize("x", [2.0**-60, 2.0**-20, 2.0**-8, 0.0625, 0.25, 0.75])
@pytest.mark.parametrize("text", BESIDE)
def test_derivatives_keep_their_digits_beside_it(text: str, x: float) -> None:
    with mp.workdps(120):
        coefficients = mp.taylor(BESIDE[text], mp.mpf(x), 4, h=mp.mpf(10) ** -45)
        want = [float(c * math.factorial(n)) for n, c in enumerate(coefficients)]
    found = computed("direct", of_x(text, x, *want), "float64")
    for order in range(5):
        assert found["x" * order][0] == pytest.approx(want[order], rel=1e-11), order
