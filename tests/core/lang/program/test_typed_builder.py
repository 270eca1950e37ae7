"""Typed operations: each argument becomes of the kind that is wanted, or is a mistake."""

from __future__ import annotations

import math
import re

import pytest

from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.program.nodes import Node
from gridgrad_core.lang.program.syntax_error import Mistake
from gridgrad_core.lang.program.typed_builder import TypedBuilder, Value


def described(builder: TypedBuilder, value: Value) -> object:
    """The operation of a value with its arguments, from the inside out."""
    op, args, number = builder.builder.nodes[value.node]
    return (op, *(described(builder, Value(argument, 0)) for argument in args)) if args else number


def test_a_condition_used_as_a_number_is_one_or_zero() -> None:
    builder = TypedBuilder()
    condition = builder.operator("gt", 0, builder.input("x", 0), builder.constant(0.5, 0))
    assert condition.kind == "boolean"
    doubled = builder.operator("mul", 0, builder.constant(2.0, 0), condition)
    assert described(builder, doubled) == ("mul", 2.0, ("where", ("gt", "x", 0.5), 1.0, 0.0))
    assert doubled.kind == "number"


def test_a_number_used_as_a_condition_is_compared_with_zero() -> None:
    builder = TypedBuilder()
    both = builder.operator("and", 0, builder.input("x", 0), builder.operator("not", 0, builder.input("y", 0)))
    assert described(builder, both) == ("and", ("ne", "x", 0.0), ("not", ("ne", "y", 0.0)))


def test_a_sign_before_a_constant_is_part_of_it_and_before_anything_else_an_operation() -> None:
    builder = TypedBuilder()
    minus = builder.prefix("neg", 0, builder.constant(0.0, 0))
    assert builder.builder.nodes[minus.node] == Node("const", (), -0.0)
    assert math.copysign(1, builder.builder.nodes[minus.node].number) == -1
    assert described(builder, builder.prefix("neg", 0, builder.input("x", 0))) == ("neg", "x")
    total = builder.operator("add", 0, builder.constant(1.0, 0), builder.constant(2.0, 0))
    assert described(builder, builder.prefix("neg", 0, total)) == ("neg", ("add", 1.0, 2.0))
    assert builder.prefix("plus", 0, total).node == total.node


@pytest.mark.parametrize(
    ("op", "operands", "integer"),
    [
        ("add", (1.0, 2.0), 3),
        ("sub", (5.0, 2.0), 3),
        ("mul", (1.5, 2.0), 3),
        ("div", (9.0, 3.0), 3),
        ("floordiv", (7.0, 2.0), 3),
        ("mod", (7.0, 4.0), 3),
        ("pow", (2.0, 3.0), 8),
    ],
)
def test_a_constant_integer_is_computed_where_one_is_wanted(
    op: str, operands: tuple[float, float], integer: int
) -> None:
    builder = TypedBuilder()
    value = builder.operator(op, 0, *(builder.constant(operand, 0) for operand in operands))
    assert builder.integer(value, FUNCTIONS["polygamma"]) == integer
    made = builder.apply(FUNCTIONS["polygamma"], (value, builder.input("x", 0)), 0)
    assert described(builder, made) == ("polygamma", float(integer), "x")
    assert builder.builder.nodes[value.node].op == op  # it stays as it was written


def test_a_function_of_an_order_is_refused_beyond_where_it_is_right() -> None:
    builder, polygamma = TypedBuilder(), FUNCTIONS["polygamma"]
    x = builder.input("x", 0)
    assert builder.apply(polygamma, (builder.constant(19.0, 0), x), 0).node >= 0
    with pytest.raises(Mistake, match=r"polygamma\(20, x\), of which the digits would be lost") as caught:
        builder.apply(polygamma, (builder.constant(20.0, 3), x), 0)
    assert (caught.value.start, caught.value.remedy) == (3, "write 19 at most")


@pytest.mark.parametrize("name", [name for name, function in FUNCTIONS.items() if len(function.integers) == 1])
@pytest.mark.parametrize(("order", "said"), [(1e9, "1,000,000,000"), (1e300, "1e+300")])
def test_no_function_computes_in_as_many_steps_as_a_text_says(name: str, order: float, said: str) -> None:
    """A value of these takes n steps, so that n must have an end in each."""
    builder, function = TypedBuilder(), FUNCTIONS[name]
    numbers = [
        builder.constant(2.5, 0) if kind == "constant" else builder.input(name, 0)
        for name, kind in zip(function.params[1:], function.kinds[1:], strict=True)
    ]
    builder.apply(function, (builder.constant(float(function.largest), 0), *numbers), 0)
    for beyond, found in ((function.largest + 1.0, str(function.largest + 1)), (order, said)):
        with pytest.raises(Mistake, match=re.escape(f"{name}({found}, x)")) as caught:
            builder.apply(function, (builder.constant(beyond, 0), *numbers), 0)
        assert caught.value.remedy == f"write {function.largest} at most"
    assert 0 < function.largest <= 600


