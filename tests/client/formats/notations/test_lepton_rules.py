"""Values and derivatives of Lepton's formulas beside OpenMM's own, recorded by `openmm_answers`."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gridgrad.formats import read
from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.program.program import Program
from tests.client.formats.openmm_answers import RECORDED
from tests.core.lang.evaluator import evaluate

CASES = json.loads(RECORDED.read_text())


def value(program: Program, at: dict[str, float]) -> float:
    with np.errstate(all="ignore"):
        (found,) = evaluate(program, **{name: at[name] for name in program.inputs})
    return float(found)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['text']} at {case['at']}")
def test_values_and_derivatives_are_those_of_openmm(case: dict[str, Any]) -> None:
    program = read(case["text"], "lepton")
    assert_allclose(value(program, case["at"]), case["value"], rtol=1e-13)
    for name, slope in case["d"].items():
        derived = derive(program, [(name,)]).alone((name,)) if name in program.inputs else None
        assert_allclose(value(derived, case["at"]) if derived else 0.0, slope, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("1 + abs(x)", 5, "the derivative at a tie is 1"),
        ("min(x, y)", 1, "that of b"),
        ("max(x, y)", 1, "that of a"),
        ("2*step(x)", 3, "1 at 0"),
        ("delta(x)", 1, "where(x == 0, 1, 0)"),
        ("select(c, x, y)", 1, "negative conditions are true"),
        ("y*sec(x)", 3, "1/cos(x)"),
        ("y + (1 - 1)*log(x)", 12, "0*x to 0"),
        ("0/x", 2, "0/x to 0"),
        ("0^x", 2, "0^x to 0"),
        ("x/x", 2, "x/x to 1"),
        ("x - x", 3, "x - x to 0"),
        ("square(sqrt(x))", 1, "sqrt(x)^2 to x"),
    ],
)
def test_what_is_written_otherwise_is_noted_at_its_place(text: str, column: int, said: str) -> None:
    notes = [note for note in read(text, "lepton").notes if said in note.text]
    assert [(note.line, note.column) for note in notes] == [(1, column)]


def test_what_is_as_it_was_has_no_notes() -> None:
    assert read("4*eps*((s/r)^12 - (s/r)^6)*exp(-r) + atan2(x, 2)", "lepton").notes == ()
