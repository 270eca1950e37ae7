"""The kernels' text, run on the processor, against the direct tier."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from numpy.typing import NDArray

from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.cuda import cuda_engine as compiled
from gridgrad_worker.engines.cuda.cuda_engine import CudaEngine
from gridgrad_worker.engines.cuda.source import Source, write_source
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, InputValues, LinspaceValues, Subgrid, Tile, subgrids
from tests.worker.engines.cuda.emulated import compile_with_gcc, load_emulated, needs_gcc
from tests.worker.engines.cuda.simulated import SCHEDULES, SimulatedDevice, make_schedule
from tests.worker.torch_ops.test_random_programs import texts

Array = NDArray[np.floating]
Dims = Mapping[str, tuple[int, ...]]

NVCC = shutil.which("nvcc")

TEXT = """
p = a*x*y + x**2*exp(-y) + cosh(x*y)
p + sinc(x - y) + where(x > y and x < 2*a, x, 2) + (x*y) % 0.7 - (x > 1) + y**-2.5
"""
AXES: Dims = {"x": (0,), "y": (1,), "a": ()}
WANTED = [(), (0,), (1,), (0, 1), (2, 2)]


class Both:
    """An expression in the direct tier and in kernels.

    Args:
        cpu: for the direct tier.
        text: of the expression.
        inputs: the dims of each input.
        ndim: of the grid.
        wanted: derivatives.
        dtype: computed in.
        schedule: of the simulated device.
    """

    def __init__(
        self,
        cpu: CpuDevice,
        text: str,
        inputs: Dims,
        ndim: int,
        wanted: Sequence[tuple[int, ...]],
        dtype: str = "float64",
        schedule: str = "late",
    ) -> None:
        kind = getattr(torch, dtype)
        self.program = parse(text, list(inputs))
        self.direct = StructuredEngine(self.program, inputs, ndim, wanted, kind, cpu, separating=False)
        self.source = write_source(self.direct.plan, len(inputs), kind)
        self.device = SimulatedDevice(make_schedule(schedule))
        self._dtype = dtype
        with tempfile.TemporaryDirectory() as folder:
            code = compile_with_gcc(self.source.text, Path(folder))
            run = load_emulated(code, self.source.names, self.device)
        self.kernels = CudaEngine(self.direct.plan, self.source, run, len(inputs), kind, self.device)

    def compare(self, tiles: Sequence[Tile], tolerance: float) -> list[Array]:
        """Computes tiles with both, and returns the results of the kernels."""
        planes = len(self.direct.plan.outputs)
        want, got = ([np.full((planes, p.subgrid.points), 12345.0, self._dtype) for p in tiles] for _ in range(2))
        self.direct.compute(tiles, want)
        with self.device.running():
            self.kernels.compute(tiles, got)
        for ours, theirs in zip(got, want, strict=True):
            for plane, right in zip(ours, theirs, strict=True):
                np.testing.assert_allclose(plane, right, rtol=tolerance, atol=tolerance)
        return got


def entry(n: int, m: int, seed: int = 0) -> Tile:
    random = np.random.default_rng(seed)
    y = LinspaceValues(0.3, 1.7, m, 1, 2) if seed % 2 else ArrayValues(random.uniform(0.1, 2.0, m), (1,), 2)
    values: tuple[InputValues, ...] = (
        ArrayValues(random.uniform(0.1, 2.0, n), (0,), 2),
        y,
        ArrayValues(np.array(0.5), (), 2),
    )
    return Tile(values, Subgrid((0, 0), (n, m)))


@needs_gcc
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_ragged_batch(cpu: CpuDevice, schedule: str) -> None:
    both = Both(cpu, TEXT, AXES, 2, WANTED, schedule=schedule)
    tiles = [entry(n, m, seed) for seed, (n, m) in enumerate([(32, 32), (20, 44), (0, 3), (7, 3), (1, 1), (600, 2)])]
    both.compare(tiles, 1e-14)
    assert "levels_of_1" in both.source.names


@needs_gcc
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_company_and_tiles_change_nothing(cpu: CpuDevice, monkeypatch: pytest.MonkeyPatch, dtype: str) -> None:
    monkeypatch.setattr(compiled, "_CHUNK_NUMBERS", 5 * 3000)
    both = Both(cpu, TEXT, AXES, 2, WANTED, dtype, "1")
    whole = entry(130, 150)
    tolerance = 1e-14 if dtype == "float64" else 1e-6
    (alone,) = both.compare([whole], tolerance)
    assert np.array_equal(both.compare([entry(5, 6), whole, entry(30, 20)], tolerance)[1], alone)
    parts = both.compare([Tile(whole.inputs, subgrid) for subgrid in subgrids(whole.subgrid, 1111)], tolerance)
    assert np.array_equal(np.concatenate(parts, axis=1), alone)


@needs_gcc
def test_dims_of_all_kinds(cpu: CpuDevice) -> None:
    """A field of two dims, an axis that nothing uses, points that share a dim, components, a plane that is constant."""
    inputs: Dims = {"t": (0,), "u": (1, 2), "v": (2, 1), "p": (2,), "q": (2,), "w": (3,), "a": ()}
    text = "t*u + exp(u*v) + p*q, u - v + sin(p)*a, 3"
    both = Both(cpu, text, inputs, 4, [(), (0,), (1,), (1, 2), (3,), (6,)])
    random = np.random.default_rng(0)
    shape = (3, 4, 5, 2)
    values = tuple(
        ArrayValues(random.uniform(0.1, 2, [shape[dim] for dim in dims]), dims, 4) for dims in inputs.values()
    )
    both.compare([Tile(values, Subgrid((0,) * 4, shape)), Tile(values, Subgrid((1, 0, 2, 0), (1, 4, 2, 2)))], 1e-14)
    assert [launch.name for launch in both.source.launches] == [f"levels_of_{n}" for n in (1, 2, 3)]


@needs_gcc
def test_no_dims_and_no_inputs(cpu: CpuDevice) -> None:
    nothing = Tile((), Subgrid((), ()))
    (got,) = Both(cpu, "2*pi, 3 > 2", {}, 0, [()]).compare([nothing], 1e-15)
    assert got.tolist() == [[2 * np.pi], [1.0]]
    point = Tile((ArrayValues(np.array(0.5), (), 0),), Subgrid((), ()))
    Both(cpu, "exp(a)", {"a": ()}, 0, [(), (0,)]).compare([point, point], 1e-15)


@needs_gcc
def test_want_of_memory_is_answered_by_less_at_a_time(cpu: CpuDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    both = Both(cpu, TEXT, AXES, 2, WANTED)
    make, tried = both.device.transfers._on_device, []

    def limited(size: int) -> torch.Tensor:
        tried.append(size)
        if size > 50_000:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return make(size)

    monkeypatch.setattr(both.device.transfers, "_on_device", limited)
    both.compare([entry(20, 20), entry(300, 200)], 1e-14)
    assert max(tried) > 50_000 >= tried[-1]


def calls_of_all_functions() -> list[str]:
    calls = []
    for name, declared in FUNCTIONS.items():
        if declared.group != "operator" and not declared.integers:
            kinds = declared.kinds or ("number",) * len(declared.params)
            arguments = [f"{x} > 0" if kind == "boolean" else x for x, kind in zip("xyz", kinds, strict=False)]
            calls.append(f"{name}({', '.join(arguments)})")
    return calls


AWKWARD = [-2.0, -1.3, -1.0, -0.0, 0.0, 1e-9, 0.3, 0.5, 0.9, 1.0, 3.0, 11.0, np.inf, np.nan]


@needs_gcc
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("half", [0, 1])
def test_every_function(cpu: CpuDevice, half: int, dtype: str) -> None:
    """At awkward points too. One library for many, since to compile it takes longest."""
    text = ", ".join(calls_of_all_functions()[half::2])
    both = Both(cpu, text, {"x": (0,), "y": (1,), "z": (2,)}, 3, [()], dtype)
    values = tuple(ArrayValues(np.array(AWKWARD), (dim,), 3) for dim in range(3))
    both.compare([Tile(values, Subgrid((0,) * 3, (len(AWKWARD),) * 3))], 1e-13 if dtype == "float64" else 2e-6)


@needs_gcc
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_functions_that_are_derivatives(cpu: CpuDevice, dtype: str) -> None:
    text = "polygamma(1, x), polygamma(2, x), sinc(x), erfcx(x), log_norm_cdf(x), norm_cdf(x), gamma(x)"
    both = Both(cpu, text, {"x": (0,)}, 1, [(), (0,), (0, 0)], dtype)
    values = (ArrayValues(np.array([-7.3, -2.2, -0.7, 0.1, 0.5, 1.2, 4.7, 12.1, np.inf, np.nan]), (0,), 1),)
    both.compare([Tile(values, Subgrid((0,), (10,)))], 1e-12 if dtype == "float64" else 1e-5)


@needs_gcc
@given(texts())
@settings(max_examples=20)
def test_random_programs(cpu: CpuDevice, text: str) -> None:
    both = Both(cpu, text, {"x": (0,), "y": (1,)}, 2, [(), (0,), (1,), (0, 1)])
    random = np.random.default_rng(0)
    values = tuple(ArrayValues(random.uniform(-1.5, 2.7, 9), (dim,), 2) for dim in range(2))
    both.compare([Tile(values, Subgrid((0, 0), (9, 9)))], 1e-12)


@pytest.mark.skipif(NVCC is None, reason="there is no nvcc")
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_cuda_compiler_takes_it(cpu: CpuDevice, tmp_path: Path, dtype: torch.dtype) -> None:
    text = f"{TEXT.strip()} + gamma(x) + polygamma(1, y) + norm_ppf(x/3) + log_norm_cdf(x - y) + erfcx(x)"
    engine = StructuredEngine(parse(text, list(AXES)), AXES, 2, WANTED, dtype, cpu, separating=False)
    source: Source = write_source(engine.plan, 3, dtype)
    path = tmp_path / "kernels.cu"
    path.write_text(source.text)
    subprocess.run([str(NVCC), "-std=c++17", "-arch=sm_80", "-ptx", "-o", tmp_path / "kernels.ptx", path], check=True)
    ptx = (tmp_path / "kernels.ptx").read_text()
    assert all(f".entry {name}(" in ptx for name in source.names)
