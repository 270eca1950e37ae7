"""Quantities are nodes, written with Python's operators."""

from __future__ import annotations

import math

import pytest

from gridgrad.checks.mpmath_functions import call
from gridgrad.checks.mpmath_loops import run
from gridgrad_core.lang.loops.loop import program_of
from gridgrad_core.lang.loops.quantity import Quantities, Quantity, all_of, total


def computed(terms: Quantities, *outputs: Quantity, **inputs: float) -> list[float]:
    return [float(each) for each in run(program_of(terms, outputs), inputs, call)]


def test_operators_are_those_of_the_language() -> None:
    terms = Quantities()
    x, y = terms.input("x"), terms.input("y")
    found = computed(terms, x + y, x - 1.0, x * y, x / 4.0, -x, abs(-x), x.larger(y), x.smaller(y), x=3.0, y=2.0)
    assert found == [5, 2, 6, 0.75, -3, 3, 3, 2]


def test_conditions_choose() -> None:
    terms = Quantities()
    x = terms.input("x")
    conditions = [x < 2.0, x <= 3.0, x > 3.0, x.equals(3.0), ~x.is_finite(), (x < 2.0) | (x > 2.0)]
    found = computed(terms, *[each.then(1.0, 0.0) for each in conditions], x=3.0)
    assert found == [0, 1, 0, 1, 0, 1]
    assert computed(terms, all_of(conditions).then(1.0, 0.0), x=3.0) == [0]


def test_totals_add_up() -> None:
    terms = Quantities()
    assert computed(terms, total([terms.const(each) for each in (1.0, 2.0, 4.0)])) == [7]


def test_programs_are_spliced_with_terms_for_their_inputs() -> None:
    inner = Quantities()
    outer = Quantities()
    doubled = inner.input("x") * inner.input("y")
    (*_, last) = outer.splice(inner.builder.nodes, {"x": outer.const(math.e)})
    assert doubled.node == last.node
    assert computed(outer, last, y=2.0) == [pytest.approx(2 * math.e)]
