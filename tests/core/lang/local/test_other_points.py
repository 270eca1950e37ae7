"""Integrals by another number of points."""

from __future__ import annotations

import pytest

from gridgrad_core.errors import RequestError
from gridgrad_core.lang.local.other_points import with_other_points
from gridgrad_core.lang.parser.parser import parse


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("integrate(u*x, u, 0, 1)", "integrate(u*x, u, 0, 1, 128)"),
        ("x + integrate(u*x, u, 0, x, 512), x", "x + integrate(u*x, u, 0, x, 1024), x"),
        ("integrate(u*x, u, 0, inf, 1001)", "integrate(u*x, u, 0, inf, 500)"),
        (
            "solve(sum(integrate(exp(u*i), u, 0, y, 8), i, 1, n) - x, y, 1)",
            "solve(sum(integrate(exp(u*i), u, 0, y, 16), i, 1, n) - x, y, 1)",
        ),
        ("diff(integrate(sin(u*x), u, 0, x), x)", "diff(integrate(sin(u*x), u, 0, x, 128), x)"),
    ],
)
def test_each_has_twice_as_many_or_half(text: str, other: str) -> None:
    assert with_other_points(parse(text)) == parse(other)


def test_without_integrals_there_is_nothing_to_compare() -> None:
    with pytest.raises(RequestError, match="a function without integrals; leave it out"):
        with_other_points(parse("solve(sum(x**i, i, 1, 99) - p, x, 0, 1)"))
