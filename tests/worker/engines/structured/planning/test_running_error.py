"""Bounds of rounding hold against exact arithmetic, and are of the size of what rounding does."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from gridgrad_worker.engines.structured.planning.running_error import RunningError

UNIT = 2.0**-53
RUNNING = RunningError(UNIT, 2.0**-1021)


def test_bounds_hold_and_are_no_larger_than_they_must_be() -> None:
    draw = np.random.default_rng(3)
    for _ in range(300):
        x, y, z = draw.uniform(-2, 2, 3).tolist()
        a, b, c = ((value, 0.0) for value in (x, y, z))
        total = RUNNING.sub(RUNNING.add(RUNNING.mul(a, b), c), RUNNING.neg(RUNNING.mul(b, c)))
        exact = Fraction(x) * Fraction(y) + Fraction(z) + Fraction(y) * Fraction(z)
        assert abs(Fraction(total[0]) - exact) <= Fraction(UNIT * total[1])
        assert total[1] <= 8 * (abs(x * y) + abs(z) + abs(y * z))
        quotient = RUNNING.div(total, b, RUNNING.least(b))
        assert abs(Fraction(quotient[0]) - exact / Fraction(y)) <= Fraction(UNIT * quotient[1] * (1 + 1e-9))


def test_many_points_are_as_one_by_one() -> None:
    x = (np.array([1.5, -2.0]), np.array([3.0, 0.5]))
    y = (np.array([0.1, 7.0]), np.array([1.0, 2.0]))
    for operation in (RUNNING.add, RUNNING.sub, RUNNING.mul):
        value, error = operation(x, y)
        for n in range(2):
            assert operation((x[0][n], x[1][n]), (y[0][n], y[1][n])) == (value[n], error[n])


def test_a_divisor_that_may_be_0_has_no_least_size() -> None:
    assert RUNNING.least((1e-20, 1.0)) <= 0 < RUNNING.least((1e-10, 1.0))
