"""Newton steps from a guess: roots to rounding, and nan where there are none."""

from __future__ import annotations

import math

import pytest

from gridgrad_core.lang.loops.newton import newton
from tests.core.lang.loops.searching import FLOAT64, operation, solved, steps


@pytest.mark.parametrize("guess", [0.1, 1.0, 1.5, 40.0, 1e6])
def test_the_guess_does_not_show_in_the_root(guess: float) -> None:
    assert solved("solve(x**2 - p, x, g)", guess, 2.0) == pytest.approx(math.sqrt(2), rel=3e-16)


def test_few_steps_are_needed() -> None:
    assert steps(newton(operation("solve(x**2 - p, x, 1)"), FLOAT64), 1.0, 2.0)[1] <= 8


def test_steps_that_lead_too_far_are_shortened() -> None:
    assert solved("solve(arctan(x) - p, x, g)", 20.0, 0.5) == pytest.approx(math.tan(0.5), rel=1e-15)


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("solve(x**2 - p, x, 1)", (1.0, -1.0)),
        ("solve(x**2 - p, x, 1)", (1.0, 0.0)),
        ("solve(x**2 - 2*x + 1 - p, x, 3)", (3.0, 0.0)),
        ("solve(exp(-x) + p, x, 1)", (1.0, 0.0)),
        ("solve(x**2 - p, x, 1)", (1.0, math.nan)),
        ("solve(x**2 - p, x, g)", (math.nan, 2.0)),
        ("solve(x**2 - p, x, g)", (math.inf, 2.0)),
        ("solve((x**2 + y**2 - p, x - y), (x, y), (1, 2))", (1.0, 2.0, -1.0)),
    ],
)
def test_no_number_stands_for_what_is_not_found(text: str, arguments: tuple[float, ...]) -> None:
    assert math.isnan(solved(text, *arguments))


def test_a_root_at_zero_is_found() -> None:
    assert solved("solve(sin(x) - p, x, 1)", 1.0, 0.0) == 0.0


def test_systems_of_other_scales_are_solved() -> None:
    text = "solve((1e9*(x*y - p), 1e-9*(x + y - q)), (x, y), (0.4, 3))"
    assert solved(text, 0.4, 3.0, 2.0, 3.0) in (pytest.approx(1.0, rel=1e-14), pytest.approx(2.0, rel=1e-14))


@pytest.mark.parametrize(
    ("text", "arguments", "most"),
    [
        ("solve(x**2 - p, x, 1)", (1.0, 2.0), 5),
        ("solve((x**2 + y - p, x*y - q), (x, y), (1.5, 1.5))", (1.5, 1.5, 3.0, 1.0), 7),
    ],
)
def test_the_slope_where_the_last_step_came_from_tells_that_a_root_is_simple(
    text: str, arguments: tuple[float, ...], most: int
) -> None:
    """One look at the residual for each try, none to see whether it is a double root, and none at what is found."""
    assert steps(newton(operation(text), FLOAT64), *arguments)[1] <= most
