"""Ideal terms beside CoolProp's derivatives."""

from __future__ import annotations

from typing import Any

import pytest
from numpy.testing import assert_allclose

import gridgrad
from gridgrad.fluids import read_fluid
from gridgrad_core.lang.derive.derive import derive
from tests.client.fluids.sampled import cases, file_of
from tests.core.lang.evaluator import evaluate


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["file"]["INFO"]["NAME"])
def test_values_and_partials_are_coolprops(case: dict[str, Any]) -> None:
    program = gridgrad.parse(read_fluid(case["file"]).ideal)
    for state in case["states"]:
        for order, expected in enumerate(state["alpha0"][0]):
            by = ("tau",) * order
            derived = derive(program, [by]).alone(by) if by else program
            seen = evaluate(derived, **{name: state[name] for name in derived.inputs})
            assert_allclose(seen, expected, rtol=1e-12)


def test_a_type_that_is_not_known_is_refused() -> None:
    file = file_of("Nitrogen")
    file["EOS"][0]["alpha0"][1]["type"] = "IdealGasHelmholtzOther"
    with pytest.raises(gridgrad.RequestError, match=r"alpha0\[1\].type: is 'IdealGasHelmholtzOther'; known are Lead"):
        read_fluid(file)


def test_aly_and_lee_have_five_constants() -> None:
    file = file_of("D6")
    (term,) = (term for term in file["EOS"][0]["alpha0"] if term["type"] == "IdealGasHelmholtzCP0AlyLee")
    term["c"].pop()
    with pytest.raises(gridgrad.RequestError, match="c: has 4 numbers; give five"):
        read_fluid(file)
