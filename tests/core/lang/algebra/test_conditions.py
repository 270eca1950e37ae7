"""Conditions that are known are decided, and so is what is chosen by them; others are written down."""

from __future__ import annotations

import math

import pytest

from gridgrad_core.lang.algebra.conditions import FALSE, TRUE, Conditions
from gridgrad_core.lang.program.nodes import Builder, Node


@pytest.fixture
def algebra() -> Conditions:
    return Conditions(Builder())


def test_comparisons_of_constants_are_decided(algebra: Conditions) -> None:
    one, two = algebra.const(1.0), algebra.const(2.0)
    assert algebra.compare("lt", one, two) == TRUE
    assert algebra.compare("eq", one, algebra.const(math.nan)) == FALSE


def test_what_is_made_of_decided_conditions_is_no_operation() -> None:
    builder = Builder()
    algebra = Conditions(builder)
    x, one = builder.input("x"), algebra.const(1.0)
    is_open = builder.op("gt", x, one)
    count = len(builder.nodes)
    assert algebra.both(is_open, TRUE) == algebra.both(TRUE, is_open) == is_open
    assert algebra.either(FALSE, is_open) == algebra.either(is_open, FALSE) == is_open
    assert algebra.both(is_open, FALSE) == algebra.no(TRUE) == FALSE
    assert algebra.either(is_open, TRUE) == algebra.no(FALSE) == TRUE
    assert algebra.where(TRUE, x, one) == algebra.where(is_open, x, x) == x
    assert algebra.where(FALSE, x, one) == one
    assert algebra.compare("ne", is_open, algebra.const(0.0)) == is_open
    assert len(builder.nodes) == count + 1  # the constant 0


def test_others_are_written_down() -> None:
    builder = Builder()
    algebra = Conditions(builder)
    x, one = builder.input("x"), algebra.const(1.0)
    above, below = algebra.compare("gt", x, one), algebra.compare("lt", x, one)
    assert builder.nodes[algebra.both(above, below)] == Node("and", (above, below))
    assert builder.nodes[algebra.either(above, below)] == Node("or", (above, below))
    assert builder.nodes[algebra.no(above)] == Node("not", (above,))
    assert builder.nodes[algebra.where(above, x, one)] == Node("where", (above, x, one))
