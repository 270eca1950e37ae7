"""Variables of LAMMPS: their words, and what is refused. Their numbers are in `test_recorded`."""

from __future__ import annotations

import pytest

from gridgrad.formats import read
from tests.client.formats.notations.refusals import assert_refused


@pytest.mark.parametrize(
    ("text", "ours", "inputs"),
    [
        ("-v_x^2", "(-x)**2", ("x",)),
        ("2^v_n^2", "(2**n)**2", ("n",)),
        ("log(v_T)*ln(v_T)", "log10(T)*log(T)", ("T",)),
        ("v_e*PI", "e*3.141592653589793", ("e",)),
        ("ternary(v_c, v_v_a, 2)", "where(c != 0, v_a, 2)", ("c", "v_a")),
        ("v_a |^ v_b", "where(logical_xor(a != 0, b != 0), 1, 0)", ("a", "b")),
        ("!v_a == true", "where(where(not a != 0, 1, 0) == 1, 1, 0)", ("a",)),
    ],
)
def test_words(text: str, ours: str, inputs: tuple[str, ...]) -> None:
    translation = read(text, "lammps")
    assert str(translation) == ours
    assert translation.inputs == inputs


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("2*x", 3, "write v_name"),
        ("vol*v_x", 1, "of a run"),
        ("$x", 1, "write v_x"),
        ("c_1[2]", 4, "give each as an input"),
        ("sin (v_x)", 1, "without a space"),
        ("ramp(1, 2)", 1, "an input v_t"),
        ("v_x*random(0, 1, 5)", 5, "random numbers"),
        ("min(v_x, 1)", 1, "ternary(a < b, a, b)"),
        ("log10(v_x)", 1, "of base 10 in LAMMPS"),
        ("+v_x", 1, "no sign +"),
        ("v_1x", 1, "rename it"),
        ("v_x v_y", 5, "wants an operator"),
        ("count(all)", 1, "groups"),
    ],
)
def test_what_cant_be_translated_is_refused_at_its_place(text: str, column: int, said: str) -> None:
    assert_refused("lammps", text, column, said)


@pytest.mark.parametrize(
    ("text", "said"), [("log(v_x)", "base 10"), ("sign(v_x)", "1 at 0"), ("round(v_x)", "up"), ("v_x%2", "sign of a")]
)
def test_notes(text: str, said: str) -> None:
    (note,) = read(text, "lammps").notes
    assert said in note.text
