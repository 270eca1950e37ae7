"""The slopes of pchip and akima by their values: by hand, by scipy's differences, and where two formulas meet."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gridgrad_core.tables.local_slopes import LOCAL_SLOPES, local_slopes, slopes_by_values

interpolate = pytest.importorskip("scipy.interpolate")
SCIPY: dict[str, Any] = {"pchip": interpolate.PchipInterpolator, "akima": interpolate.Akima1DInterpolator}


def test_by_hand() -> None:
    """Of secants 1 and 2 pchip's slope is their harmonic mean, and akima's that of a parabola."""
    h, y = np.ones(2), np.array([0.0, 1.0, 3.0])
    assert_allclose(local_slopes("pchip", h, y), [0.5, 4 / 3, 2.5])
    by_values = np.array([[-1.5, 2, -0.5], [-8 / 9, 6 / 9, 2 / 9], [0.5, -2, 1.5]])
    assert_allclose(slopes_by_values("pchip", h, y), by_values)
    assert_allclose(local_slopes("akima", h, y), [0.5, 1.5, 2.5])
    steep = np.array([0.0, 1.0, 11.0, 11.0])
    assert_array_equal(slopes_by_values("pchip", np.ones(3), steep)[0], np.zeros(4), "it would turn, and is 0")
    other_way = np.array([0.0, 1.0, -9.0, -9.0])
    assert_array_equal(slopes_by_values("pchip", np.ones(3), other_way)[0], [-3, 3, 0, 0], "three secants at most")


@pytest.mark.parametrize("method", sorted(LOCAL_SLOPES))
@pytest.mark.parametrize("knots", [2, 3, 4, 9])
@pytest.mark.parametrize("rising", [False, True])
def test_they_are_those_of_differences(method: str, knots: int, rising: bool) -> None:
    knots = max(knots, 3) if method == "akima" else knots
    rng, step = np.random.default_rng(knots), 1e-6
    x, y = np.cumsum(rng.uniform(0.3, 1.0, knots)), rng.normal(size=knots)
    y = np.sort(y) if rising else y
    assert_allclose(local_slopes(method, np.diff(x), y), SCIPY[method](x, y)(x, 1), rtol=1e-12, atol=1e-13)
    found = slopes_by_values(method, np.diff(x), y)
    for number in range(knots):
        by = step * np.eye(knots)[number]
        sides = [SCIPY[method](x, y + sign * by)(x, 1) for sign in (1, -1)]
        assert_allclose(found[:, number], (sides[0] - sides[1]) / (2 * step), atol=3e-8)


@pytest.mark.parametrize("method", sorted(LOCAL_SLOPES))
def test_where_formulas_meet_it_is_one_of_both(method: str) -> None:
    flat = slopes_by_values(method, np.ones(6), np.zeros(7))
    if method == "pchip":
        assert_array_equal(flat, np.zeros((7, 7)), "slopes are 0, and stay so")
    else:
        assert_allclose(flat[3], [0, -0.5, 0.5, 0, -0.5, 0.5, 0], err_msg="the mean of the next but one secants")
    kinked = slopes_by_values(method, np.ones(6), np.abs(np.arange(-3.0, 4.0)))
    assert_array_equal(kinked[3] @ np.arange(7.0), 0 if method == "pchip" else 1, "flat, or as steep as all around")
