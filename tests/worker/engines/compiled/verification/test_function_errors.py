"""What errors of arguments make of each function holds against mpmath, and is inf where nothing can be told."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from gridgrad.checks.mpmath_functions import VALUES as EXACT
from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_worker.engines.compiled.verification.function_errors import function_with_error, is_wrong

UNIT = 2.0**-53
ERROR = 1e6
OF_ONE = [
    name
    for name, function in FUNCTIONS.items()
    if function.params == ("x",) and function.result == "number" and not function.kinds and name != "neg"
]
POINTS = np.array([0.07, 0.3, 0.49, 0.77, 0.95, 1.3, 1.9, 2.7, 5.2, -0.07, -0.31, -0.9, -1.6, -4.4])


@pytest.mark.parametrize("name", OF_ONE)
def test_the_bound_holds_for_moved_arguments_and_says_something(name: str) -> None:
    value, error = function_with_error(name, (), [(POINTS, ERROR * np.abs(POINTS))], UNIT)
    told = np.isfinite(value) & np.isfinite(error)
    with mpmath.workdps(40):
        for x, found, bound in zip(POINTS[told], value[told], error[told], strict=True):
            for move in (-1, -0.4, 0, 0.7, 1):
                moved = mpmath.mpf(float(x)) + move * mpmath.mpf(ERROR * abs(float(x)) * UNIT)
                right = EXACT[name](moved)
                assert abs(float(found) - right) <= 1.01 * UNIT * bound, f"{name} at {x}"
    assert told.any(), name
    # Of a number between 0.07 and 5.2 that is known to 1e-10
    assert (UNIT * error[told] < 1e-6 * (1 + np.abs(value[told]))).all(), name


def test_exact_arguments_leave_rounding_alone() -> None:
    x = np.array([0.3, 2.0, 30.0])
    value, error = function_with_error("exp", (), [(x, np.zeros(3))], UNIT)
    assert (error > 0).all()
    assert (error <= 16 * value).all()
    _, error = function_with_error("floor", (), [(x, np.zeros(3))], UNIT)
    assert (error == 0).all()


@pytest.mark.parametrize(
    ("name", "x"), [("sqrt", 1e-20), ("log", 1e-20), ("arcsin", 1.0), ("reciprocal", 0.0), ("tan", np.pi / 2)]
)
def test_nothing_is_told_beside_poles_and_ends_of_domains(name: str, x: float) -> None:
    far, near = (function_with_error(name, (), [(np.array([x]), np.array([e]))], UNIT)[1] for e in (0.0, 1e3))
    assert near[0] > 1e12 * (1 + far[0]) or np.isinf(near[0])


def test_a_jump_counts_where_the_argument_may_lie_beyond_it() -> None:
    x = np.array([3.0, 3.5])
    _, error = function_with_error("floor", (), [(x, np.full(2, 4.0))], UNIT)
    assert (error * UNIT).tolist() == [1, 0]


def test_what_is_not_finite_wherever_the_argument_lies_is_certain() -> None:
    x = np.array([800.0, 709.782712893384, -1.0])
    value, error = function_with_error("exp", (), [(x, np.full(3, 1e4))], UNIT)
    assert (value[0], error[0]) == (np.inf, 0)
    assert np.isinf(error[1])
    value, error = function_with_error("log", (), [(x, np.full(3, 1e4))], UNIT)
    assert np.isnan(value[2])
    assert error[2] == 0


def test_integers_and_conditions_are_taken() -> None:
    value, error = function_with_error("polygamma", (1,), [(np.array([1.0]), np.zeros(1))], UNIT)
    assert abs(value[0] - np.pi**2 / 6) <= UNIT * error[0] < 1e-12


def test_nan_is_the_same_as_nan() -> None:
    found = is_wrong(np.array([np.nan, np.nan, 1.0, np.inf, 0.0]), np.array([np.nan, 1.0, 1.0, -np.inf, -0.0]))
    assert found.tolist() == [False, True, False, True, False]
