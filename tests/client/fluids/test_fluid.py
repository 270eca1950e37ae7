"""Reading fluids, and their texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from numpy.testing import assert_allclose

import gridgrad
from gridgrad.fluids import read_fluid
from tests.client.fluids.sampled import file_of, fluid
from tests.core.lang.evaluator import evaluate


def test_a_file_is_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "nitrogen.json"
    path.write_text(json.dumps(file_of("Nitrogen")))
    nitrogen = read_fluid(path)
    assert nitrogen == fluid("Nitrogen")
    assert (nitrogen.name, nitrogen.gas_constant) == ("Nitrogen", 8.31451)
    path.write_text(json.dumps([file_of("Nitrogen")]))
    assert read_fluid(path) == nitrogen


def test_virial_coefficients_of_nitrogen() -> None:
    seen = evaluate(gridgrad.parse(fluid("Nitrogen").virials()), T=300.0)
    assert_allclose(seen, [-4.553692504966365e-6, 1.4103413458434155e-9], rtol=1e-14)


@pytest.mark.parametrize(
    ("text", "inputs", "components"),
    [
        (fluid("Water").property("p"), {"T", "rho"}, ("f",)),
        (fluid("Water").property("cp", "w"), {"T", "rho"}, ("cp", "w")),
        (fluid("Water").density("p/(R*T)"), {"T", "p"}, ("f",)),
        (fluid("Water").density(50_000, 58_000), {"T", "p"}, ("f",)),
        (fluid("Water").saturation(1.0, "5e4 - T"), {"T"}, ("vapour", "liquid")),
        (fluid("Water").virials(), {"T"}, ("B", "C")),
    ],
)
def test_texts_have_these_inputs_and_components(text: str, inputs: set[str], components: tuple[str, ...]) -> None:
    program = gridgrad.parse(text)
    assert {*program.inputs} == inputs
    assert program.components == components


def test_saturation_needs_guesses() -> None:
    with pytest.raises(gridgrad.RequestError, match="no guess, here or in the file"):
        fluid("Water").saturation(liquid=5e4)
    phase = {"T_r": 647.096, "reducing_value": 17874.0, "n": [2.0], "t": [0.35], "using_tau_r": True}
    ancillary = {"rhoV": phase | {"type": "rhoV"}, "rhoL": phase | {"type": "rhoLnoexp"}}
    text = read_fluid(file_of("Water") | {"ANCILLARIES": ancillary}).saturation()
    assert gridgrad.parse(text).components == ("vapour", "liquid")


@pytest.mark.parametrize("names", [(), ("p", "viscosity"), (["p", "cv"],)])
def test_properties_that_there_are_not_are_refused(names: tuple[Any, ...]) -> None:
    with pytest.raises(gridgrad.RequestError, match="give some of p, cv"):
        fluid("Water").property(*names)


def changed(*path: Any, to: Any) -> dict[str, Any]:
    file: Any = file_of("Nitrogen")
    inner = file
    for key in path[:-1]:
        inner = inner[key]
    if to is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = to
    return dict(file)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (changed("EOS", 0, "STATES", to=None), r"fluid.EOS\[0\]: has no 'STATES'"),
        (changed("EOS", 0, "STATES", "reducing", to=None), r"STATES: has no 'reducing'"),
        (changed("EOS", 0, "STATES", "reducing", "T_units", to="C"), r"reducing.T_units: is 'C'; convert it to K"),
        (changed("EOS", 0, "gas_constant_units", to="J/kg/K"), r"gas_constant_units: is 'J/kg/K'"),
        (changed("EOS", 0, "gas_constant", to=-8.3), r"gas_constant: is -8.3; give a positive"),
        (changed("EOS", 0, "gas_constant", to="8.3"), r"gas_constant: is '8.3' and no finite"),
        (changed("EOS", 0, "viscosity", to=1), r"EOS\[0\].viscosity: is a key that is not known"),
        (changed("FLUID", to=1), r"fluid.FLUID: is a key that is not known"),
        (changed("EOS", to=[]), r"fluid.EOS: is no list of one or more"),
        (changed("EOS", to=[1]), r"EOS\[0\]: is no object"),
        (changed("EOS", 0, "alphar", to=[]), r"alphar: is no list"),
        (None, r"fluid: is no object; give one with 'EOS'"),
    ],
)
def test_what_is_no_fluid_is_refused_by_path_and_key(file: Any, said: str) -> None:
    with pytest.raises(gridgrad.RequestError, match=said):
        read_fluid(file)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "is no object"),
        (" " * (4 * 2**20 + 1), "at most 4,194,304 are read"),
        (json.dumps(changed("EOS", 0, "molar_mass", to=float("nan"))), "molar_mass: is 'NaN' and no finite number"),
    ],
)
def test_what_is_no_file_of_a_fluid_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "fluid.json"
    path.write_text(text)
    with pytest.raises(gridgrad.RequestError, match=said):
        read_fluid(path)
    with pytest.raises(gridgrad.RequestError, match="give the path"):
        read_fluid(tmp_path / "none.json")
