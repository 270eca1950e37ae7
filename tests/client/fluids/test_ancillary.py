"""Ancillary equations beside the formula that describes them in the files."""

from __future__ import annotations

import math

import pytest

import gridgrad
from gridgrad.fluids.ancillary import saturated_density_text
from gridgrad.fluids.file_value import FileValue
from tests.core.lang.evaluator import evaluate

GIVEN = {"T_r": 126.2, "reducing_value": 11184.0, "n": [3.4, -2.9], "t": [0.4, 1.0]}


@pytest.mark.parametrize(
    ("kind", "scaled", "expected"),
    [
        ("rhoLnoexp", False, lambda terms, _: 1 + terms),
        ("rhoV", False, lambda terms, _: math.exp(terms)),
        ("rhoV", True, lambda terms, temperature: math.exp(126.2 / temperature * terms)),
    ],
)
def test_densities(kind: str, scaled: bool, expected: object) -> None:
    text = saturated_density_text(FileValue({**GIVEN, "type": kind, "using_tau_r": scaled}, "here"))
    terms = 3.4 * (1 - 100 / 126.2) ** 0.4 - 2.9 * (1 - 100 / 126.2)
    assert callable(expected)
    assert evaluate(gridgrad.parse(text), T=100.0) == [pytest.approx(11184 * expected(terms, 100.0), rel=1e-13)]


def test_other_types_are_refused() -> None:
    with pytest.raises(gridgrad.RequestError, match=r"here.type: is 'pL'; known are rhoLnoexp and rhoV"):
        saturated_density_text(FileValue({**GIVEN, "type": "pL"}, "here"))
