"""Saturation of fluids by `solve`: against CoolProp's recorded answers, and Maxwell's construction by mpmath."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from gridgrad.checks import mpmath_reference
from gridgrad.fluids import Fluid, read_fluid
from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from tests.client.fluids.coolprop_answers import SATURATION

CASES: list[dict[str, Any]] = json.loads(SATURATION.read_text())
PHASES = ("vapour", "liquid")


def curve(fluid: Fluid, temperatures: list[float], cpu: CpuDevice) -> NDArray[np.float64]:
    """The density of both phases, and their slopes by T: [2, 2, temperatures]."""
    wanted: list[tuple[int, ...]] = [(), (0,)]
    engine = StructuredEngine(parse(fluid.saturation()), {"T": (0,)}, 1, wanted, torch.float64, cpu)
    out = np.empty((4, len(temperatures)))
    values = (ArrayValues(np.array(temperatures), [0], 1),)
    engine.compute([Tile(values, Subgrid((0,), (len(temperatures),)))], [out])
    return out.reshape(2, 2, -1)


def of_all() -> Iterator[Any]:
    """Each fluid, those of many terms among what takes long."""
    for case in CASES:
        name = case["file"]["INFO"]["NAME"]
        yield pytest.param(case, id=name, marks=pytest.mark.long if name in ("Water", "Nitrogen", "Ammonia") else ())


@pytest.mark.parametrize("case", [*of_all()])
def test_saturation_is_coolprops(case: dict[str, Any], cpu: CpuDevice) -> None:
    states = case["states"]
    densities, slopes = curve(read_fluid(case["file"]), [each["T"] for each in states], cpu)
    assert_allclose(densities, [[each[phase] for each in states] for phase in PHASES], rtol=1e-9)
    assert_allclose(slopes, [[each[f"{phase} by T"] for each in states] for phase in PHASES], rtol=1e-6)


def test_both_phases_have_one_pressure_and_one_gibbs_energy_where_coolprop_errs(cpu: CpuDevice) -> None:
    """Diethyl ether far below 270 K, where its equation ends: there CoolProp's vapour is 45 times as dense."""
    (file,) = (case["file"] for case in CASES if case["file"]["INFO"]["NAME"] == "DiethylEther")
    fluid = read_fluid(file)
    residual = derive(parse(fluid.residual), [(), ("delta",)]).program

    def state(log_density: Any) -> Any:
        delta = mp.exp(log_density) / fluid.reducing_density
        tau = mp.mpf(fluid.reducing_temperature) / 172
        energy, slope = mpmath_reference.evaluate(residual, {"tau": tau, "delta": delta})
        return mp.matrix([delta * (1 + delta * slope), mp.log(delta) + energy + delta * slope])

    with mp.workdps(40):
        start = (mp.log(0.004), mp.log(11286))
        roots = mp.findroot(lambda vapour, liquid: list(state(vapour) - state(liquid)), start)
        right = [float(mp.exp(each)) for each in roots]
    assert_allclose(right[0], 0.004151148811655774, rtol=1e-14)
    assert_allclose(curve(fluid, [172.0], cpu)[0, :, 0], right, rtol=1e-12)
