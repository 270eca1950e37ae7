"""Whole programs, compiled: random ones against mpmath and the direct tier, the equation of state at its references."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridgrad.checks.mpmath_reference import partial
from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.compiled.codegen.build import build, source_of
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.make import engine_of
from gridgrad_worker.engines.compiled.runtime.compiled_engine import CompiledEngine
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from gridgrad_worker.native.toolchain import compiler_version
from tests.seeds import examples
from tests.worker.torch_ops.test_random_programs import POINTS, TOLERANCE, texts

pytestmark = [
    pytest.mark.processor,
    pytest.mark.skipif(compiler_version() is None, reason="there is no C++ compiler"),
    pytest.mark.timeout(600),  # some compile for long on a busy machine
]

Built = tuple[CompiledEngine, StructuredEngine]
WORKLOADS = Path(__file__).parents[3] / "workloads"
PROGRAMS = 10
WANTED = ((), (0,), (1,))
NITROGEN = {"value": (), "delta_1": (0,), "tau_1": (1,), "delta_2": (0, 0), "delta_tau": (0, 1), "tau_2": (1, 1)}


def as_one(programs: list[str]) -> CompileJob:
    """Programs as the components of one."""
    lines, results = [], []
    for n, text in enumerate(programs):
        *body, result = re.sub(r"\bv(?=\d)", f"p{n}v", text).split("\n")
        lines += body
        results.append(result)
    return CompileJob("\n".join((*lines, ", ".join(results))), ("x", "y"), ((0,), (1,)), 2, WANTED, "float64", "cpu")


def grid(x: list[float], y: list[float]) -> Tile:
    inputs = (ArrayValues(np.array(x), (0,), 2), ArrayValues(np.array(y), (1,), 2))
    return Tile(inputs, Subgrid((0, 0), (len(x), len(y))))


@given(programs=st.lists(texts(), min_size=PROGRAMS, max_size=PROGRAMS))
@settings(max_examples=examples(2), deadline=None, suppress_health_check=list(HealthCheck))
def test_random_programs_agree(build_engine: Callable[[CompileJob], Built], programs: list[str]) -> None:
    job = as_one(programs)
    compiled, direct = build_engine(job)
    xs, ys = map(list, zip(*POINTS, strict=True))
    tile = grid(xs, ys)
    got, expected = (np.full((len(WANTED) * PROGRAMS, tile.subgrid.points), 12345.0) for _ in range(2))
    compiled.compute([tile], [got])
    direct.compute([tile], [expected])
    found = got.reshape(len(WANTED), PROGRAMS, len(xs), len(ys))
    for n, text in enumerate(programs):
        for i, x in enumerate(xs):
            point = {"x": x, "y": ys[i]}
            want = [float(partial(parse(text), point, wrt)) for wrt in ("", "x", "y")]
            error = np.abs(found[:, n, i, i] - want).max()
            assert error <= TOLERANCE * (1 + np.abs(want).max()), f"at {point} of\n{text}"
    np.testing.assert_allclose(got, expected, rtol=1e-11, atol=1e-11)


def test_the_equation_of_state_is_right_at_its_references(build_engine: Callable[[CompileJob], Built]) -> None:
    workload = json.loads((WORKLOADS / "nitrogen_helmholtz.json").read_text())
    names = tuple(workload["axes"])
    job = CompileJob(workload["expression"], names, ((0,), (1,)), 2, tuple(NITROGEN.values()), "float64", "cpu")
    compiled, _ = build_engine(job)
    points = workload["reference"]
    tiles = [grid([point["delta"]], [point["tau"]]) for point in points]
    outs = [np.empty((len(NITROGEN), 1)) for _ in points]
    compiled.compute(tiles, outs)
    for point, out in zip(points, outs, strict=True):
        np.testing.assert_allclose(out[:, 0], [point[name] for name in NITROGEN], rtol=1e-12, atol=0)


def test_a_long_program_is_right_with_and_without_separated_sums(cpu: CpuDevice, tmp_path: Path) -> None:
    workload = json.loads((WORKLOADS / "nitrogen_properties.json").read_text())
    job = CompileJob(workload["expression"], tuple(workload["axes"]), ((0,), (1,)), 2, WANTED, "float64", "cpu")
    direct = StructuredEngine(job.program(), job.inputs, 2, WANTED, torch.float64, cpu)
    source = source_of(job, direct)
    assert len(source.functions) > 3, "it is compiled in pieces"
    library = build(source, tmp_path)
    temperatures, densities = [150.0, 300.0, 550.0], [*np.linspace(200.0, 19000.0, 21)]  # no whole vectors
    tile = grid(temperatures, densities)
    found, plain = (np.full((4 * len(WANTED), tile.subgrid.points), np.nan) for _ in range(2))
    engine_of(job, direct, library).compute([tile], [found])
    engine_of(job, direct, library, separating=False).compute([tile], [plain])
    np.testing.assert_allclose(plain, found, rtol=1e-9, atol=0)
    energy = workload["expression"].partition("p = ")[0] + "a"
    for place, density in ((0, 200.0), (20, 19000.0)):
        for row, temperature in enumerate(temperatures):
            want = properties(energy, temperature, density)
            np.testing.assert_allclose(found[:, row * len(densities) + place][[*range(5), 8]], want, rtol=1e-9)


def properties(energy: str, temperature: float, density: float) -> list[float]:
    """p, cv, cp, w and the slopes of p by both, from derivatives of the Helmholtz energy by mpmath."""
    program, point = parse(energy), {"T": temperature, "rho": density}
    orders = ("r", "rr", "tt", "tr")
    a_r, a_rr, a_tt, a_tr = (partial(program, point, ["T" if by == "t" else "rho" for by in order]) for order in orders)
    p, p_t, p_r = density**2 * a_r, density**2 * a_tr, 2 * density * a_r + density**2 * a_rr
    cv = -temperature * a_tt
    cp = cv + temperature / density**2 * p_t**2 / p_r
    return [float(each) for each in (p, cv, cp, mpmath.sqrt(cp / cv * p_r / 0.02801348), p_t, p_r)]
