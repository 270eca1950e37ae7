"""fparser: its words, its definitions, its powers, and what of it is refused. Its numbers are in `test_recorded`."""

from __future__ import annotations

import math

import pytest

from gridgrad.formats import read
from tests.client.formats.notations.refusals import assert_refused
from tests.core.lang.evaluator import evaluate


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("a := x + 1; a*a", "v1 = x + 1\nv1*v1"),
        ("a := 1; a := x; a", "x"),
        ("e*pi*x", "2.718281828459045*3.141592653589793*x"),
        ("if(x < 1, 2, 3)", "where(x < 1 - 1e-12, 2, 3)"),
        ("if(x, 2, 3)", "where(abs(x) >= 0.5, 2, 3)"),
        ("!(x = y) & z", "where(not abs(x - y) <= 1e-12 and abs(z) >= 0.5, 1, 0)"),
        ("x^2 + x^0.5 + x^-0.25", "x**2 + x**0.5 + x**-0.25"),
        ("2^x", "2**x"),
        ("x^(1/3)", "v1 = 1/3\nwhere(x < 0, -(-x)**v1, x**v1)"),
    ],
)
def test_words_and_definitions(text: str, ours: str) -> None:
    assert str(read(text, "fparser")) == ours


@pytest.mark.parametrize("x", [1e-4, 0.0, -0.3, 0.0999])
def test_plog_is_the_series_of_the_logarithm_below_eps(x: float) -> None:
    part = (x - 0.1) / 0.1
    expected = math.log(0.1) + part - part**2 / 2 + part**3 / 3
    assert evaluate(read("plog(x, 0.1)", "fparser"), x=x) == [pytest.approx(expected, rel=1e-14)]
    assert evaluate(read("plog(x, 0.1)", "fparser"), x=x + 1) == [pytest.approx(math.log(x + 1), rel=1e-14)]


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("x == y", 4, "a single ="),
        ("x && y", 4, "write a & b"),
        ("x ? 1 : 2", 3, "write if(c, a, b)"),
        ("+x", 1, "no sign +"),
        ("2x", 2, "wants an operator"),
        ("plog(x)", 1, "it takes 2 arguments"),
        ("min(x, y, 1)", 1, "it takes 2 arguments"),
        ("a := 2;", 3, "definitions stand before"),
        ("x; y", 1, "defines nothing"),
        ("pi := 3; pi", 1, "a constant"),
        ("SIN(x)", 1, "tells case apart"),
        ("eval(x)", 1, "write the formula out"),
        ("", 1, "wants an operand"),
    ],
)
def test_what_cant_be_translated_is_refused_at_its_place(text: str, column: int, said: str) -> None:
    assert_refused("fparser", text, column, said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x^y", "they are negative"),
        ("x^0.3", "they are negative"),
        ("pow(-2, x)", "they are negative"),
        ("x < y", "within 1e-12"),
        ("int(x)", "away from 0"),
        ("if(x, 1, 2)", "from a half on"),
        ("x%2", "sign of a"),
    ],
)
def test_notes(text: str, said: str) -> None:
    (note,) = read(text, "fparser").notes
    assert said in note.text
