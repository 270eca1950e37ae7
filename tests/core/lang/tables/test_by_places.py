"""Derivatives by the numbers of arrays at a place: their texts, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gridgrad_core.errors import RequestError
from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.tables.by_places import derivatives_at_a_place

ARRAYS = [TableSpec(name, 0, 0, "") for name in "ndm"]


def at_a_place(text: str, asked: Sequence[str] = ("n",)) -> Program:
    program = parse(text, ["x", "y"], ARRAYS)
    return derivatives_at_a_place(program, {"n": "n_at", "d": "d_at"}, asked)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sum(n*x**3)", "1*x**3"),
        ("y*sum(n**2*d)", "y*(d_at*(2*n_at))"),
        ("exp(sum(n*x))", "exp(sum(n*x))*x"),
        ("sum(n*x) + sum(n*y)", "1*x + 1*y"),
        ("sum(n*x)*sum(d*y)", "sum(d*y)*x"),
        ("sum(d*sum(n*x))", "sum(d)*x"),
        ("sum(n*x)/len(n) + sum(m)", "1/len(n)*x"),
        ("sum(d*x) + y", "0"),
    ],
)
def test_they_are_what_one_number_counts(text: str, expected: str) -> None:
    wanted = parse(f"({expected},)", ["x", "y", "n_at", "d_at"], ARRAYS)
    assert at_a_place(text).text == wanted.text


def test_components_stand_by_array_then_by_component() -> None:
    found = at_a_place("(sum(n*x), sum(n*d*y))", ["n", "d"])
    assert (found.components, found.tuple_valued) == (("f0", "f1", "f2", "f3"), True)
    assert found.text == parse("(1*x, 1*(y*d_at), 0, 1*(y*n_at))", ["x", "y", "d_at", "n_at"], ARRAYS).text


@pytest.mark.parametrize(
    ("text", "inside"), [("solve(sum(n*u) - 1, u, 1)", "solve"), ("integrate(sum(n*u), u, 0, x)", "integrate")]
)
def test_sums_inside_of_other_calls_are_refused(text: str, inside: str) -> None:
    with pytest.raises(RequestError, match=f"an array whose sum stands in {inside}"):
        at_a_place(text)