@pytest.mark.parametrize(
    ("name", "place", "example"),
    [("jv", 0, "jv(2.5, x)"), ("ive_derivative", 1, "ive_derivative(2, 2.5, x)"), ("hyp1f1", 1, "hyp1f1(2.5, 2.5, x)")],
)
def test_the_argument_that_is_no_constant_is_named(name: str, place: int, example: str) -> None:
    builder, function = TypedBuilder(), FUNCTIONS[name]
    arguments = [builder.constant(2.0, 0) for _ in function.params]
    arguments[place] = builder.input("y", 7)
    with pytest.raises(Mistake, match=f"the argument {function.params[place]} of {name} is no constant") as caught:
        builder.apply(function, tuple(arguments), 0)
    assert (caught.value.start, caught.value.remedy) == (7, f"write a number, as in {example}")


def test_of_several_orders_the_one_that_is_none_is_named() -> None:
    builder = TypedBuilder()
    arguments = builder.constant(3.0, 0), builder.constant(1.5, 7), builder.input("x", 0)
    with pytest.raises(Mistake, match="the argument m of assoc_legendre is no constant integer") as caught:
        builder.apply(FUNCTIONS["assoc_legendre"], arguments, 0)
    assert (caught.value.start, caught.value.remedy) == (7, "write a number for it, as in assoc_legendre(2, 2, x)")


@pytest.mark.parametrize(
    ("order", "found", "remedy"),
    [
        (0.3, "fermi_dirac(0.3, x), whose order is no multiple of 1/2", "write one, such as 0"),
        (-1.7, "fermi_dirac(-1.7, x), whose order is no multiple of 1/2", "write one, such as -2"),
        (10.5, "fermi_dirac(10.5, x), of which the digits would be lost", "write -10 to 10"),
    ],
)
def test_an_order_that_is_no_half_of_a_whole_number_is_refused(order: float, found: str, remedy: str) -> None:
    builder, function = TypedBuilder(), FUNCTIONS["fermi_dirac"]
    builder.apply(function, (builder.constant(-0.5, 0), builder.input("x", 0)), 0)
    with pytest.raises(Mistake) as caught:
        builder.apply(function, (builder.constant(order, 3), builder.input("x", 0)), 0)
    assert (caught.value.start, caught.value.found, caught.value.remedy) == (3, found, remedy)


@pytest.mark.parametrize(
    ("op", "operands"), [("div", (1.0, 0.0)), ("pow", (-8.0, 0.5)), ("sub", (1.0, 2.0)), ("div", (1.0, 2.0))]
)
def test_what_is_no_integer_of_zero_or_more_is_a_mistake(op: str, operands: tuple[float, float]) -> None:
    builder = TypedBuilder()
    value = builder.operator(op, 7, *(builder.constant(operand, 7) for operand in operands))
    with pytest.raises(Mistake, match="the argument n of polygamma is no constant integer") as caught:
        builder.integer(value, FUNCTIONS["polygamma"])
    assert caught.value.start == 7
    assert caught.value.remedy == "write a number for it, as in polygamma(2, x)"


def test_a_tuple_is_no_number() -> None:
    builder = TypedBuilder()
    with pytest.raises(Mistake, match="a tuple inside an expression"):
        builder.number(Value(-1, 3, items=(builder.input("x", 3),)))


def test_an_order_without_a_derivative_is_a_number_that_is_known() -> None:
    builder, function = TypedBuilder(), FUNCTIONS["jv"]
    x = builder.input("x", 0)
    assert builder.apply(function, (builder.operator("div", 0, *[builder.constant(n, 0) for n in (5.0, 2.0)]), x), 0)
    for order, found in (
        (x, "the argument v of jv is no constant"),
        (builder.constant(601.0, 0), r"jv\(601, x\), which would take long"),
    ):
        with pytest.raises(Mistake, match=found):
            builder.apply(function, (order, x), 0)


@pytest.mark.parametrize(
    ("order", "found", "remedy"),
    [
        (-3.0, "assoc_legendre of the degree 2 and the order -3", "write -2 at least for the order"),
        (-2.5, "the argument m of assoc_legendre is no constant integer", "write a number for it"),
    ],
)
def test_a_negative_order_goes_to_the_negative_degree(order: float, found: str, remedy: str) -> None:
    builder, function = TypedBuilder(), FUNCTIONS["assoc_legendre"]
    degree, x = builder.constant(2.0, 0), builder.input("x", 0)
    turned = builder.apply(function, (degree, builder.constant(-2.0, 0), x), 0)
    assert builder.builder.nodes[turned.node].op == "mul"
    with pytest.raises(Mistake, match=found) as caught:
        builder.apply(function, (degree, builder.constant(order, 5), x), 0)
    assert caught.value.start == 5
    assert caught.value.remedy.startswith(remedy)
