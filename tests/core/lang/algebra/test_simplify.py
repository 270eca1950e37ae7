"""What `simplify` leaves out changes no result: the same operations with and without it, at awkward points."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridgrad_core.lang.algebra.simplify import Algebra
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished
from tests.core.lang.evaluator import evaluate
from tests.seeds import examples

AWKWARD = (0.0, -0.0, 1.0, -2.5, 0.375, math.inf, -math.inf, math.nan)
CONSTANTS = (0.0, 1.0, -1.0, 2.0, 0.5, -3.0, 0.1, math.inf, math.nan)
OPERATIONS = {"add": 2, "sub": 2, "mul": 2, "div": 2, "neg": 1}

# Operations on what came before: x, y, the constants, and then each other
steps = st.lists(
    st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(0, 10**6), st.integers(0, 10**6)),
    min_size=1,
    max_size=12,
)


def build(written: list[tuple[str, int, int]], simplified: bool) -> Program:
    builder = Builder()
    algebra = Algebra(builder)
    nodes = [builder.input("x"), builder.input("y"), *map(builder.const, CONSTANTS)]
    finished(algebra.reading())
    make = algebra.op if simplified else builder.op
    for op, *places in written:
        nodes.append(make(op, *[nodes[place % len(nodes)] for place in places[: OPERATIONS[op]]]))
    return Program(tuple(builder.nodes), (nodes[-1],), ("f",), False, ("x", "y"))


@settings(max_examples=examples(400))
@given(steps)
def test_results_are_the_same_at_awkward_points(written: list[tuple[str, int, int]]) -> None:
    plain, simple = build(written, simplified=False), build(written, simplified=True)
    for x, y in itertools.product(AWKWARD, repeat=2):
        expected, found = evaluate(plain, x=x, y=y), evaluate(simple, x=x, y=y)
        assert found == pytest.approx(expected, rel=1e-13, abs=1e-13, nan_ok=True)


def text_of(make: str, *nodes: str) -> str:
    """An operation on nodes written as "x", "y", "-x", "2", "3*x", "2/x"."""
    builder = Builder()
    algebra = Algebra(builder)

    def node(written: str) -> int:
        if written.startswith("-") and written[1:].isalpha():
            return builder.op("neg", node(written[1:]))
        for sign, op in (("*", "mul"), ("/", "div")):
            if sign in written:
                return builder.op(op, *map(node, written.split(sign)))
        return builder.input(written) if written.isalpha() else algebra.const(float(written))

    output = algebra.op(make, *map(node, nodes))
    return Program(tuple(builder.nodes), (output,), ("f",), False, ()).text


@pytest.mark.parametrize(
    ("op", "arguments", "text"),
    [
        ("add", ("x", "-y"), "x - y"),
        ("add", ("-x", "y"), "y - x"),
        ("add", ("x", "x"), "2*x"),
        ("add", ("x", "0"), "x + 0"),
        ("sub", ("x", "-y"), "x + y"),
        ("sub", ("-x", "x"), "-2*x"),
        ("sub", ("x", "x"), "x - x"),
        ("mul", ("0", "x"), "0*x"),
        ("mul", ("x", "1"), "x"),
        ("mul", ("-1", "x"), "-x"),
        ("mul", ("-x", "-y"), "x*y"),
        ("mul", ("3", "2*x"), "6*x"),
        ("mul", ("0.5", "2*x"), "x"),
        ("mul", ("2/x", "3"), "6/x"),
        ("mul", ("1e-30", "1e-30*x"), "1e-30*(1e-30*x)"),
        ("mul", ("1e30", "1e30*x"), "1e+30*(1e+30*x)"),
        ("div", ("x", "1"), "x"),
        ("div", ("-x", "y"), "-(x/y)"),
        ("div", ("2*x", "4"), "0.5*x"),
        ("div", ("x", "0"), "x/0"),
        ("div", ("2", "0"), "2/0"),
        ("pow", ("x", "1"), "x"),
        ("pow", ("x", "0"), "1"),
        ("pow", ("2", "10"), "1024"),
        ("pow", ("2", "0.5"), "2**0.5"),
        ("pow", ("10", "400"), "10**400"),
        ("neg", ("-x",), "x"),
    ],
)
def test_operations_are_written_in_the_least_way(op: str, arguments: tuple[str, ...], text: str) -> None:
    assert text_of(op, *arguments) == text


def test_the_same_product_the_other_way_round_is_taken() -> None:
    builder = Builder()
    algebra = Algebra(builder)
    x, y = builder.input("x"), builder.input("y")
    product = builder.op("mul", x, y)
    assert algebra.mul(y, x) == product
    assert algebra.sub(y, x) != algebra.sub(x, y)


def test_constants_that_are_written_as_operations_are_known() -> None:
    builder = Builder()
    quarter = builder.op("div", builder.const(1.0), builder.const(4.0))
    algebra = Algebra(builder)
    assert algebra.constant(quarter) is None
    finished(algebra.reading())
    assert algebra.constant(quarter) == 0.25
