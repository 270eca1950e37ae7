"""The loops of sums, products and integrals."""

from __future__ import annotations

import math

import pytest

from gridgrad_core.lang.loops.series import integral, series
from tests.core.lang.loops.searching import operation, solved, steps


def test_each_term_takes_a_step() -> None:
    assert steps(series(operation("sum(i*x, i, 1, 100)")), 1.0, 100.0, 2.0) == (10100.0, 100)
    assert steps(series(operation("sum(i*x, i, 1, n)")), 1.0, 3.0, 2.0) == (12.0, 3)


@pytest.mark.parametrize(("last", "right"), [(0.0, 1.0), (5.0, 120.0), (2.5, math.nan), (math.nan, math.nan)])
def test_products(last: float, right: float) -> None:
    assert solved("prod(i + 0*x, i, 1, n)", 1.0, last, 0.0) == pytest.approx(right, nan_ok=True)


def test_points_are_exact_for_polynomials_of_twice_their_number() -> None:
    loop = integral(operation("integrate(u**9 + x, u, a, b, 5)"))
    assert steps(loop, 1.0, 2.0, 3.0)[0] == pytest.approx((2**10 - 1) / 10 + 3, rel=1e-15)
    assert steps(loop, 2.0, 1.0, 3.0)[0] == pytest.approx(-((2**10 - 1) / 10 + 3), rel=1e-15)
