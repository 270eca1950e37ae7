"""Rules, each written down once."""

from __future__ import annotations

import pytest

from gridgrad.formats.trees.building import Building, Rule
from gridgrad.formats.trees.rule_making import combined, folded, named, with_zeros_noted, written
from gridgrad.tracing.outputs import Outcome
from gridgrad.tracing.traced_program import program_from


def text_of(rule: Rule, arguments: int) -> str:
    building = Building()
    inputs = [building.operations.input(name, 0) for name in "pqr"[:arguments]]
    value = rule.build(building, *inputs)
    return program_from(building.operations, Outcome(("f",), (building.operations.number(value),), False)).text


@pytest.mark.parametrize(
    ("rule", "arguments", "text"),
    [
        (named("hypot", 2), 2, "hypot(p, q)"),
        (written("x y", "y**2/x"), 2, "q**2/p"),
        (written("x", "x > 2"), 1, "where(p > 2, 1, 0)"),
        (folded("a b", "a/b"), 3, "p/q/r"),
        (folded("a b", "a/b"), 1, "p"),
        (combined("and", "not"), 2, "where(not (p != 0 and q != 0), 1, 0)"),
    ],
)
def test_rules_write_formulas_of_the_language(rule: Rule, arguments: int, text: str) -> None:
    assert text_of(rule, arguments) == text


def test_a_condition_that_is_written_stays_one() -> None:
    building = Building()
    (x,) = (building.operations.input("x", 0),)
    assert written("x", "x > 2").build(building, x).kind == "boolean"


def test_a_rule_says_its_formula_unless_told_not_to() -> None:
    assert written("x", "x + 1", "so it is").note == "x + 1: so it is"
    assert written("x", "x + 1", noted=False).note == ""


def test_products_with_zero_are_noted() -> None:
    building = Building()
    x, zero = building.operations.input("x", 3), building.number(0.0)
    with_zeros_noted("Test")["*"].build(building, x, zero)
    with_zeros_noted("Test")["/"].build(building, x, zero)
    ((start, note),) = building.notes
    assert start == 3
    assert note.startswith("Test simplifies 0*x to 0")
