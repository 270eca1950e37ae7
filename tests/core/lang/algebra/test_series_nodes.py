"""Power series as polynomials, and where they are right."""

from __future__ import annotations

import math

import pytest

from gridgrad_core.lang.algebra.power_series import PowerSeries, constant, series_of, variable
from gridgrad_core.lang.algebra.series_nodes import polynomial, range_of
from gridgrad_core.lang.algebra.simplify import Algebra
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.program import Program
from tests.core.lang.evaluator import evaluate

QUOTIENT = series_of("div", series_of("sinh", variable()), variable())
ENTIRE = series_of("exp", variable())
POLE = series_of("div", ENTIRE, series_of("mul", variable(), series_of("square", variable())))
GEOMETRIC = series_of("reciprocal", series_of("sub", constant(1), series_of("mul", constant(3), variable())))


def written(series: PowerSeries, near: float) -> Program:
    builder = Builder()
    x = builder.input("x")
    output = polynomial(Algebra(builder), series, x, near)
    return Program(tuple(builder.nodes), (output,), ("f",), tuple_valued=False, inputs=("x",))


@pytest.mark.parametrize(("series", "near"), [(QUOTIENT, 1.0), (ENTIRE, 1.0), (POLE, 1.0), (GEOMETRIC, 0.0625)])
def test_it_is_used_as_far_as_it_converges(series: PowerSeries, near: float) -> None:
    assert range_of(series) == near


@pytest.mark.parametrize(
    ("series", "value"),
    [
        (QUOTIENT, lambda x: math.sinh(x) / x),
        (ENTIRE, math.exp),
        (POLE, lambda x: math.exp(x) / x**3),
        (GEOMETRIC, lambda x: 1 / (1 - 3 * x)),
    ],
)
def test_up_to_there_it_has_all_digits(series: PowerSeries, value: object) -> None:
    near = range_of(series)
    program = written(series, near)
    for share in (1e-6, 0.3, 0.99):
        assert callable(value)
        assert evaluate(program, x=share * near) == pytest.approx([value(share * near)], rel=1e-15)


def test_an_even_one_is_written_by_the_square() -> None:
    assert sum(node.op == "mul" for node in written(QUOTIENT, 1.0).nodes) < 10


def test_one_of_few_terms_is_used_at_zero_alone() -> None:
    assert range_of(series_of("exp", variable(4))) == 0
    assert range_of(constant(0)) == 0
    assert (
        range_of(series_of("reciprocal", series_of("sub", constant(1), series_of("mul", constant(30), variable()))))
        == 0
    )
