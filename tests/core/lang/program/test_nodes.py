"""Nodes, and the builder that has each once."""

from __future__ import annotations

import math

import pytest

from gridgrad_core.lang.program.limits import MAX_NAME
from gridgrad_core.lang.program.nodes import Builder, CallBuilder, Node


def test_a_builder_gives_equal_operations_the_same_index() -> None:
    builder = Builder()
    x, nan = builder.input("x"), builder.const(math.nan)
    assert builder.op("mul", x, nan) == builder.op("mul", builder.input("x"), builder.const(float("nan")))
    assert builder.const(0.0) != builder.const(-0.0)
    assert builder.op("mul", nan, x) != builder.op("mul", x, nan)


def test_nodes_of_another_builder_are_taken_over() -> None:
    builder = Builder()
    x = builder.take(Node("input", (), "x"))
    zero, minus = builder.take(Node("const", (), 0.0)), builder.take(Node("const", (), -0.0))
    assert (x, zero, minus) == (builder.input("x"), builder.const(0.0), builder.const(-0.0))
    assert builder.take(Node("add", (x, zero))) == builder.op("add", x, zero)
    assert builder.nodes == [
        Node("input", (), "x"),
        Node("const", (), 0.0),
        Node("const", (), -0.0),
        Node("add", (0, 1)),
    ]


def test_what_exists_is_found_and_nothing_else() -> None:
    builder = Builder()
    x, y = builder.input("x"), builder.input("y")
    total = builder.op("add", x, y)
    assert builder.find("add", x, y) == total
    assert builder.find("add", y, x) is None
    assert len(builder.nodes) == 3


def test_what_is_forgotten_in_steps_is_not_found_again() -> None:
    builder = Builder()
    indices = [builder.const(float(n)) for n in range(5)]
    assert builder.forget(2)
    assert builder.forget(2)
    assert not builder.forget(2)
    assert builder.const(0.0) not in indices
    assert [node.number for node in builder.nodes[:5]] == [0, 1, 2, 3, 4]


def test_the_number_of_a_constant_keeps_its_sign() -> None:
    assert math.copysign(1, Node("const", (), -0.0).number) == -1
    assert Node("const", (), 2.5).number == 2.5


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("i",), ("i",)),
        (("read",), ("read__",)),
        (("x",), ("x_",)),
        (("component",), ("component",)),
        (("read", "read__"), ("read___", "read__")),
        (("a" * (MAX_NAME + 1),), ("a" * (MAX_NAME - 1) + "_",)),
    ],
)
def test_a_name_is_kept_unless_it_means_something_else(names: tuple[str, ...], found: tuple[str, ...]) -> None:
    builder = CallBuilder(("x",), ("read_",))
    bounds = [builder.op("sin", builder.input(name)) for name in ("x", "read", "component")]
    assert builder.own_names(names, bounds[:2]) == found


def test_what_a_call_has_for_itself_is_not_read_outside_of_it() -> None:
    builder = CallBuilder(())
    i, one = builder.input("i"), builder.const(1.0)
    inside = builder.call("sum", builder.op("sin", i), i, one, one)
    assert builder.own_names(("i",), [inside]) == ("i",)
    assert builder.own_names(("i",), [builder.op("add", inside, i)]) == ("i_",)


def test_names_of_systems_are_their_own_too() -> None:
    builder = CallBuilder(())
    x, y = builder.input("x"), builder.input("y")
    names, guesses = builder.op("tuple", x, y), builder.op("tuple", builder.input("p"), builder.const(1.0))
    solved = builder.call("solve", builder.op("tuple", y, x), names, guesses, y)
    assert builder.own_names(("x", "y", "p"), [solved]) == ("x", "y", "p_")
