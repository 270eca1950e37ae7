"""The noise of a residual follows what cancels in it."""

from __future__ import annotations

import pytest

from gridgrad.checks.mpmath_functions import call
from gridgrad.checks.mpmath_loops import run
from gridgrad_core.lang.loops.loop import program_of
from gridgrad_core.lang.loops.quantity import Quantities
from gridgrad_core.lang.loops.residual import Residual, Rounding
from tests.core.lang.loops.searching import operation


def residual(text: str, x: float, p: float) -> list[float]:
    """Value, noise in units, slope, step and reach."""
    terms = Quantities()
    made = Residual(terms, operation(text), [terms.input("x")], Rounding(1.0, 0.0))
    outputs = [*made.values, *made.noise, made.slope, *made.step, *made.reach]
    return [float(each) for each in run(program_of(terms, outputs), {"x": x, "1": p}, call)]


def test_the_step_is_newtons() -> None:
    value, _, slope, step, _ = residual("solve(x**2 - p, x, 1)", 3.0, 4.0)
    assert (value, slope) == (5.0, 6.0)
    assert step == pytest.approx(5 / 6)


def test_sizes_are_those_of_the_terms() -> None:
    # 9 + 4 of the terms, and 3·6 of the rounding of x
    assert residual("solve(x**2 - p, x, 1)", 3.0, 4.0)[1] == 31.0
    # Inside a product too: 2·(3 + 4) + |3·2|
    assert residual("solve(2*(x - p), x, 1)", 3.0, 4.0)[1] == 20.0


def test_the_reach_is_the_noise_over_the_slope() -> None:
    assert residual("solve(x**2 - p, x, 1)", 3.0, 4.0)[4] == pytest.approx(31 / 6)
