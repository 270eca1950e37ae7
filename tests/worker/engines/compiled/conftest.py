"""What the tests of the compiled tier share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.devices.open import open_device
from gridgrad_worker.engines.compiled.codegen.build import build, source_of
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.cpu_compiler import CpuTierSettings
from gridgrad_worker.engines.compiled.make import engine_of
from gridgrad_worker.engines.compiled.runtime.compiled_engine import CompiledEngine
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile

TEXT = "a*x*exp(-y) + a**2*sin(x)*cos(y) + sqrt(x**2 + y**2) + (x - y if x > y else 0) + lgamma(x) + lgamma(x + y**2)"


@pytest.fixture(scope="session")
def job() -> CompileJob:
    """An expression with a parameter, separable parts and others, with the value and both first partials."""
    return CompileJob(TEXT, ("a", "x", "y"), ((), (0,), (1,)), 2, ((), (1,), (2,)), "float64", "cpu")


@pytest.fixture(scope="session")
def device() -> CpuDevice:
    opened = open_device("cpu", 1)
    assert isinstance(opened, CpuDevice)
    return opened


@pytest.fixture(scope="session")
def direct(job: CompileJob, device: CpuDevice) -> StructuredEngine:
    return StructuredEngine(job.program(), job.inputs, job.ndim, job.wanted, job.torch_dtype, device)


@pytest.fixture
def tile() -> Callable[..., Tile]:
    """Makes a whole grid of the expression."""

    def made(rows: int, columns: int, a: float = 1.5, low: float = 0.5) -> Tile:
        axes: list[NDArray[np.float64]] = [np.array(a), np.linspace(low, 3, rows), np.linspace(-1, 2, columns)]
        inputs = tuple(ArrayValues(axis, dims, 2) for axis, dims in zip(axes, ((), (0,), (1,)), strict=True))
        return Tile(inputs, Subgrid((0, 0), (rows, columns)))

    return made


@pytest.fixture(scope="session")
def build_engine(
    tmp_path_factory: pytest.TempPathFactory, device: CpuDevice
) -> Callable[[CompileJob], tuple[CompiledEngine, StructuredEngine]]:
    """Compiles a job in this process, once: its compiled tier and its direct one."""

    @functools.cache
    def built(job: CompileJob) -> tuple[CompiledEngine, StructuredEngine]:
        direct = StructuredEngine(
            job.program(), job.inputs, job.ndim, job.wanted, job.torch_dtype, device, separating=True
        )
        library = build(source_of(job, direct), tmp_path_factory.mktemp("built"))
        return engine_of(job, direct, library), direct

    return built


@pytest.fixture
def settings(tmp_path: Path) -> CpuTierSettings:
    return CpuTierSettings(hot_points=1000, root=tmp_path / "compiled")
