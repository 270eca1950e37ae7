"""Adjoints without dims against closed forms, and the choices at corners that forward mode has."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from gridgrad_core.errors import TooLargeError
from gridgrad_core.lang.adjoint.reverse_mode import ReverseMode
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.canonical import collecting
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished
from tests.core.lang.evaluator import evaluate


def gradient(text: str, at: Mapping[str, float], cotangent: str = "") -> dict[str, float]:
    """By each input at a point."""
    given = parse(cotangent, [*at]) if cotangent else None
    reverse = ReverseMode(parse(text, [*at]), given, dict.fromkeys(at, 0))
    found = {name: node for name, node in reverse.derive([*at]).gradient.items() if node is not None}
    nodes, places = finished(collecting(reverse.builder.nodes, [*found.values()]))
    outputs = tuple(places[node] for node in found.values())
    program = Program(tuple(nodes), outputs, tuple(found), True, tuple(at))
    return dict(zip(found, map(float, evaluate(program, **at)), strict=True))


def test_products_powers_and_what_is_used_twice() -> None:
    x, y = 1.3, 0.7
    found = gradient("x*sin(y)*x + exp(x*y)/y", {"x": x, "y": y})
    e = math.exp(x * y)
    assert found["x"] == pytest.approx(2 * x * math.sin(y) + e, rel=1e-14)
    assert found["y"] == pytest.approx(x * x * math.cos(y) + x * e / y - e / y**2, rel=1e-14)


def test_cotangents_weigh_components() -> None:
    found = gradient("(x*y, x**2)", {"x": 2.0, "y": 3.0, "c": 5.0}, "(c, 1 + y)")
    assert found == {"x": 5 * 3 + 4 * 4, "y": 10}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("where(x > 0, sqrt(x), 2*x)", 2.0),
        ("where(x > 0, 1/x + log(x), 2*x) + 3*x", 5.0),
        ("abs(x) + x", 1.0),
        ("maximum(x, 0)", 0.5),
        ("sqrt(x**2)*x", 0.0),
        ("exp(-1/x**2)", 0.0),
    ],
)
def test_at_corners_it_is_what_forward_mode_says(text: str, expected: float) -> None:
    assert gradient(text, {"x": 0.0}) == {"x": expected}


def test_what_the_function_does_not_vary_with_has_no_adjoint() -> None:
    assert gradient("floor(x)*y", {"x": 1.5, "y": 2.0}) == {"y": 1.0}


def test_too_many_operations_are_refused() -> None:
    program = parse("sin(x)*cos(x)*tan(x)*exp(x)", ["x"])
    with pytest.raises(TooLargeError, match="more than 10 operations"):
        ReverseMode(program, None, {"x": 0}, limit=10).derive(["x"])
