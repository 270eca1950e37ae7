"""Tangents of functions, as one would write them."""

from __future__ import annotations

import pytest

from gridgrad.frameworks.tangent_program import tangent_program
from gridgrad_core.lang.parser.parser import parse


@pytest.mark.parametrize(
    ("text", "moving", "expected"),
    [
        ("a*sin(t)", ("t",), "a*cos(t)*t_dot"),
        ("a*sin(t)", ("a", "t"), "sin(t)*a_dot + a*cos(t)*t_dot"),
        ("t**2, a", ("t",), "2*t*t_dot, a"),
        ("where(t > 0, t**3, a)", ("t", "a"), "where(v1, 3*t**2, 0)*t_dot + where(v1, 0, 1)*a_dot"),
    ],
)
def test_a_tangent_is_the_sum_of_slopes_times_moves(text: str, moving: tuple[str, ...], expected: str) -> None:
    found = tangent_program(parse(text), tuple((name, f"{name}_dot") for name in moving))
    assert found is not None
    assert (found.components, found.tuple_valued) == (parse(text).components, parse(text).tuple_valued)
    assert parse(str(found)) == found
    assert str(found).splitlines()[-1] == expected


def test_what_does_not_move_has_none() -> None:
    assert tangent_program(parse("t + 1"), (("a", "a_dot"),)) is None
