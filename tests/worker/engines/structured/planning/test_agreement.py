"""Two programs are told apart at a random point where they differ by more than rounding, and only there."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.nodes import Builder, Node
from gridgrad_worker.engines.structured.planning.agreement import deviation
from gridgrad_worker.engines.structured.planning.plan import SEPARATED

NAMES = ["x", "y", "z"]


def program(text: str) -> tuple[Sequence[Node], Sequence[int]]:
    parsed = parse(text, NAMES)
    return parsed.nodes, parsed.outputs


@pytest.mark.parametrize(
    ("written", "rewritten"),
    [
        ("x**2 - y - x", "x**2 - x + y"),
        ("x + y + x**2 + y", "x + y + x**2"),
        ("x*y*(1 - x - y)", "x*y - x**2*y - x*y"),
        ("x/(y*z)", "x/y*z"),
        ("exp(x - y)", "exp(x)*exp(y)"),
        ("exp(-(x + y)/z)", "exp(-x/z)*exp(y/z)"),
        ("sin(x - y)", "sin(y - x)"),
        ("sin(x)*y", "cos(x)*y"),
        ("atan2(x, y)", "atan2(y, x)"),
        ("x**3*y", "x**2*y"),
        ("where(x > y, x, y)", "where(x > y, y, x)"),
        ("where(x < y, x, y)", "where(x <= y, x, y)"),
        ("x + 1e-13*y", "x - 1e-13*y"),
        ("exp(1000*x - 2000*y)", "exp(1000*x)*exp(-2000*y)*exp(1e-6*y)"),
        ("log(x - 5)*(x - y)", "log(x - 5)*(x + y)"),
        ("1e300*x*y*1e-300", "1e300*x*1e-300"),
        ("(1e8 + x) - 1e8 + y", "(1e8 + x) - 1e8 - y"),
        ("(x, y, x*y - z)", "(x, y, x*y + z)"),
    ],
)
def test_a_wrong_rewriting_is_found(written: str, rewritten: str) -> None:
    found = deviation(program(written), program(rewritten))
    assert found is not None
    assert found.output == len(program(written)[1]) - 1
    assert abs(found.written - found.rewritten) > found.allowed


@pytest.mark.parametrize(
    ("written", "rewritten"),
    [
        ("x*y + x*z", "x*(y + z)"),
        ("(x - y)*(x + y) - x*x + y*y", "0*x"),
        ("(x + 1e12*y) - 1e12*y", "x"),
        ("x/(y*z)", "x/y/z"),
        ("1/((x + 1e8) - (y + 1e8))", "1/(x - y)"),
        ("exp(x - y + z)", "exp(x)*exp(z)/exp(y)"),
        ("exp(1000*x - 2000*y)", "exp(1000*x)*exp(-2000*y)"),
        ("exp(-1e5*(x + y))*exp(1e5*x)", "exp(-1e5*y)"),
        ("exp(exp(4*x)*exp(4*y))", "exp(exp(4*x + 4*y))"),
        ("log(x*y - 5*y)", "log((x - 5)*y)"),
        ("where(x*y + x*z > 0, gamma(x*y + x*z), 0)", "where(x*(y + z) > 0, gamma(x*(y + z)), 0)"),
        ("0.1*x*3*y*7", "2.1*x*y"),
        ("1e-320*x*y", "1e-320*y*x"),
        ("1e200*x*1e200*y/1e300", "1e100*x*y"),
        ("1e-200*x*1e-200*y*1e300", "1e-100*x*y"),
        ("x/0 + y", "y + x/0"),
        ("(x - x)/(y - y)", "1"),
    ],
)
def test_rounding_raises_no_alarm(written: str, rewritten: str) -> None:
    assert deviation(program(written), program(rewritten)) is None


def test_a_sum_of_products_is_known() -> None:
    builder = Builder()
    x, y, z = map(builder.input, NAMES)
    total = builder.op(SEPARATED, x, y, z, builder.op("neg", z))
    assert deviation(program("x*z - y*z"), (builder.nodes, (total,))) is None
    assert deviation(program("x*z + y*z"), (builder.nodes, (total,))) is not None


def test_what_is_infinite_everywhere_is_not_compared() -> None:
    builder = Builder()
    inputs = [*map(builder.input, NAMES)]
    infinite = builder.op("mul", inputs[0], builder.const(math.inf))
    assert deviation(program("x + y + z"), (builder.nodes, (infinite,))) is None
