"""ExprTk: its words, its definitions, and what of it is refused."""

from __future__ import annotations

import pytest

from gridgrad.formats import read
from tests.client.formats.notations.refusals import assert_refused


@pytest.mark.parametrize(
    ("text", "ours", "inputs"),
    [
        ("2x^2y", "2*x**2*y", ("x", "y")),
        ("var a := x + 1; a := a*2; a*a", "v1 = (x + 1)*2\nv1*v1", ("x",)),
        ("var a := 2", "2", ()),
        ("K*X + k2 // a comment; with more\n + 1", "K*X + k2 + 1", ("K", "X", "k2")),
        ("SIN(Pi*x)", "sin(3.141592653589793*x)", ("x",)),
        ("x > 1 and y < 2 ? 3 : 4", "where(x > 1 and y < 2, 3, 4)", ("x", "y")),
        ("x nand y", "where(not (x != 0 and y != 0), 1, 0)", ("x", "y")),
    ],
)
def test_words_and_definitions(text: str, ours: str, inputs: tuple[str, ...]) -> None:
    translation = read(text, "exprtk")
    assert str(translation) == ours
    assert translation.inputs == inputs


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("X + x", 5, "write it in the same case everywhere"),
        ("y*f(x)", 3, "no function of ExprTk"),
        ("x*ln(2)", 3, "write log"),
        ("2 3", 3, "wants an operator"),
        ("x := 3", 3, "write var a := 2;"),
        ("x := 3; x", 1, "an assignment to the input 'x'"),
        ("x; 2", 1, "whose value is dropped"),
        ("for (var i := 0; i < 3; i += 1) { i }", 1, "without loops"),
        ("{x}", 1, "write ( ) for groups"),
        ("x[0]", 2, "vectors"),
        ("'a' == x", 1, "strings"),
        ("null + 1", 1, "null"),
        ("x ? 2", 3, "without its :"),
        ("x : 2", 3, "write the ? before it"),
        ("root(x, y)", 1, "x^(1/n)"),
        ("roundn(x, 20)", 1, "from 0 to 15"),
        ("min()", 5, "wants an operand"),
        ("hypot(x)", 1, "it takes 2 arguments"),
        ("1.5e*x", 1, "write all of it"),
        ("1e400*x", 1, "beyond float64"),
        ("", 1, "wants an operand"),
        ("a.b + 1", 1, "rename it"),
        ("x && y", 4, "write a and b"),
    ],
)
def test_what_cant_be_translated_is_refused_at_its_place(text: str, column: int, said: str) -> None:
    assert_refused("exprtk", text, column, said)


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("2*sinc(x)", 3, "sin(x)/x, without π"),
        ("x*clamp(0, x, 1)", 3, "the bounds stand first and last"),
        ("x%2", 2, "the sign of a"),
        ("1 + 0*x", 6, "ExprTk simplifies 0*x to 0"),
        ("0/x", 2, "ExprTk simplifies 0/x to 0"),
        ("e*x", 1, "e is an input"),
    ],
)
def test_what_is_written_otherwise_is_noted_at_its_place(text: str, column: int, said: str) -> None:
    (note,) = read(text, "exprtk").notes
    assert said in note.text
    assert (note.line, note.column) == (1, column)
