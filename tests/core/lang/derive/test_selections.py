"""The derivatives of max, min, clip and relu beside ties and at them."""

from __future__ import annotations

import pytest

from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.parser.parser import parse
from tests.core.lang.evaluator import evaluate


def slope(text: str, by: str, **inputs: float) -> float:
    (value,) = evaluate(derive(parse(text), [(by,)]).alone((by,)), **inputs)
    return value


@pytest.mark.parametrize(
    ("text", "at_one", "at_two", "at_three"),
    [
        ("max(x, 2)", 0, 0.5, 1),
        ("min(x, 2)", 1, 0.5, 0),
        ("max(2, x)", 0, 0.5, 1),
        ("fmax(x, 2)", 0, 0.5, 1),
        ("fmin(2, x)", 1, 0.5, 0),
        ("clip(x, 2, 5)", 0, 0.5, 1),
        ("clip(x, 0, 2)", 1, 0.5, 0),
        ("clip(x, 2, 2)", 0, 0, 0),
        ("clip(x, 3, 2)", 0, 0, 0),
        ("relu(x - 2)", 0, 0.5, 1),
        ("max(x, 2, 2)", 0, 1 / 3, 1),
        ("min(2, x, 2)", 1, 1 / 3, 0),
    ],
)
def test_slopes_beside_the_tie_and_at_it(text: str, at_one: float, at_two: float, at_three: float) -> None:
    found = [slope(text, "x", x=x) for x in (1.0, 2.0, 3.0)]
    assert found == pytest.approx([at_one, at_two, at_three], rel=1e-15)


def test_bounds_that_are_inputs_have_slopes() -> None:
    assert [slope("clip(x, y, 5 + 0*y)", "y", x=x, y=2.0) for x in (1.0, 2.0, 3.0)] == [1, 0.5, 0]
    assert slope("clip(x, y, z)", "z", x=1.0, y=3.0, z=2.0) == 1


def test_the_derivative_of_a_maximum_is_written_once_for_both_sides() -> None:
    text = derive(parse("max(x*y, x + y)"), [("x",)]).alone(("x",)).text
    assert text.count("where") == 2
    assert text.count(">") == 1
