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
