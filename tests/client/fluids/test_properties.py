"""Properties beside CoolProp's."""

from __future__ import annotations

from typing import Any

import pytest
from numpy.testing import assert_allclose

import gridgrad
from gridgrad.fluids import PROPERTIES, read_fluid
from tests.client.fluids.sampled import cases
from tests.core.lang.evaluator import evaluate


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["file"]["INFO"]["NAME"])
def test_properties_are_coolprops(case: dict[str, Any]) -> None:
    program = gridgrad.parse(read_fluid(case["file"]).property(*PROPERTIES))
    assert program.components == tuple(PROPERTIES)
    for state in case["states"]:
        seen = evaluate(program, T=state["T"], rho=state["rho"])
        assert_allclose(seen, [state[name] for name in PROPERTIES], rtol=2e-10, err_msg=str(state))
