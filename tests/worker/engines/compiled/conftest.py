"""What the tests of the compiled tier share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gridgrad_worker.devices.device import CpuDevice, open_device
from gridgrad_worker.engines.compiled.codegen.build import build, source_of
from gridgrad_worker.engines.compiled.codegen.job import Order
from gridgrad_worker.engines.compiled.make import engine_of
from gridgrad_worker.engines.compiled.runtime.compiled_engine import CompiledEngine
from gridgrad_worker.engines.compiled.tier import Settings
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, Box, Piece

TEXT = "a*x*exp(-y) + a**2*sin(x)*cos(y) + sqrt(x**2 + y**2) + (x - y if x > y else 0) + lgamma(x) + lgamma(x + y**2)"


@pytest.fixture(scope="session")
def order() -> Order:
    """An expression with a parameter, separable parts and others, with the value and both first partials."""
    return Order(TEXT, ("a", "x", "y"), ((), (0,), (1,)), 2, ((), (1,), (2,)), "float64", "cpu")


@pytest.fixture(scope="session")
def device() -> CpuDevice:
    opened = open_device("cpu", 1)
    assert isinstance(opened, CpuDevice)
    return opened


@pytest.fixture(scope="session")
def direct(order: Order, device: CpuDevice) -> StructuredEngine:
    return StructuredEngine(order.program(), order.inputs, order.ndim, order.wanted, order.torch_dtype, device)


@pytest.fixture
def piece() -> Callable[..., Piece]:
    """Makes a whole grid of the expression."""

    def made(rows: int, columns: int, a: float = 1.5, low: float = 0.5) -> Piece:
        axes: list[NDArray[np.float64]] = [np.array(a), np.linspace(low, 3, rows), np.linspace(-1, 2, columns)]
        inputs = tuple(ArrayValues(axis, dims, 2) for axis, dims in zip(axes, ((), (0,), (1,)), strict=True))
        return Piece(inputs, Box((0, 0), (rows, columns)))

    return made


@pytest.fixture(scope="session")
def build_engine(
    tmp_path_factory: pytest.TempPathFactory, device: CpuDevice
) -> Callable[[Order], tuple[CompiledEngine, StructuredEngine]]:
    """Compiles an order in this process: its compiled tier and its direct one."""

    def built(order: Order) -> tuple[CompiledEngine, StructuredEngine]:
        direct = StructuredEngine(
            order.program(), order.inputs, order.ndim, order.wanted, order.torch_dtype, device, separating=True
        )
        library = build(source_of(order, direct), tmp_path_factory.mktemp("built"))
        return engine_of(order, direct, library), direct

    return built


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(hot_points=1000, root=tmp_path / "compiled")
