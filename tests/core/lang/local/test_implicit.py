"""Derivatives by the implicit function theorem are what a book has."""

from __future__ import annotations

import pytest

from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.parser.parser import parse


def derived(text: str, *wrt: str) -> str:
    return str(derive(parse(text), [wrt]).alone(wrt))


def test_the_slope_is_the_quotient_of_the_residuals() -> None:
    assert derived("solve(x**3 + p*x - 1, x, 1)", "p") == ("v1 = solve(x**3 + p*x - 1, x, 1)\n-(v1/(3*v1**2 + p))")


def test_what_the_residual_does_not_read_has_no_part() -> None:
    assert derived("solve(x**3 - q, x, p)", "p") == "0"
    assert derived("solve(x**3 - q, x, p, p + 9)", "p") == "0"


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_no_derivative_is_searched_for(order: int) -> None:
    text = derived("solve(exp(x) + p*x - q, x, 1)", *["p"] * order)
    assert text.count("solve(") == 1


def test_both_unknowns_of_a_system_are_in_its_slopes() -> None:
    text = derived("solve((x**2 + y**2 - p, x*y - q), (x, y), (1, 2), x)", "p")
    assert text.count("solve(") == 2
