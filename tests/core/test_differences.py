"""Slopes by differences, with bounds that hold, against closed forms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from gridgrad_core.differences import STEPS, Estimate, estimate, steps

Array = NDArray[np.float64]
X = np.array([0.0, 1e-3, 0.3, -0.7, 1.0, 2.5, -30.0, 1e4])


def estimated(function: Callable[[Array], Array], x: Array) -> Estimate:
    h = steps(x)
    return estimate(x, function(x + h), function(x - h), function(x))


def test_steps_are_powers_of_two_each_half_the_one_before() -> None:
    found = steps(X)
    assert found.shape == (STEPS, len(X))
    assert np.array_equal(found[:-1], 2 * found[1:])
    assert np.array_equal(np.frexp(found)[0], np.full_like(found, 0.5))
    first = found[0] / np.maximum(np.abs(X), 0.125)
    assert ((first > 1 / 16) & (first <= 1 / 8)).all()


@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (np.sin, np.cos),
        (np.arctan, lambda x: 1 / (1 + x * x)),
        (np.tanh, lambda x: 1 / np.cosh(np.clip(x, -300, 300)) ** 2),
        (lambda x: x**3 - x, lambda x: 3 * x**2 - 1),
        (lambda x: np.exp(-x * x / 2e3), lambda x: -x / 1e3 * np.exp(-x * x / 2e3)),
        (lambda x: 0 * x + 7, lambda x: 0 * x),
    ],
    ids=["sin", "arctan", "tanh", "cubic", "exp", "constant"],
)
def test_errors_are_within_their_bounds_and_the_bounds_small(
    function: Callable[[Array], Array], slope: Callable[[Array], Array]
) -> None:
    x = X[np.abs(X) < 100]
    found, truth = estimated(function, x), slope(x)
    assert (np.abs(found.slope - truth) <= 10 * found.error + 1e-15).all()
    assert (found.error <= 1e-6 * (1 + np.abs(truth))).all()
    assert found.smooth.all()


@pytest.mark.parametrize("function", [np.abs, lambda x: np.maximum(x, 0), lambda x: np.where(x < 0, x, 3 * x)])
def test_kinks_are_seen_where_central_differences_are_blind(function: Callable[[Array], Array]) -> None:
    assert not estimated(function, np.array([0.0])).smooth.any()
    assert estimated(function, np.array([1.0, -2.0])).smooth.all()


def test_a_staircase_is_flat_nearby() -> None:
    found = estimated(lambda x: np.floor(x * 64) / 64, np.array([1.0 + 1 / 128]))
    assert found.slope[0] == 0


def test_nowhere_defined_has_no_bound() -> None:
    found = estimated(lambda x: np.full_like(x, np.nan), np.array([1.0]))
    assert not np.isfinite(found.error[0])


@pytest.mark.parametrize(
    ("function", "slope", "x"),
    [
        (np.log, lambda x: 1 / x, [1e-8, 1e-3, 1e-2]),
        (lambda r: (3.4e-10 / r) ** 12, lambda r: -12 * (3.4e-10 / r) ** 12 / r, [3.4e-10, 5e-10]),
        (lambda t: np.sin(t / 86400), lambda t: np.cos(t / 86400) / 86400, [0.0, 1.7e9]),
        (lambda t: np.exp(-t / 2e-9), lambda t: -np.exp(-t / 2e-9) / 2e-9, [0.0, 1e-9, 1e-8]),
        (lambda x: np.sin(4e6 * np.pi * x), lambda x: 4e6 * np.pi * np.cos(4e6 * np.pi * x), [0.3, 1.0, 500.0]),
    ],
    ids=["log", "repulsion", "days", "decay", "wave"],
)
def test_scales_far_from_that_of_the_point_are_resolved(
    function: Callable[[Array], Array], slope: Callable[[Array], Array], x: list[float]
) -> None:
    with np.errstate(all="ignore"):  # beside the points, but not at them
        found, truth = estimated(function, np.array(x)), slope(np.array(x))
    assert (np.abs(found.slope - truth) <= 10 * found.error).all()
    assert (found.error <= 1e-4 * np.abs(truth)).all()


def test_numbers_that_come_of_larger_ones_are_as_coarse_as_these() -> None:
    x = np.array([18.0])
    h = steps(x)
    values = 1 - np.tanh(x + h), 1 - np.tanh(x - h), 1 - np.tanh(x)  # 0 or a few units of 1e-16
    truth = -1 / np.cosh(x) ** 2
    found = estimate(x, *values, rounded_at=1.0)
    assert (np.abs(found.slope - truth) <= 10 * found.error).all()


def test_noise_near_zero_does_not_pass_for_a_slope() -> None:
    def slope_of_sinc(x: Array) -> Array:  # loses all digits beside 0, and is 0 for smaller x
        angle = np.pi * x
        return np.where(x == 0, 0, (np.cos(angle) * angle - np.sin(angle)) / np.where(x == 0, 1, angle * x))

    found = estimated(slope_of_sinc, np.array([0.0]))
    assert found.slope[0] == pytest.approx(-(np.pi**2) / 3, rel=1e-6)
