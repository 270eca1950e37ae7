"""What texts mean: statements, names, tuples, constants, and the kinds of values."""

from __future__ import annotations

import math

import pytest

from gridgrad_core.errors import ExpressionError
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.nodes import Node
from gridgrad_core.lang.program.program import Program


def operations(program: Program) -> list[tuple[object, ...]]:
    """The nodes as (op, *args) or (op, value)."""
    return [(node.op, *node.args) if node.args else (node.op, node.value) for node in program.nodes]


def same(*texts: str) -> None:
    first, *others = map(parse, texts)
    for other in others:
        assert other == first
        assert str(other) == str(first)


def test_a_program_is_a_list_of_operations() -> None:
    program = parse("t*k + 2*t*k**2")
    assert operations(program) == [
        ("input", "t"),
        ("input", "k"),
        ("mul", 0, 1),
        ("const", 2.0),
        ("mul", 3, 0),
        ("pow", 1, 3),
        ("mul", 4, 5),
        ("add", 2, 6),
    ]
    assert program.outputs == (7,)
    assert program.inputs == ("t", "k")
    assert (program.components, program.tuple_valued) == (("f",), False)


def test_equal_operations_are_one_node() -> None:
    assert operations(parse("sin(x)*sin(x)")) == [("input", "x"), ("sin", 0), ("mul", 1, 1)]


# Statements


def test_statements_are_separated_by_lines_or_semicolons() -> None:
    same("a = x*2\nb = a + 1\nb*a", "a = x*2; b = a + 1; b*a", "\n\na=x*2;;\n;b=a+1 # b\n  \nb*a;", "(x*2 + 1)*(x*2)")
    same("x\r\n", "x\r", "x")


def test_a_later_assignment_shadows() -> None:
    same("a = x; a = a*2; a + 1", "x*2 + 1")


def test_a_name_is_the_input_before_its_assignment_and_the_variable_after() -> None:
    same("x = x*2; x + 1", "x*2 + 1")
    same("y = x + a; a = 3; y*a", "(x + a)*3")


def test_what_the_result_does_not_need_is_dropped() -> None:
    program = parse("a = sin(u); b = x*y; b + x")
    assert operations(program) == [("input", "x"), ("input", "y"), ("mul", 0, 1), ("add", 2, 0)]
    assert program.inputs == ("x", "y")


@pytest.mark.parametrize(
    ("text", "inputs"),
    [
        ("b = y; a = x; a + b", ("y", "x")),
        ("b if c > a else d", ("b", "c", "a", "d")),
        ("dead = z; y*x*z", ("z", "y", "x")),
        ("(x, y, x)", ("x", "y")),
        ("2 + 3", ()),
    ],
)
def test_inputs_stand_in_the_order_of_the_text(text: str, inputs: tuple[str, ...]) -> None:
    assert parse(text).inputs == inputs


# Names


def test_functions_and_variables_live_apart() -> None:
    program = parse("gamma = 2; sin*sin(x)*gamma*gamma(where)")
    assert program.inputs == ("sin", "x", "where")
    assert parse("lambda*in + is*None").inputs == ("lambda", "in", "is", "None")


def test_constants_have_names() -> None:
    assert [node.value for node in parse("(pi, e, inf, -inf)").nodes] == [math.pi, math.e, math.inf, -math.inf]
    (nan,) = parse("nan").nodes
    assert isinstance(nan.value, float)
    assert math.isnan(nan.value)


@pytest.mark.parametrize("name", ["pi", "e", "inf", "nan"])
def test_an_input_or_a_variable_hides_a_constant(name: str) -> None:
    assert parse(f"{name}*x").inputs == ("x",)
    assert parse(f"{name}*x", [name, "x"]).inputs == (name, "x")
    assert parse(f"{name}*x", ["x"]) == parse(f"{name}*x")
    same(f"{name} = 2*x; {name} + 1", "2*x + 1")


@pytest.mark.parametrize(
    ("alias", "text"),
    [("max(a, b)", "maximum(a, b)"), ("ln(x)", "log(x)"), ("power(x, y)", "x**y"), ("logical_not(x)", "not x")],
)
def test_aliases_are_the_same_function(alias: str, text: str) -> None:
    same(alias, text)


