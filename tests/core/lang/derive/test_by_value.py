"""Derivatives by nodes: what is copied, what is shared, and what ends it."""

from __future__ import annotations

import pytest

from gridgrad_core.errors import TooLargeError
from gridgrad_core.lang.derive.by_value import ValueDerivatives
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.steps import finished


def test_by_an_input_it_is_the_derivative_by_that_input() -> None:
    builder = Builder()
    x, y = builder.input("x"), builder.input("y")
    product = builder.op("mul", x, y)
    derivatives = ValueDerivatives(builder)
    assert finished(derivatives.deriving(product, x)) == y
    assert finished(derivatives.deriving(product, x, 2)) is None
    assert finished(derivatives.deriving(product, x, 0)) == product


def test_by_a_value_what_else_it_is_made_of_does_not_count() -> None:
    builder = Builder()
    x = builder.input("x")
    value = builder.op("sin", x)
    assert finished(ValueDerivatives(builder).deriving(builder.op("mul", value, x), value)) == x
    assert finished(ValueDerivatives(builder).deriving(x, value)) is None


def test_a_second_call_adds_nothing() -> None:
    builder = Builder()
    x = builder.input("x")
    value = builder.op("sin", x)
    of = builder.op("exp", builder.op("exp", value))
    derivatives = ValueDerivatives(builder)
    first = finished(derivatives.deriving(of, value, 3))
    count = len(builder.nodes)
    assert finished(derivatives.deriving(of, value, 3)) == first
    assert len(builder.nodes) == count


def test_more_nodes_than_the_limit_end_it() -> None:
    builder = Builder()
    node = builder.input("x")
    for _ in range(40):
        node = builder.op("exp", builder.op("mul", node, node))
    with pytest.raises(TooLargeError):
        finished(ValueDerivatives(builder, limit=50).deriving(node, builder.input("x"), 4))
