"""muParser: its words, and what of it is refused. Its numbers are in `test_recorded`."""

from __future__ import annotations

import pytest

from gridgrad.formats import read
from tests.client.formats.notations.refusals import assert_refused


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("_pi*x", "3.141592653589*x"),
        ("ln(x) + log(x)", "v1 = log(x)\nv1 + v1"),
        ("x > 1 && y ? 1 : 2 ? x : 4", "where(x > 1 and y != 0, 1, where(2 != 0, x, 4))"),
        ("rint(x)", "floor(x + 0.5)"),
        ("avg(x, 2, y)", "(x + 2 + y)/3"),
        ("+x", "x"),
        ("0.5 && x || 1 < 2 && 3", "where(0.5 != 0 and x != 0 or 1 < 2 and 3 != 0, 1, 0)"),
    ],
)
def test_words(text: str, ours: str) -> None:
    assert str(read(text, "muparser")) == ours


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("x - --y", 6, "one sign only"),
        ("x = 2", 3, "equality is =="),
        ("x, y", 2, "read each result by itself"),
        ("sin (x)", 5, "without a space"),
        ("2*pow(x, 2)", 3, "write x^y"),
        ("if(x, 1, 2)", 1, "write c ? a : b"),
        ("SIN(x)", 1, "write sin: muParser tells case apart"),
        ("2x", 2, "wants an operator"),
        ("x%2", 2, "muParser has none"),
        ("!x", 1, "(a == 0)"),
        ("x ? 2", 3, "without its :"),
        ("(x ? 2)", 4, "without its :"),
        ("sin()", 5, "wants an operand"),
        ("sin(x, y)", 1, "it takes 1 argument"),
        ("atan2(x)", 1, "it takes 2 arguments"),
        ("x;", 2, "read each formula by itself"),
        ("rand()", 1, "random numbers"),
        ("0.5 && 1", 5, "the whole part"),
        ("x + (0 || 1/2)", 8, "the whole part"),
        ("1 && sqrt(3)", 3, "the whole part"),
    ],
)
def test_what_cant_be_translated_is_refused_at_its_place(text: str, column: int, said: str) -> None:
    assert_refused("muparser", text, column, said)


@pytest.mark.parametrize(
    ("text", "said"), [("pi*x", "_pi"), ("e*x", "_e"), ("min(x, 1)", "that of a"), ("rint(x)", "up")]
)
def test_notes(text: str, said: str) -> None:
    (note,) = read(text, "muparser").notes
    assert said in note.text
