"""Which nodes are constant, and what they come to."""

from __future__ import annotations

import math

import pytest

from gridgrad_core.lang.algebra.constants import Constants
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.steps import finished


@pytest.mark.parametrize(
    ("op", "values", "result"),
    [
        ("add", (2.0, 3.0), 5.0),
        ("sub", (2.0, 3.0), -1.0),
        ("mul", (2.0, 3.0), 6.0),
        ("div", (2.0, 3.0), 2 / 3),
        ("neg", (2.0,), -2.0),
        ("pow", (2.0, -3.0), 0.125),
        ("pow", (2.0, 0.5), None),
        ("pow", (2.0, 1025.0), None),
        ("pow", (10.0, 400.0), None),
        ("div", (2.0, 0.0), None),
        ("mul", (1e300, 1e300), None),
        ("add", (math.inf, 1.0), None),
        ("sin", (0.0,), None),
        ("mod", (7.0, 4.0), None),
    ],
)
def test_arithmetic_is_computed_where_it_is_finite(op: str, values: tuple[float, ...], result: float | None) -> None:
    constants = Constants(Builder())
    nodes = tuple(constants.add(value) for value in values)
    assert constants.computed(op, nodes) == result


def test_what_has_an_input_is_not_computed() -> None:
    builder = Builder()
    constants = Constants(builder)
    assert constants.computed("add", (builder.input("x"), constants.add(1.0))) is None


def test_what_others_added_is_known_once_it_was_read() -> None:
    builder = Builder()
    constants = Constants(builder)
    quotient = builder.op("div", builder.const(1.0), builder.const(4.0))
    product = builder.op("mul", quotient, builder.input("x"))
    assert constants.get(quotient) is None
    finished(constants.reading())
    assert constants.get(quotient) == 0.25
    assert constants.get(product) is None
    later = builder.op("neg", quotient)
    finished(constants.reading())
    assert constants.get(later) == -0.25


def test_signs_of_zeros_are_kept() -> None:
    builder = Builder()
    constants = Constants(builder)
    minus = constants.add(-0.0)
    assert minus != constants.add(0.0)
    value = constants.get(minus)
    assert value is not None
    assert math.copysign(1, value) == -1


def test_reading_is_done_in_steps() -> None:
    builder = Builder()
    for value in range(1000):
        builder.const(float(value))
    assert sum(1 for _ in Constants(builder).reading()) >= 1000 // limits.STEP_NODES
