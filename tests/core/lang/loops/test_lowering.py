"""Each form of `solve` has its loop, made once."""

from __future__ import annotations

from gridgrad_core.lang.loops.lowering import loop_of
from gridgrad_core.lang.loops.residual import Rounding
from tests.core.lang.loops.searching import FLOAT64, operation


def test_loops_are_kept_by_what_they_compute_and_the_dtype() -> None:
    first = loop_of(operation("solve(x - p, x, 1)"), FLOAT64)
    assert loop_of(operation("solve(x - q, x, 3)"), FLOAT64) is first
    assert loop_of(operation("solve(x - p, x, 1)"), Rounding(2.0**-23, 2.0**-126)) != first


def test_bounds_are_searched_between() -> None:
    assert loop_of(operation("solve(x - p, x, 0, 1)"), FLOAT64).start.inputs == ("0", "1")
    assert loop_of(operation("solve((x - p, y - x), (x, y), (0, 1))"), FLOAT64).start.inputs == ("0", "1")
    assert loop_of(operation("solve(x - p, x, 0)"), FLOAT64).start.inputs == ("0",)
