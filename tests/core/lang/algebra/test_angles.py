"""Which squares and polynomials are seen in functions of angles; their derivatives are tested in the engines."""

from __future__ import annotations

import math

import pytest

from gridgrad_core.lang.algebra.angles import multiple_angle, root_of_square
from gridgrad_core.lang.algebra.simplify import Algebra
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.canonical import collecting
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished
from tests.core.lang.evaluator import evaluate

AT = 0.3


def read(text: str) -> tuple[Builder, Algebra, int]:
    """A builder that has a program, an algebra that has read it, and where its result is."""
    builder, program = Builder(), parse(text)
    for node in program.nodes:
        builder.take(node)
    algebra = Algebra(builder)
    finished(algebra.reading())
    return builder, algebra, program.outputs[0]


def value_of(builder: Builder, index: int) -> float:
    """That of a node at x = AT."""
    nodes, places = finished(collecting(builder.nodes, [index]))
    return float(evaluate(Program(tuple(nodes), (places[index],), ("f",), False, ("x",)), x=AT)[0])


@pytest.mark.parametrize(
    "text",
    ["1 - cos(x)", "1 + cos(x)", "cos(x) + 1", "2.5 - 2.5*cos(x)", "3 + cos(x)*3", "cosh(2*x) - 1", "1 - cos(x)**2",
     "1 - sin(x)*sin(x)"],
)  # fmt: skip
def test_squares_have_a_root(text: str) -> None:
    builder, algebra, index = read(text)
    root = root_of_square(algebra, builder.nodes, index)
    assert root is not None
    assert value_of(builder, root) ** 2 == pytest.approx(value_of(builder, index), rel=1e-14)


@pytest.mark.parametrize(
    "text",
    ["1 - sin(x)", "2 - cos(x)", "2 - 3*cos(x)", "-1 - (-1)*cos(x)", "1 - tanh(x)**2", "cosh(x) + 1", "x - cos(x)"],
)
def test_what_is_no_square_has_none(text: str) -> None:
    builder, algebra, index = read(text)
    assert root_of_square(algebra, builder.nodes, index) is None


@pytest.mark.parametrize("n", [*range(1, 8), 32, -3, -4])
def test_multiples_of_an_angle_are_polynomials(n: int) -> None:
    seen = []
    for function, inverse in (("cos", "arccos"), ("cosh", "arccosh"), ("sin", "arcsin"), ("cos", "arcsin")):
        builder, algebra, index = read(f"{function}({n}*{inverse}(x))")
        found = multiple_angle(algebra, builder.nodes, builder.nodes[index])
        if found is not None:
            assert not {"cos", "sin", "arccos", "arcsin"} & {node.op for node in builder.nodes[index + 1 :]}
            angle = n * (math.asin(AT) if inverse == "arcsin" else math.acos(AT))  # cosh(n*arccosh(x)) goes on below 1
            want = math.sin(angle) if function == "sin" else math.cos(angle)
            assert value_of(builder, found) == pytest.approx(want, rel=1e-12, abs=1e-14)
            seen.append((function, inverse))
    assert seen == [("cos", "arccos"), ("cosh", "arccosh"), ("sin", "arcsin") if n % 2 else ("cos", "arcsin")]


@pytest.mark.parametrize("text", ["cos(2.5*arccos(x))", "cos(33*arccos(x))", "cos(x*arccos(x))", "cos(2*arctan(x))"])
def test_other_angles_are_left_alone(text: str) -> None:
    builder, algebra, index = read(text)
    assert multiple_angle(algebra, builder.nodes, builder.nodes[index]) is None
