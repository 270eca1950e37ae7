from __future__ import annotations

import math

import numpy as np
import pytest

from gridgrad_core.tables.table_numbers import TableNumbers

mp = pytest.importorskip("mpmath")
from gridgrad.checks.mpmath_tables import calling, value_of_table  # noqa: E402 - takes mpmath

KNOTS = np.array([0, 1, 2.5, 3, 4.5, 6, 7.0])
VALUES = np.array([0, 1, 0.5, 2, 3, -1, 0.0])


def table(outside: str, method: str = "cubic") -> TableNumbers:
    return TableNumbers(VALUES, (KNOTS,), method, outside, "not-a-knot")


def value(given: TableNumbers, x: float, order: int = 0) -> float:
    with calling([given]), mp.workdps(50):
        return float(value_of_table([0, order], [mp.mpf(x)]))


@pytest.mark.parametrize(("order", "expected"), list(enumerate([80434 / 8385, 260033 / 16770, 8671 / 645])))
def test_beyond_the_ends_it_goes_on(order: int, expected: float) -> None:
    assert value(table("extrapolate"), 8.0, order) == pytest.approx(expected, rel=1e-14)


def test_beyond_the_ends_it_is_as_was_said() -> None:
    assert math.isnan(value(table("nan"), 8.0))
    assert value(table("clamp"), 8.0) == pytest.approx(0, abs=1e-15)
    assert value(table("clamp"), 8.0, 1) == 0
    assert value(table("periodic"), 7 + 2.7) == pytest.approx(value(table("nan"), 2.7), rel=1e-14)
    assert value(table("nan", "linear"), 2.6, 2) == 0


def test_several_arguments_and_components() -> None:
    both = TableNumbers(
        np.stack([np.outer(VALUES, VALUES), np.ones((7, 7))], -1), (KNOTS, KNOTS), "linear", "nan", "not-a-knot"
    )
    with calling([both]):
        assert float(value_of_table([0, 0, 0], [mp.mpf(0.5), mp.mpf(2.75)])) == 0.5 * 1.25
        assert float(value_of_table([1, 0, 0], [mp.mpf(0.5), mp.mpf(2.75)])) == 1
        assert float(value_of_table([0, 1, 1], [mp.mpf(0.5), mp.mpf(2.75)])) == 1 * 3
