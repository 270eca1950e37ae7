"""Operations with a sub-program are equal when they compute the same."""

from __future__ import annotations

from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.parser.parser import parse


def operation(text: str) -> LocalOperation:
    return next(node.op for node in reversed(parse(text).nodes) if isinstance(node.op, LocalOperation))


def test_the_name_says_what_is_computed_and_not_of_what() -> None:
    assert operation("solve(x**2 - p, x, 1)") == operation("solve(x**2 - q*t, x, 7)")
    assert operation("solve(x**2 - p, x, 1)") != operation("solve(x**2 + p, x, 1)")
    assert operation("solve(x**2 - p, x, 1)") != operation("solve(x**2 - p, x, 0, 2)")


def test_siblings_are_the_other_unknowns() -> None:
    second = operation("solve((x - y, x*y - p), (x, y), (1, 2), y)")
    assert second.which == 1
    assert second.sibling(0) == operation("solve((x - y, x*y - p), (x, y), (1, 2), x)")


def test_the_depth_counts_what_is_inside() -> None:
    assert operation("solve(x - p, x, 1)").depth == 1
    assert operation("solve(solve(y**3 - x, y, 1) - p, x, 1)").depth == 2


def test_what_does_not_depend_on_the_unknown_is_an_argument() -> None:
    made = operation("solve(x**2 + exp(p)*sin(q) - 3, x, 1)")
    assert made.body.inputs == ("x", "1")
    assert not [node for node in made.body.nodes if node.op in ("exp", "sin")]
