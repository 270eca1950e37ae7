"""What a sub-program is made of, and what it is given."""

from __future__ import annotations

from gridgrad_core.lang.local.closing import closing, depending
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.steps import finished


def test_arguments_are_the_largest_parts_that_do_not_depend_on_its_names() -> None:
    builder = Builder()
    x, p = builder.input("x"), builder.input("p")
    outside = builder.op("exp", builder.op("mul", p, builder.const(3.0)))
    inside = builder.op("add", builder.op("mul", x, outside), builder.const(2.0))
    closed = finished(closing(builder.nodes, [inside], ("x",), 1))
    assert closed.arguments == (outside,)
    assert closed.body.inputs == ("x", "1")
    assert [node.op for node in closed.body.nodes].count("const") == 1
    assert closed.used == {"x"}


def test_conditions_are_no_arguments_but_what_they_compare_is() -> None:
    builder = Builder()
    x, p = builder.input("x"), builder.input("p")
    chosen = builder.op("where", builder.op("gt", p, builder.const(0.0)), x, p)
    closed = finished(closing(builder.nodes, [chosen], ("x",), 2))
    assert closed.arguments == (p,)
    assert closed.body.inputs == ("x", "2")


def test_a_name_that_is_not_read_is_not_used() -> None:
    builder = Builder()
    p = builder.input("p")
    assert not finished(closing(builder.nodes, [p], ("x",), 0)).used
    assert finished(depending(builder.nodes, [p], frozenset({"x"}))) == {p: False}
