"""The derivatives of nodes: each written once, by the rules of the table, and none where there is none."""

from __future__ import annotations

import pytest

from gridgrad_core.errors import TooLargeError
from gridgrad_core.lang.derive.forward_mode import Tangents
from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.nodes import Builder, Node
from gridgrad_core.lang.program.steps import finished


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_can_be_derived(name: str) -> None:
    function = FUNCTIONS[name]
    builder = Builder()
    kinds = function.kinds or ("number",) * len(function.params)
    arguments = [_argument(builder, kind, param) for kind, param in zip(kinds, function.params, strict=True)]
    node = builder.op(name, *arguments)
    for param, text in zip(function.params, function.derivatives, strict=True):
        tangents = Tangents(builder, 10_000)
        found = _last(tangents, node, param, 2)
        assert found is not None or text == "0" or _last(tangents, node, param, 1) is not None
        first = _last(tangents, node, param, 1)
        assert (first is None) == (text == "0")
    assert all(argument >= 0 for made in builder.nodes for argument in made.args)


def _argument(builder: Builder, kind: str, name: str) -> int:
    if kind == "integer":
        return builder.const(2.0)
    number = builder.input(name)
    return builder.op("gt", number, builder.const(0.5)) if kind == "boolean" else number


def test_work_grows_as_the_result_does() -> None:
    """Each node is visited once for each input, however it is reached."""
    for length in (300, 600, 1200):
        program = parse("y = x\n" + "y = sin(y)*x + y\n" * (length // 3) + "y")
        builder = Builder()
        for node in program.nodes:
            builder.take(node)
        tangents = Tangents(builder, 100_000)
        _last(tangents, program.outputs[0], "x", 1)
        assert tangents.visits <= len(program.nodes)
        before = len(builder.nodes)
        _last(tangents, program.outputs[0], "x", 2)
        assert tangents.visits <= len(program.nodes) + before


def _last(tangents: Tangents, node: int, name: str, order: int) -> int | None:
    return finished(tangents.deriving(node, name, order))


def built(text: str) -> tuple[Builder, int]:
    """A builder with the nodes of a program, and its output."""
    program, builder = parse(text), Builder()
    for node in program.nodes:
        builder.take(node)
    return builder, program.outputs[0]


def test_the_derivative_by_an_input_of_itself_is_one_and_of_another_none() -> None:
    builder, x = built("x")
    tangents = Tangents(builder, 100)
    one = _last(tangents, x, "x", 1)
    assert one is not None
    assert builder.nodes[one] == Node("const", (), 1.0)
    assert _last(tangents, x, "y", 1) is None
    assert _last(tangents, x, "x", 2) is None
    assert finished(tangents.deriving(None, "x")) is None


def test_a_quotient_is_used_in_its_own_derivative() -> None:
    builder, quotient = built("x/y")
    derived = _last(Tangents(builder, 100), quotient, "y", 1)
    assert derived is not None
    # -(x/y)/y, with the sign moved out
    negated = builder.nodes[builder.nodes[derived].args[0]]
    assert (builder.nodes[derived].op, negated.op) == ("neg", "div")
    assert negated.args[0] == quotient


def test_what_was_derived_is_not_derived_again() -> None:
    builder, root = built("sin(x)*exp(x)")
    tangents = Tangents(builder, 1000)
    first = _last(tangents, root, "x", 1)
    nodes, visits = len(builder.nodes), tangents.visits
    assert _last(tangents, root, "x", 1) == first
    assert (len(builder.nodes), tangents.visits) == (nodes, visits)


def test_more_nodes_than_the_limit_are_refused() -> None:
    builder, root = built("x**y**x**y")
    with pytest.raises(TooLargeError, match="derivatives of more than 10 operations; ask for fewer derivatives"):
        _last(Tangents(builder, 10), root, "x", 4)
