"""Lepton: its words, its definitions, and what of it is refused."""

from __future__ import annotations

import pytest

import gridgrad
from gridgrad.formats import read


@pytest.mark.parametrize(
    ("text", "ours", "inputs"),
    [
        ("a*x; a=b+1; b=2", "(2 + 1)*x", ("x",)),
        ("a*x; a=1; a=2", "1*x", ("x",)),
        ("x; ; a = 2 ;", "x", ("x",)),
        ("a*x; c=2; a=c; c=3", "3*x", ("x",)),
        ("e*pi*X*x", "e*pi*X*x", ("e", "pi", "X", "x")),
        ("p%2 + 1; p%2 = 3", "3 + 1", ()),
        ("r_1\n  *x", "r_1*x", ("r_1", "x")),
    ],
)
def test_names_and_definitions(text: str, ours: str, inputs: tuple[str, ...]) -> None:
    translation = read(text, "lepton")
    assert str(translation) == ours
    assert translation.inputs == inputs


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pi*x", "line 1, column 1: pi is an input"),
        ("x + e", "line 1, column 5: e is an input"),
        ("a; c=1;\na=c", "line 2, column 3: c is an input here: definitions know only those after them"),
        ("a; a=a+1", "line 1, column 6: a is an input here"),
    ],
)
def test_inputs_that_one_would_take_for_something_else_are_noted(text: str, said: str) -> None:
    (note,) = read(text, "lepton").notes
    assert str(note).startswith(said)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("+x", r"column 1: '\+' where Lepton wants an operand; Lepton has no sign \+"),
        ("sin (x)", r"column 5: '\('.*without a space"),
        ("2x", "column 2: 'x' where Lepton wants an operator"),
        ("y*x%2", "column 3: 'x%2', the name of a variable.*a - b\\*floor"),
        ("x<1", r"no operator <; write 1 - step\(a - b\)"),
        ("x<=1", r"no operator <=; write step\(b - a\)"),
        ("x==1", r"no operator ==; write delta\(a - b\)"),
        ("x!=1", "no operator !="),
        ("x!", "no operator !;"),
        ("x=2", "definitions after a semicolon"),
        ("x**2", r"column 3: '\*'.*x\^y"),
        ("ln(x)", "no function of Lepton; write log"),
        ("pow(x, 2)", r"write x\^y"),
        ("SIN(x)", "write sin: Lepton tells case apart"),
        ("1 +\n  V(x)", "line 2, column 3: 'V', which is no function"),
        ("min(x)", "min of 1; it takes 2 arguments"),
        ("min(x, 1, 2)", "min of 3; it takes 2"),
        ("2e*x", "the number '2e'.*Lepton reads 0"),
        (".*x", r"the number '\.'"),
        ("1e5.5", r"column 4: '\.5'"),
        ("1e999", "beyond float64"),
        ("x; y", "column 4: 'y' after a semicolon; write a definition"),
        ("x; =2", "column 4: '=2' after a semicolon"),
        ("x; a=(", "column 7: the end where"),
        ("", "column 1: the end where Lepton wants an operand"),
        ("gaß", "'gaß' as the name"),
        ("inf*x", "'inf' as the name"),
        ("if", "'if' as the name"),
    ],
)
def test_what_is_no_lepton_is_refused_at_its_place_with_a_remedy(text: str, complaint: str) -> None:
    with pytest.raises(gridgrad.ExpressionError, match=f"(?s){complaint}"):
        read(text, "lepton")


@pytest.mark.parametrize("text", ["n" * 10_000 + "!", "x " + "n" * 10_000, "n" * 10_000 + "(x)", "x;" + "n" * 10_000])
def test_messages_are_short_however_long_a_name_is(text: str) -> None:
    with pytest.raises(gridgrad.ExpressionError) as caught:
        read(text, "lepton")
    assert len(str(caught.value)) < 300
