from __future__ import annotations

import pytest

from gridgrad_core.errors import ExpressionError, RequestError
from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.lang.parser.parser import parse

V, T = TableSpec("V", 1, 3, "nan"), TableSpec("T", 2, 3, "clamp", 2)
SIN, ARCSIN = TableSpec("sin", 1, 1, "nan"), TableSpec("arcsin", 1, 1, "nan")
TABLES = (V, T, SIN)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("V(r)*r", "V(r)*r"),
        ("V( 2*r )", "V(2*r)"),
        ("V(r, 0)", "V(r)"),
        ("V(r, 1 + 1)", "V(r, 2)"),
        ("T(x, y)", "T_0(x, y), T_1(x, y)"),
        ("T_1(x, y, 0, 1)", "T_1(x, y, 0, 1)"),
        ("sin(r) + cos(r)", "sin(r) + cos(r)"),
        ("V = V(r); V*V(V)", "v1 = V(r)\nv1*V(v1)"),
        ("diff(V(r**2), r)", "V(r**2, 1)*(2*r)"),
        ("v = 2*r; diff(V(v), v)", "V(2*r, 1)"),
        ("f(a) = V(a) + V(2*a); f(r)", "V(r) + V(2*r)"),
        ("V(a) = 2*a; V(r)", "2*r"),
        ("solve(u**2 - V(r), u, 1)", "solve(u**2 - V(r), u, 1)"),
        ("diff(T_0(x, x), x)", "T_0(x, x, 1, 0) + T_0(x, x, 0, 1)"),
    ],
)
def test_tables_are_called_like_functions(text: str, canonical: str) -> None:
    program = parse(text, (), TABLES)
    assert program.text == canonical
    assert parse(program.text, (), TABLES) == program
    assert program.digest == parse(canonical, (), TABLES).digest


def test_a_program_says_what_it_calls() -> None:
    assert parse("T_1(x, y) + V(x)", (), TABLES).called == ("V", "T")
    assert parse("x", (), TABLES).called == ()
    assert parse("x").called == ()
    assert parse("V(x)", (), (V,)) != parse("V(x)", (), (V._replace(outside="clamp"),))


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("V*r", 1, "the table V without arguments; write V(x)"),
        ("1 + V()", 5, "V, a table of 1 argument, called with 0; write V(x)"),
        ("V(r, 1, 1)", 1, "V, a table of 1 argument, called with 3"),
        ("T(x)", 1, "T, a table of 2 arguments, called with 1; write T(x, y)"),
        ("T_0(x, y, 1)", 1, "T_0, a table of 2 arguments, called with 3"),
        ("V(r, r)", 6, "an order of a derivative of the table V that is no integer from 0 to 4; write V(x) for the"),
        ("T_0(x, y, 5, 0)", 11, "write T_0(x, y) for the value, T_0(x, y, 1, 0) for a derivative"),
        ("V(r, -1)", 6, "no integer from 0 to 4"),
        ("T(x, y) + 1", 1, "a tuple inside an expression"),
        ("T_2(x, y)", 1, "'T_2' is no function"),
        ("asin(x) + arcsin(x)", 1, "a table arcsin in a text that uses the function arcsin, by another name"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, column: int, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text, (), (*TABLES, ARCSIN))
    assert f"line 1, column {column}: " in str(caught.value)
    assert message in str(caught.value)


def test_two_tables_of_one_name_are_refused() -> None:
    with pytest.raises(RequestError, match="two tables that are called by T_1; rename one of them"):
        parse("T_1(x)", (), (T, TableSpec("T_1", 1, 1, "nan")))
