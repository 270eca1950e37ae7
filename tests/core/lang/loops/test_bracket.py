"""Newton steps between bounds: what has a root there is found, and what has none is not."""

from __future__ import annotations

import math

import pytest

from gridgrad_core.lang.loops.bracket import bracket
from tests.core.lang.loops.searching import FLOAT64, operation, solved, steps


@pytest.mark.parametrize("power", [1, 2, 3, 7, 20])
def test_roots_of_powers(power: int) -> None:
    assert solved(f"solve(x**{power} - p, x, 0, 10)", 0.0, 10.0, 3.0) == pytest.approx(3.0 ** (1 / power), rel=4e-16)


def test_either_bound_may_be_the_one_where_the_residual_is_negative() -> None:
    assert solved("solve(p - x**2, x, 0, 10)", 0.0, 10.0, 2.0) == pytest.approx(math.sqrt(2), rel=3e-16)


def test_a_bound_may_be_the_root() -> None:
    assert solved("solve(x - p, x, 0, 10)", 0.0, 10.0, 0.0) == 0.0
    assert solved("solve(x - p, x, 0, 10)", 0.0, 10.0, 10.0) == 10.0


def test_the_residual_may_be_infinite_at_a_bound() -> None:
    assert solved("solve(log(x) - p, x, 0, 10)", 0.0, 10.0, 1.0) == pytest.approx(math.e, rel=3e-16)


def test_what_is_found_is_not_looked_at_where_the_last_step_leaves_nothing() -> None:
    found, count = steps(bracket(operation("solve(x**2 - p, x, 0, 5)"), FLOAT64), 0.0, 5.0, 2.0)
    assert found == pytest.approx(2**0.5, rel=3e-16)
    assert count <= 7


def test_the_number_of_steps_is_bounded_by_bisection() -> None:
    found, count = steps(bracket(operation("solve(x**21 - p, x, -1, 5)"), FLOAT64), -1.0, 5.0, 2.0)
    assert found == pytest.approx(2 ** (1 / 21), rel=4e-16)
    assert count < 60


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("solve(x**2 - p, x, 0, 1)", (0.0, 1.0, 2.0)),
        ("solve(1/(x - p), x, 0, 1)", (0.0, 1.0, 0.3)),
        ("solve(tan(x) - p, x, 1, 2)", (1.0, 2.0, 0.0)),
        ("solve(where(x < p, -1, x), x, 0, 1)", (0.0, 1.0, 0.3)),
        ("solve(x - p, x, a, b)", (3.0, 1.0, 2.0)),
        ("solve(x - p, x, a, b)", (0.0, math.inf, 2.0)),
        ("solve(x - p, x, a, b)", (0.0, math.nan, 2.0)),
        ("solve(x - p, x, a, b)", (0.0, 1.0, math.nan)),
        ("solve(x**3 - 3*x**2 + 3*x - p, x, 0, 3.5)", (0.0, 3.5, 1.0)),
        ("solve(x**3 - p, x, -1, 1)", (-1.0, 1.0, 0.0)),
    ],
)
def test_no_number_stands_for_what_is_no_root(text: str, arguments: tuple[float, ...]) -> None:
    assert math.isnan(solved(text, *arguments))


def test_a_root_that_rounding_moves_far_is_none() -> None:
    """The volatility of an option so deep in the money that its price says nothing of it."""
    text = "solve(100*norm_cdf(d/s + s/2) - 60*norm_cdf(d/s - s/2) - p, s, 0.01, 5)"
    assert math.isnan(solved(text, 0.01, 5.0, math.log(100 / 60), 40.0))
    assert solved(text, 0.01, 5.0, math.log(100 / 60), 45.0) == pytest.approx(0.6018, abs=1e-3)
