"""From nodes to a program: what is used, in the order of its use, and what its parts are called."""

from __future__ import annotations

import hashlib

import pytest

from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.canonical import assembling, collecting
from gridgrad_core.lang.program.nodes import Node
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished
from gridgrad_core.lang.program.syntax_error import Mistake
from gridgrad_core.lang.program.typed_builder import TypedBuilder, Value

X, Y = Node("input", (), "x"), Node("input", (), "y")


def test_nodes_stand_in_the_order_of_their_use_and_what_is_unused_is_left_out() -> None:
    nodes = [Y, X, Node("sin", (0,)), Node("cos", (0,)), Node("add", (1, 2))]
    ordered, places = finished(collecting(nodes, [4]))
    assert ordered == [X, Y, Node("sin", (1,)), Node("add", (0, 2))]
    assert list(places) == [1, 0, 2, -1, 3]


def test_outputs_are_walked_one_after_the_other_and_share_what_they_have_in_common() -> None:
    nodes = [X, Node("sin", (0,)), Node("mul", (1, 1))]
    ordered, places = finished(collecting(nodes, [2, 1, 0]))
    assert ordered == [X, Node("sin", (0,)), Node("mul", (1, 1))]
    assert [places[index] for index in (2, 1, 0)] == [2, 1, 0]


def test_ordering_is_done_in_steps() -> None:
    nodes = [X, *(Node("sin", (index,)) for index in range(3000))]
    steps = collecting(nodes, [3000])
    assert sum(1 for _ in steps) >= 3000 // limits.STEP_NODES


def assembled(builder: TypedBuilder, result: Value, order: list[str]) -> Program:
    return finished(assembling(builder, result, order))


def test_a_program_has_its_text_and_digest_and_only_the_inputs_it_uses() -> None:
    builder = TypedBuilder()
    unused, x = builder.input("u", 0), builder.input("x", 0)
    builder.operator("mul", 0, unused, x)
    program = assembled(builder, builder.operator("add", 0, x, builder.constant(1.0, 0)), ["u", "x"])
    assert (program.inputs, program.components, program.tuple_valued) == (("x",), ("f",), False)
    assert vars(program)["text"] == "x + 1"
    assert vars(program)["digest"] == hashlib.sha256(b"x + 1").hexdigest()


@pytest.mark.parametrize(
    ("names", "components"),
    [
        (["a", "", "b"], ("a", "f1", "b")),
        (["", ""], ("f0", "f1")),
        (["a", "a"], ("a", "f1")),
        (["f1", "", "f1_"], ("f1", "f1__", "f1_")),
    ],
)
def test_components_are_called_like_what_they_are_or_by_their_place(
    names: list[str], components: tuple[str, ...]
) -> None:
    builder = TypedBuilder()
    items = tuple(builder.input("x", 0)._replace(name=name) for name in names)
    program = assembled(builder, Value(-1, 0, items=items), ["x"])
    assert (program.components, program.tuple_valued) == (components, True)


def test_a_text_that_gets_too_long_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_TEXT", 5)
    builder = TypedBuilder()
    total = builder.operator("add", 0, builder.input("x", 0), builder.constant(10.0, 0))
    with pytest.raises(Mistake, match="an expression of 6 characters when it is written out"):
        assembled(builder, total, ["x"])


def test_what_is_spent_is_taken_out_of_the_list() -> None:
    nodes = [X, Node("sin", (0,)), Node("cos", (0,))]
    ordered, _ = finished(collecting(nodes, [1], spent=nodes))
    assert ordered == [X, Node("sin", (0,))]
    assert nodes[2] == Node("cos", (0,)), "nobody asked for it"
    assert X not in nodes
