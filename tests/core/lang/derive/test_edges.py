"""Where a slope of 0 meets an infinite one, and which of both wins."""

from __future__ import annotations

import math

import pytest

from gridgrad_core.lang.algebra.chain_rule import ChainRule
from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.derive.edges import poles
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.steps import finished
from tests.core.lang.evaluator import evaluate


@pytest.mark.parametrize(
    ("argument", "pole"),
    [
        ("1/x", True),
        ("-2/x**2", True),
        ("x**-2", True),
        ("-(3*reciprocal(x))", True),
        ("3*(1/sqrt(x))", True),
        ("1/(2*x*x)", True),
        ("log(x)/y", True),
        ("(x - y)/(8*y)", True),
        ("-(x - 1)**2/(2*y**2)", True),
        ("-0.5*((x - 1)/y)**2", True),
        ("x - square(1/y)", True),
        ("(1/x - 1.2)**2", False),
        ("x/2", False),
        ("x/(1 + y)", False),
        ("x/(y*sqrt(x))", True),
        ("x/sqrt(4*y)", True),
        ("(log(x) + y*z)/(w*sqrt(y)) - w*sqrt(y)", True),
        ("x/(y + 1) - y", False),
        ("x*y/cos(x)", False),
        ("x**2", False),
        ("x", False),
    ],
)
def test_poles_are_divisions_by_inputs(argument: str, pole: bool) -> None:
    for function in ("exp", "2**", "norm_cdf"):
        builder, program = Builder(), parse(f"{function}({argument})")
        for node in program.nodes:
            builder.take(node)
        algebra = ChainRule(builder)
        finished(algebra.reading())
        assert bool(poles(algebra, builder.nodes, builder.nodes[program.outputs[0]])) == pole


@pytest.mark.parametrize("text", ["exp(-1/x**2)", "exp(-1/(2*x*x))", "x*exp(-1/x**2)"])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_exponentials_beat_poles(text: str, order: int) -> None:
    wrt = ("x",) * order
    assert evaluate(derive(parse(text), [wrt]).alone(wrt), x=0.0) == [0]


def test_base_and_exponent_that_vanish_together() -> None:
    slope = derive(parse("x**x"), [("x",)]).alone(("x",))
    assert evaluate(slope, x=0.0) == [-math.inf]
    assert evaluate(slope, x=2.0) == pytest.approx([4 * (1 + math.log(2))], rel=1e-15)
    both = derive(parse("(2*x)**(x + 1)"), [("x",)]).alone(("x",))
    assert evaluate(both, x=0.0) == pytest.approx([2])


def test_by_one_of_both_the_conventions_of_the_table_hold() -> None:
    for by in ("x", "y"):
        assert evaluate(derive(parse("x**y"), [(by,)]).alone((by,)), x=0.0, y=0.0) == [0]
