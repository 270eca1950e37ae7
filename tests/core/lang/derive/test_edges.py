"""Where a slope of 0 meets an infinite one, and which of both wins."""

from __future__ import annotations

import math

import pytest

from gridgrad_core.lang.algebra.chain_rule import ChainRule
from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.derive.edges import has_pole
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.steps import finished
from tests.core.lang.evaluator import evaluate


@pytest.mark.parametrize(
    ("argument", "poles"),
    [
        ("1/x", ["x"]),
        ("-2/x**2", ["x"]),
        ("(x - y)/(8*y)", ["y"]),
        ("log(x)/y", ["y"]),
        ("x**-2", ["x"]),
        ("reciprocal(x)", ["x"]),
        ("3*(1/sqrt(x))", ["x"]),
        ("1/(2*x*x)", ["x"]),
        ("x/2", []),
        ("x/(1 + y)", []),
        ("x/(y*sqrt(x))", []),
        ("x**2", []),
        ("x", []),
    ],
)
def test_poles_are_divisions_by_inputs(argument: str, poles: list[str]) -> None:
    for function in ("exp", "norm_cdf"):
        builder, program = Builder(), parse(f"{function}({argument})")
        for node in program.nodes:
            builder.take(node)
        algebra = ChainRule(builder)
        finished(algebra.reading())
        node = builder.nodes[program.outputs[0]]
        found = [name for name in ("x", "y") if has_pole(algebra, builder.nodes, node, name)]
        assert found == (poles if function == "exp" or not poles else ["x", "y"])


def test_exponentials_stay_factors_of_sums() -> None:
    derived = derive(parse("x*exp(-x/y)"), [("x",), ("x", "x")])
    assert not any(node.op == "where" for node in derived.program.nodes)


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
