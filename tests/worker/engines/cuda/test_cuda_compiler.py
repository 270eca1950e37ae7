"""When a worker on a GPU has kernels made, and what it does when that can't be; a simulated GPU and g++ for NVRTC."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from gridgrad_worker.devices.driver import DriverError
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.tier import Tier
from gridgrad_worker.engines.compiled.tiered_engine import TieredEngine
from gridgrad_worker.engines.cuda import cuda_compiler
from gridgrad_worker.engines.cuda.cuda_compiler import CudaCompiler
from gridgrad_worker.engines.cuda.source import write_source
from gridgrad_worker.engines.cuda.start import CUDA_HOTNESS
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from gridgrad_worker.native.errors import CannotCompileError
from tests.worker.engines.cuda.emulated import compile_with_gcc, load_emulated, needs_gcc
from tests.worker.engines.cuda.simulated import SimulatedDevice, make_schedule

ENDS_WITHIN_S = 60.0

JOB = CompileJob("x*exp(-y) + cosh(x*y)", ("x", "y"), ((0,), (1,)), 2, ((), (0,), (1,)), "float64", "simulated")


class Compiler:
    """Compiles when it is let, and counts."""

    def __init__(self, folder: Path) -> None:
        self.began, self.go_on = threading.Event(), threading.Event()
        self.texts: list[str] = []
        self.failure: Exception | None = None
        self._folder = folder

    def __call__(self, text: str) -> bytes:
        self.texts.append(text)
        self.began.set()
        assert self.go_on.wait(ENDS_WITHIN_S)
        if self.failure is not None:
            raise self.failure
        return compile_with_gcc(text, self._folder)


@pytest.fixture
def compiler(tmp_path: Path) -> Compiler:
    return Compiler(tmp_path)


@pytest.fixture
def device() -> SimulatedDevice:
    return SimulatedDevice(make_schedule("computing first"))


@pytest.fixture
def tier(device: SimulatedDevice, compiler: Compiler) -> Tier:
    load = functools.partial(load_emulated, device=device)
    return Tier(CudaCompiler(device, compiler, load), CUDA_HOTNESS)


def direct(device: SimulatedDevice, job: CompileJob = JOB) -> StructuredEngine:
    return StructuredEngine(job.program(), job.inputs, job.ndim, job.wanted, job.torch_dtype, device)


def settled(tier: Tier, compiler: Compiler) -> None:
    """Lets all that waits be compiled."""
    compiler.go_on.set()
    while tier.is_busy:
        for thread in threading.enumerate():
            if thread.name == "compiler":
                thread.join(ENDS_WITHIN_S)
                assert not thread.is_alive()
        tier.poll()


@needs_gcc
def test_an_expression_is_compiled_beside_the_batches(tier: Tier, compiler: Compiler, device: SimulatedDevice) -> None:
    engine = TieredEngine(direct(device), tier, tier.add(JOB, direct(device)))
    values = tuple(ArrayValues(np.linspace(0.1, 1, 8), (dim,), 2) for dim in range(2))
    tile = Tile(values, Subgrid((0, 0), (8, 8)))
    outs = [np.zeros((3, 64)) for _ in range(4)]
    for out in outs[:3]:
        assert engine.compute([tile], [out]) == ["direct"]
    assert tier.is_busy
    settled(tier, compiler)
    assert len(compiler.texts) == 1
    assert engine.state.compiled == "ready"
    assert engine.compute([tile], [outs[3]]) == ["compiled"]
    np.testing.assert_allclose(outs[3], outs[0], rtol=1e-14, atol=1e-15)


@needs_gcc
def test_one_is_compiled_at_a_time(tier: Tier, compiler: Compiler, device: SimulatedDevice) -> None:
    other = JOB._replace(text="x + y")
    keys = [tier.add(job, direct(device, job)) for job in (JOB, other)]
    for key in keys:
        tier.prepare(key)
        tier.prepare(key)
    assert [tier.state(key).compiled for key in keys] == ["pending", "pending"]
    assert compiler.began.wait(ENDS_WITHIN_S)
    assert len(compiler.texts) == 1
    settled(tier, compiler)
    assert len(compiler.texts) == 2
    assert all(tier.lookup(key) is not None for key in keys)


def refused(_code: bytes, _names: Sequence[str]) -> None:
    raise DriverError("it is for another GPU")


def test_what_can_not_be_compiled_is_not_tried_again(tier: Tier, compiler: Compiler, device: SimulatedDevice) -> None:
    compiler.failure = CannotCompileError("kernels.cu(1): error")
    key = tier.add(JOB, direct(device))
    tier.prepare(key)
    settled(tier, compiler)
    assert tier.state(key) == ("never", "kernels.cu(1): error")
    tier.count_use(key, 1 << 30)
    assert not tier.is_busy


@pytest.mark.parametrize("load", [refused])
@needs_gcc
def test_what_can_not_be_loaded_is_not_used(
    compiler: Compiler, device: SimulatedDevice, load: Callable[..., None]
) -> None:
    tier = Tier(CudaCompiler(device, compiler, load), CUDA_HOTNESS)  # type: ignore[arg-type] # returns nothing, since it always raises
    key = tier.add(JOB, direct(device))
    tier.prepare(key)
    settled(tier, compiler)
    assert tier.state(key) == ("never", "it is for another GPU")
    assert tier.lookup(key) is None


@needs_gcc
def test_what_computes_something_else_is_not_used(
    tier: Tier, compiler: Compiler, device: SimulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = direct(device, JOB._replace(text="x*exp(-y) + sinh(x*y)")).plan
    monkeypatch.setattr(cuda_compiler, "write_source", lambda _, inputs, dtype: write_source(wrong, inputs, dtype))
    key = tier.add(JOB, direct(device))
    tier.prepare(key)
    settled(tier, compiler)
    assert tier.state(key).compiled == "never"
    assert "they differ by" in tier.state(key).why


@needs_gcc
def test_what_is_forgotten_meanwhile_is_dropped(tier: Tier, compiler: Compiler, device: SimulatedDevice) -> None:
    key = tier.add(JOB, direct(device))
    tier.prepare(key)
    tier.forget(key)
    settled(tier, compiler)
    assert tier.add(JOB, direct(device)) == key
    assert tier.state(key).compiled == "pending"
