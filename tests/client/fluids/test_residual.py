"""Residual terms beside CoolProp's derivatives, and where others are wrong beside known digits."""

from __future__ import annotations

import mpmath as mp
import pytest
from numpy.testing import assert_allclose

import gridgrad
from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.program.program import Program
from tests.client.fluids.sampled import cases, file_of, fluid
from tests.core.lang.evaluator import evaluate


def partial(program: Program, by: tuple[str, ...], **at: float) -> float:
    derived = derive(program, [by]).alone(by) if by else program
    (found,) = evaluate(derived, **{name: at[name] for name in derived.inputs})
    return found


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["file"]["INFO"]["NAME"])
def test_values_and_partials_are_coolprops(case: dict) -> None:  # type: ignore[type-arg] # as JSON has it
    program = gridgrad.parse(gridgrad.fluids.read_fluid(case["file"]).residual)
    for state in case["states"]:
        for i, row in enumerate(state["alphar"]):
            for j, expected in enumerate(row):
                seen = partial(program, ("delta",) * i + ("tau",) * j, delta=state["delta"], tau=state["tau"])
                assert_allclose(seen, expected, rtol=1e-11, err_msg=f"{i} {j} {state}")


@pytest.mark.parametrize(
    ("by", "tau", "delta", "right"),
    [
        (("delta", "delta"), 0.9, 1.0, 0.4073296488932372),
        (("delta", "tau"), 0.9, 1.0, -1.7023848380219453),
        (("tau", "tau"), 1.0, 1.000001, -250409.4056841689),
    ],
)
def test_water_on_the_line_of_the_critical_density(by: tuple[str, ...], tau: float, delta: float, right: float) -> None:
    program = gridgrad.parse(fluid("Water").residual)
    assert_allclose(partial(program, by, tau=tau, delta=delta), right, rtol=3e-13)


def test_terms_that_cancel_at_low_density_keep_their_digits() -> None:
    (terms,) = (each for each in file_of("R21")["EOS"][0]["alphar"] if "g" in each)
    others = [each for each in file_of("R21")["EOS"][0]["alphar"] if "g" not in each]
    delta, tau = mp.mpf("1e-8"), mp.mpf("0.9")
    with mp.workdps(40):
        right = mp.fsum(
            mp.mpf(n) * delta ** mp.mpf(d) * tau ** mp.mpf(t) * (mp.exp(-mp.mpf(g) * delta ** mp.mpf(el)) if el else 1)
            for each in (*others, terms)
            for n, d, t, el, g in zip(each["n"], each["d"], each["t"], each["l"], each.get("g", [1] * 99), strict=False)
        )
    seen = partial(gridgrad.parse(fluid("R21").residual), (), delta=1e-8, tau=0.9)
    assert_allclose(seen, float(right), rtol=1e-13)


def test_the_ideal_gas_is_the_limit() -> None:
    program = gridgrad.parse(fluid("Water").residual)
    assert partial(program, (), tau=0.9, delta=0.0) == 0
    assert partial(program, ("tau", "tau"), tau=0.9, delta=0.0) == 0
    assert_allclose(partial(program, ("delta",), tau=0.9, delta=0.0), -1.0703781901916694, rtol=1e-13)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("type", "ResidualHelmholtzAssociating", r"EOS\[0\].alphar\[0\].type: is 'ResidualHelmholtzAssociating'"),
        ("extra", 1, r"alphar\[0\].extra: is a key that is not known"),
        ("n", [1.0], r"alphar\[0\].n: has 1 numbers, others have 32"),
        ("t", [float("nan")] * 32, r"alphar\[0\].t\[0\]: is 'nan' and no finite number"),
        ("l", None, r"alphar\[0\].l: is no list"),
    ],
)
def test_bad_terms_are_refused_by_path_and_key(key: str, value: object, said: str) -> None:
    file = file_of("Nitrogen")
    file["EOS"][0]["alphar"][0][key] = value
    with pytest.raises(gridgrad.RequestError, match=said):
        gridgrad.fluids.read_fluid(file)