# Tuples


@pytest.mark.parametrize(
    ("text", "components"),
    [
        ("u = x*2; v = x + 1; (u, v)", ("u", "v")),
        ("u = x*2; v = x + 1; u, v", ("u", "v")),
        ("x, y", ("x", "y")),
        ("u = x*2; (u,)", ("u",)),
        ("x,", ("x",)),
        ("(x*2,)", ("f0",)),
        ("x, x*2, (y), 2, pi, sin(y)", ("x", "f1", "y", "f3", "f4", "f5")),
        ("x, x, x", ("x", "f1", "f2")),
        ("f1, x*2", ("f1", "f1_")),
        ("f1, x*2, f1_", ("f1", "f1__", "f1_")),
        ("+x, y,", ("f0", "y")),
        ("(x, y\n)", ("x", "y")),
    ],
)
def test_components_are_called_like_their_variables(text: str, components: tuple[str, ...]) -> None:
    program = parse(text)
    assert (program.components, program.tuple_valued) == (components, True)
    assert len(program.outputs) == len(components)


@pytest.mark.parametrize("text", ["x", "u = x; u", "(x)", "x > 0"])
def test_a_single_expression_is_no_tuple(text: str) -> None:
    program = parse(text)
    assert (program.components, program.tuple_valued) == (("f",), False)


# Kinds


def test_a_boolean_used_as_a_number_is_one_or_zero() -> None:
    same("(x > 0)*y", "where(x > 0, 1, 0)*y")
    same("x > 0", "where(x > 0, 1, 0)", "+(x > 0)")
    same("-(x > 0)", "-where(x > 0, 1, 0)")
    same("(x > 0) == (y > 0)", "where(x > 0, 1, 0) == where(y > 0, 1, 0)")
    same("sin(not x)", "sin(where(not x != 0, 1, 0))")
    same("isnan(x)*2", "where(isnan(x), 1, 0)*2")


def test_a_number_used_as_a_condition_is_compared_with_zero() -> None:
    same("where(x, 1, 2)", "where(x != 0, 1, 2)", "1 if x else 2")
    same("1 if x and not y else 2", "where((x != 0) and not (y != 0), 1, 2)")


def test_a_variable_keeps_its_kind() -> None:
    same("inside = x > 0; where(inside, inside, 2)", "where(x > 0, where(x > 0, 1, 0), 2)")


def test_a_chain_of_comparisons_computes_its_middle_once() -> None:
    assert operations(parse("1 if a < sin(b) < c else 0"))[:6] == [
        ("input", "a"),
        ("input", "b"),
        ("sin", 1),
        ("lt", 0, 2),
        ("input", "c"),
        ("lt", 2, 4),
    ]
    same("a < b <= c != d", "(a < b and b <= c) and c != d")


def test_functions_of_two_take_more_where_the_table_says_so() -> None:
    same("max(a, b, c, d)", "max(max(max(a, b), c), d)")


def test_a_constant_integer_is_computed() -> None:
    same("polygamma(2, x)", "polygamma(1 + 1, x)", "n = 4; polygamma(n//2, x)", "polygamma(-(-2), x)")
    assert Node("const", (), 2.0) in parse("polygamma(2**1, x)").nodes
    for text in ("polygamma(1/0, x)", "polygamma(x*0, x)", "polygamma((-8)**0.5, x)", "polygamma(inf, x)"):
        with pytest.raises(ExpressionError, match="no constant integer of 0 or more"):
            parse(text)


# Constants


def test_constants_are_kept_as_they_are_written() -> None:
    assert operations(parse("2*3 + x")) == [
        ("const", 2.0),
        ("const", 3.0),
        ("mul", 0, 1),
        ("input", "x"),
        ("add", 2, 3),
    ]
    assert [node.op for node in parse("x**-2 + 0.1").nodes] == ["input", "const", "pow", "const", "add"]
    assert operations(parse("-2**2")) == [("const", 2.0), ("pow", 0, 0), ("neg", 1)]
    assert operations(parse("-0.0*0.0")) == [("const", -0.0), ("const", 0.0), ("mul", 0, 1)]
    assert str(parse("-0.0")) == "-0.0"
