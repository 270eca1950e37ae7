from __future__ import annotations

import pytest

from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.lang.local.gathered_sums import gathered
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.canonical import collecting
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.printer import inputs_as_read
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished

ARRAYS = (TableSpec("n", 0, 0, ""), TableSpec("d", 0, 0, ""))
ELEMENTS = {0: ("n_0", "n_1", "n_2"), 1: ("d_0", "d_1", "d_2")}


def after(text: str) -> str:
    """What a text comes to whose every sum of three is one that was written out."""
    program = parse(text)
    builder, sums = Builder(), dict[int, list[int]]()
    for index, node in enumerate(program.nodes):
        builder.take(node)
        first = program.nodes[node.args[0]] if node.op == "add" else node
        if first.op == "add":
            sums[index] = [*first.args, node.args[1]]
    outputs = gathered(builder, program.outputs, sums, ELEMENTS)
    nodes, places = finished(collecting(builder.nodes, outputs))
    inputs = tuple(str(node.value) for node in nodes if node.op == "input")
    parts = tuple(nodes), tuple(places[each] for each in outputs), program.components, program.tuple_valued
    return Program(*parts, inputs_as_read(Program(*parts, inputs, ARRAYS)), ARRAYS).text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("n_0*x**d_0 + n_1*x**d_1 + n_2*x**d_2", "sum(n*x**d)"),
        ("(n_0 + n_1 + n_2)*x", "sum(n)*x"),
        ("exp(n_0*x + n_1*x + n_2*x), x", "exp(sum(n*x)), x"),
        ("n_0*(d_0*x + d_1*x + d_2*x) + n_1*(d_0*x + d_1*x + d_2*x) + n_2*(d_0*x + d_1*x + d_2*x)", "sum(n*sum(d*x))"),
        ("n_0*d_1*x + n_1*d_1*x + n_2*d_1*x", "sum(n*d_1*x)"),
        ("n_0*exp(n_0) + n_1*exp(n_0) + n_2*exp(n_0)", "sum(n*exp(n_0))"),
        ("where(n_0 > x, n_0, y) + where(n_1 > x, n_1, y) + where(n_2 > x, n_2, y)", "sum(where(n > x, n, y))"),
    ],
)
def test_terms_that_are_alike_become_one(text: str, found: str) -> None:
    assert after(text) == parse(found, (), ARRAYS).text


@pytest.mark.parametrize(
    "text",
    [
        "n_0*x + n_1*y + n_2*x",
        "n_0*x + n_2*x + n_1*x",
        "n_1*x + n_2*x + n_0*x",
        "n_0*d_0 + n_1*d_2 + n_2*d_1",
        "n_0*n_0 + n_0*n_1 + n_0*n_2",
        "n_0*x**2 + n_1*x**3 + n_2*x**4",
        "sin(n_0) + sin(n_1) + cos(n_2)",
        "x + x + x",
        "n_0*x + n_1*x",
    ],
)
def test_what_is_not_alike_stays_as_it_is(text: str) -> None:
    assert after(text) == parse(text).text


def test_an_array_that_is_longer_is_not_summed_over() -> None:
    program = parse("n_0 + n_1")
    builder = Builder()
    for node in program.nodes:
        builder.take(node)
    assert gathered(builder, program.outputs, {2: [0, 1]}, ELEMENTS) == program.outputs
