"""Power series of the functions of the table, against mpmath's derivatives."""

from __future__ import annotations

import math
from typing import Any

import mpmath as mp
import pytest

from gridgrad.checks.mpmath_functions import VALUES
from gridgrad_core.lang.algebra.power_series import (
    SERIES,
    PowerSeries,
    UnknownSeriesError,
    constant,
    series_of,
    variable,
)
from gridgrad_core.lang.functions.table import FUNCTIONS

OF_ONE = sorted(name for name in SERIES if len(FUNCTIONS[name].params) == 1)
AROUND_ZERO_ALONE = {"sinc", "tanhc", "exprel", "bernoulli", "log1prel", "langevin", "j0", "j1", "i0", "i1"}
"""Quotients, which beside 0 would lose digits, and what is known by its powers of the argument."""
NOT_AT_ZERO = {"log", "log2", "log10", "sqrt", "reciprocal", "arccosh", "abs"}


def linear(at: float, slope: float) -> PowerSeries:
    return series_of("add", constant(at), series_of("mul", constant(slope), variable()))


@pytest.mark.parametrize(("at", "slope"), [(0.0, 1.0), (0.3, 0.7), (-0.4, 0.5), (1.25, -1.0)])
@pytest.mark.parametrize("name", OF_ONE)
def test_coefficients_are_those_of_the_derivatives(name: str, at: float, slope: float) -> None:
    outside = {"arccosh": at < 1, "arctanh": at > 1, "arcsin": at > 1, "arccos": at > 1}
    if name in (NOT_AT_ZERO if at == 0 else AROUND_ZERO_ALONE) or outside.get(name):
        return
    if at < 0 and name in NOT_AT_ZERO - {"abs", "reciprocal"}:
        return
    series = series_of(name, linear(at, slope))
    with mp.workdps(80):
        f = VALUES[name]
        want = mp.taylor(lambda t: f(mp.mpf(at) + mp.mpf(slope) * t), 0, 8, singular=True)
    for power in range(9):
        assert series.known_at(power) == pytest.approx(float(want[power]), rel=1e-12, abs=1e-14)


def test_sums_products_and_powers() -> None:
    x = variable()
    one_less = series_of("sub", constant(1), x)
    geometric = series_of("div", constant(1), one_less)
    assert geometric.coefficients == (1.0,) * len(geometric.coefficients)
    assert series_of("mul", geometric, one_less).coefficients[:30] == (1.0, *[0.0] * 29)
    root = series_of("pow", one_less, constant(0.5))
    assert root.coefficients[:4] == pytest.approx((1, -1 / 2, -1 / 8, -1 / 16))
    assert series_of("sqrt", series_of("square", x)).coefficients[:2] == (1.0, 0.0)
    assert series_of("hypot", x, x).at(1) == pytest.approx(math.sqrt(2))


@pytest.mark.parametrize(("name", "bessel"), [("jn", mp.besselj), ("iv", mp.besseli)])
@pytest.mark.parametrize("n", [0, 1, 5])
def test_bessel_functions_of_an_order_have_their_series_around_zero(n: int, name: str, bessel: Any) -> None:
    series = series_of(name, constant(float(n)), linear(0.0, 0.7))
    with mp.workdps(80):
        want = mp.taylor(lambda t: bessel(n, mp.mpf(0.7) * t), 0, 8, singular=True)
    for power in range(9):
        assert series.known_at(power) == pytest.approx(float(want[power]), rel=1e-12, abs=1e-14)
    for order, argument in ((constant(n + 0.5), variable()), (variable(), variable()), (constant(1.0), constant(2.0))):
        with pytest.raises(UnknownSeriesError):
            series_of("jn", order, argument)


def test_poles_are_negative_powers() -> None:
    cotangent = series_of("reciprocal", series_of("tan", variable()))
    assert cotangent.low == -1
    assert [cotangent.at(power) for power in range(-1, 4)] == pytest.approx([1, 0, -1 / 3, 0, -1 / 45])
    assert cotangent.divided_slope().low == -3
    assert cotangent.divided_slope().at(-1) == pytest.approx(-1 / 3)


def test_what_cancels_but_for_rounding_is_zero() -> None:
    x = variable()
    third = series_of("div", series_of("square", x), constant(3))
    matern = series_of(
        "mul", series_of("add", series_of("add", constant(1), x), third), series_of("exp", series_of("neg", x))
    )
    assert [matern.at(1), matern.at(3)] == [0, 0]
    assert matern.at(2) == pytest.approx(-1 / 6)


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("sqrt", variable()),
        ("log", variable()),
        ("exp", series_of("reciprocal", variable())),
        ("exp", constant(1000)),
        ("arcsin", constant(1)),
        ("sqrt", constant(-1)),
        ("reciprocal", constant(0)),
        ("tanhc", linear(0.5, 1)),
        ("gamma", variable()),
    ],
)
def test_there_are_none_of_what_has_none(name: str, argument: PowerSeries) -> None:
    with pytest.raises(UnknownSeriesError):
        series_of(name, argument)


def test_what_is_cut_off_is_unknown() -> None:
    with pytest.raises(UnknownSeriesError):
        variable().known_at(1000)
