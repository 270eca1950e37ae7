"""`sum` of one argument and `len` in a text: what they come to, their canonical text, and what to write instead."""

from __future__ import annotations

import pytest

from gridgrad_core.errors import ExpressionError
from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.lang.parser.parser import parse

ARRAYS = tuple(TableSpec(name, 0, 0, "") for name in "ndt")
TABLE = TableSpec("V", 1, 3, "nan", 2)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("sum(n*delta**d*tau**t)", "sum(n*delta**d*tau**t)"),
        ("sum( n )*x+len( d )", "sum(n)*x + len(d)"),
        ("sum(n*sum(d*x**t))", "sum(n*sum(d*x**t))"),
        ("sum(sum(n)*d)", "sum(sum(n)*d)"),
        ("u = n*x\nsum(u*u) + sum(t*u)", "v1 = n*x\nsum(v1*v1) + sum(t*v1)"),
        ("f(a) = sum(n*a)\nf(x) + f(y)", "sum(n*x) + sum(n*y)"),
        ("sum(solve(y - n*x, y, 0))", "sum(solve(y - n*x, y, 0))"),
        ("solve(sum(n*x**d) - p, x, 1)", "solve(sum(n*x**d) - p, x, 1)"),
        ("sum(n*sum(x**i*t, i, 1, 100))", "sum(n*sum(x**i*t, i, 1, 100))"),
        ("diff(sum(n*x**2 + 3*x), x)", "sum(n*(2*x) + 3)"),
        ("diff(sum(n + x), x)", "len(n)"),
        ("diff(sum(n + 3*x), x)", "3*len(n)"),
        ("diff(sum(n**2*x), x)", "sum(n**2)"),
        ("d = 2*x; d + sum(n*x)", "2*x + sum(n*x)"),
        ("a = sum(n*x); b = len(n); a, b", "a = sum(n*x)\nb = len(n)\na, b"),
    ],
)
def test_the_canonical_text_is_of_the_same_program(text: str, canonical: str) -> None:
    program = parse(text, (), ARRAYS)
    assert str(program) == canonical
    assert parse(canonical, (), ARRAYS) == program
    assert not {*"ndt#"} & {*program.inputs}


def test_a_component_that_is_called_like_an_array_hides_it_where_it_is_written() -> None:
    program = parse("x = n*y; n_ = sum(x); n = 2*y; n, n_", (), ARRAYS)
    assert parse(program.text, (), ARRAYS) == program


def test_the_arrays_that_are_summed_are_called_whatever_they_are_in() -> None:
    assert parse("sum(n*x)", (), (TABLE, *ARRAYS)).called == ("n",)
    assert parse("V_1(x) + sum(d*sum(n))", (), (TABLE, *ARRAYS)).called == ("V", "n", "d")
    assert parse("solve(sum(t*x) - p, x, 1) + 0*len(d)", (), ARRAYS).called == ("d", "t")


def test_the_text_says_nothing_of_how_many_numbers_there_are() -> None:
    assert parse("sum(n*x)", (), ARRAYS).digest == parse("sum(n*x)", (), ARRAYS[:1]).digest


@pytest.mark.parametrize(
    ("text", "where", "found", "remedy"),
    [
        ("n*x", "column 1", "the array n outside of a sum", "sum(n*x)"),
        ("sum(n) + d", "column 10", "the array d outside of a sum", "sum(d*x)"),
        ("integrate(n*x, x, 0, 1)", "column 11", "the array n outside of a sum", "sum(n*x)"),
        ("sum(n*i, i, 0, 2)", "column 5", "the array n outside of a sum", "sum(n*x)"),
        ("sum(x)", "column 1", "not 1 without an array in it", "one dim and 1 to 4,096 numbers: coefficients={'n': n}"),
        ("sum(sum(n))", "column 1", "not 1 without an array in it", "coefficients={'n': n}"),
        ("sum(n, d)", "column 1", "takes 4 arguments, not 2", "sum(u, i, a, b)"),
        ("prod(n)", "column 1", "takes 4 arguments, not 1", "prod(u, i, a, b)"),
        ("len(x)", "column 1", "len of what is no array", "len(n)"),
        ("len(n*x)", "column 1", "len of what is no array", "len(n)"),
        ("len(n, d)", "column 1", "len of what is no array", "len(n)"),
        ("diff(sum(n*x), n)", "column 16", "a derivative by the array n", "derivatives=['n']"),
        ("sum((n, d))", "column 5", "a tuple", "last line"),
        ("n(x)", "column 1", "n", "*"),
    ],
)
def test_what_is_no_sum_over_arrays_is_refused_with_what_to_write(
    text: str, where: str, found: str, remedy: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text, (), ARRAYS)
    assert where in caught.value.found
    assert found in caught.value.found
    assert remedy in caught.value.remedy


def test_sums_over_arrays_count_as_calls() -> None:
    with pytest.raises(ExpressionError, match="more than 256 calls"):
        parse(" + ".join(f"sum(n*x**{i})" for i in range(257)), (), ARRAYS)
