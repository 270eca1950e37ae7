"""How far a solution may be off: by its arguments, by rounding in the residual, and not at all where it is unsure."""

from __future__ import annotations

import numpy as np
import pytest

from gridgrad_worker.engines.compiled.verification.solution_errors import solution_with_error
from tests.core.lang.loops.searching import operation

UNIT = 2.0**-53
ROOT = operation("solve(x**2 - p, x, 1)")


def bounded(points: list[float], error: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    return np.array(points), np.full(len(points), error)


def test_the_error_of_an_argument_moves_it_by_the_slope() -> None:
    value, error = solution_with_error(ROOT, [bounded([1.0]), bounded([4.0], 1e6)], UNIT)
    assert value == pytest.approx(2.0)
    assert 0.25e6 <= error <= 1e6


def test_without_errors_rounding_is_left() -> None:
    _, error = solution_with_error(ROOT, [bounded([1.0, 1.0]), bounded([4.0, 2.0])], UNIT)
    assert (error > 2).all()
    assert (error < 500).all()


def test_where_nothing_is_found_nothing_is_told() -> None:
    value, error = solution_with_error(ROOT, [bounded([1.0]), bounded([-1.0])], UNIT)
    assert np.isnan(value)
    assert np.isinf(error)


def test_where_another_root_is_as_near_nothing_is_told() -> None:
    # The guess lies where the residual turns: a little to either side decides
    turning = operation("solve(cos(x) - p, x, 1)")
    _, unsure = solution_with_error(turning, [bounded([3.14159265358979]), bounded([0.3])], UNIT)
    assert np.isinf(unsure)


def test_the_sizes_of_terms_bound_what_rounding_makes_of_a_sum() -> None:
    alternating = operation("sum(cos(pi*i)*x, i, 1, 100)")
    value, error = solution_with_error(alternating, [bounded([1.0]), bounded([100.0]), bounded([3.0], 8.0)], UNIT)
    assert abs(value) < 1e-10
    assert 300 < error < 1e5
    _, unsure = solution_with_error(operation("sum(i*x, i, 1, n)"), [*[bounded([1.0], 1.0)] * 2, bounded([3.0])], UNIT)
    assert np.isinf(unsure)
