"""When a worker on a GPU has kernels made, and what it does when that can't be; a simulated GPU and g++ for NVRTC."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from gridgrad_worker.devices.driver import DriverError
from gridgrad_worker.engines.compiled.codegen.job import Order
from gridgrad_worker.engines.compiled.tiered import TieredEngine
from gridgrad_worker.engines.cuda.nvrtc import CompileError
from gridgrad_worker.engines.cuda.tier import CudaTier
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, Box, Piece
from tests.worker.engines.cuda.emulated import compile_with_gcc, load_emulated, needs_gcc
from tests.worker.engines.cuda.simulated import SimulatedDevice, make_schedule

ENDS_WITHIN_S = 60.0

ORDER = Order("x*exp(-y) + cosh(x*y)", ("x", "y"), ((0,), (1,)), 2, ((), (0,), (1,)), "float64", "simulated")


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
def tier(device: SimulatedDevice, compiler: Compiler) -> CudaTier:
    return CudaTier(device, compiler, lambda code, names: load_emulated(code, names, device))


def direct(device: SimulatedDevice, order: Order = ORDER) -> StructuredEngine:
    return StructuredEngine(order.program(), order.inputs, order.ndim, order.wanted, order.torch_dtype, device)


def settled(tier: CudaTier, compiler: Compiler) -> None:
    """Lets all that waits be compiled."""
    compiler.go_on.set()
    while tier.is_waiting:
        for thread in threading.enumerate():
            if thread.name == "compiler":
                thread.join(ENDS_WITHIN_S)
                assert not thread.is_alive()
        tier.attend()


@needs_gcc
def test_an_expression_is_compiled_beside_the_batches(
    tier: CudaTier, compiler: Compiler, device: SimulatedDevice
) -> None:
    engine = TieredEngine(direct(device), tier, tier.add(ORDER, direct(device)))
    values = tuple(ArrayValues(np.linspace(0.1, 1, 8), (dim,), 2) for dim in range(2))
    piece = Piece(values, Box((0, 0), (8, 8)))
    outs = [np.zeros((3, 64)) for _ in range(4)]
    for out in outs[:3]:
        assert engine.compute([piece], [out]) == ["direct"]
    assert tier.is_waiting
    settled(tier, compiler)
    assert len(compiler.texts) == 1
    assert engine.state.compiled == "ready"
    assert engine.compute([piece], [outs[3]]) == ["compiled"]
    np.testing.assert_allclose(outs[3], outs[0], rtol=1e-14, atol=1e-15)


@needs_gcc
def test_one_is_compiled_at_a_time(tier: CudaTier, compiler: Compiler, device: SimulatedDevice) -> None:
    other = ORDER._replace(text="x + y")
    keys = [tier.add(order, direct(device, order)) for order in (ORDER, other)]
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


def test_what_can_not_be_compiled_is_not_tried_again(
    tier: CudaTier, compiler: Compiler, device: SimulatedDevice
) -> None:
    compiler.failure = CompileError("kernels.cu(1): error")
    key = tier.add(ORDER, direct(device))
    tier.prepare(key)
    settled(tier, compiler)
    assert tier.state(key) == ("never", "kernels.cu(1): error")
    tier.note(key, 1 << 30)
    assert not tier.is_waiting


@pytest.mark.parametrize("load", [refused])
@needs_gcc
def test_what_can_not_be_loaded_is_not_used(
    compiler: Compiler, device: SimulatedDevice, load: Callable[..., None]
) -> None:
    tier = CudaTier(device, compiler, load)  # type: ignore[arg-type] # returns nothing, since it always raises
    key = tier.add(ORDER, direct(device))
    tier.prepare(key)
    settled(tier, compiler)
    assert tier.state(key) == ("never", "it is for another GPU")
    assert tier.lookup(key) is None


@needs_gcc
def test_what_computes_something_else_is_not_used(compiler: Compiler, device: SimulatedDevice, tier: CudaTier) -> None:
    key = tier.add(ORDER, direct(device, ORDER._replace(text="x*exp(-y) + sinh(x*y)")))
    wrong = tier._known[key]
    wrong.direct, right = direct(device), wrong.direct
    tier.prepare(key)
    assert compiler.began.wait(ENDS_WITHIN_S)
    wrong.direct = right
    settled(tier, compiler)
    assert "differs" in tier.state(key).why


@needs_gcc
def test_what_is_forgotten_meanwhile_is_dropped(tier: CudaTier, compiler: Compiler, device: SimulatedDevice) -> None:
    key = tier.add(ORDER, direct(device))
    tier.prepare(key)
    tier.forget(key)
    settled(tier, compiler)
    assert tier.add(ORDER, direct(device)) == key
    assert tier.state(key).compiled == "pending"
