"""What the worker's tests share: a device, and a short way to compute a function on a grid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gridgrad_core.grid import InputSpec, canonical, grid_of
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.devices.device import Device
from gridgrad_worker.devices.open import open_device
from gridgrad_worker.engines.functional.functional_engine import FunctionalEngine
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from gridgrad_worker.registered import registry

Array = NDArray[np.floating]
Inputs = Mapping[str, object]
Grids = dict[tuple[str, ...], Array]


class Solver:
    """Computes functions on grids with the functional engine.

    Args:
        device: computed on.
    """

    def __init__(self, device: Device) -> None:
        self.device = device

    def engine(
        self,
        function: Callable[..., Any],
        names: Sequence[str],
        derivatives: Sequence[Sequence[str]],
        *,
        components: int = 1,
        dtype: str = "float64",
        mode: str = "forward",
    ) -> FunctionalEngine:
        wanted = [tuple(names.index(name) for name in canonical(each, names)) for each in derivatives]
        torch_dtype = torch.float32 if dtype == "float32" else torch.float64
        return FunctionalEngine(function, wanted, components, torch_dtype, self.device, mode)

    def tile(self, inputs: Inputs) -> Tile:
        """A request: arrays with one dim are axes, numbers parameters, (dims, array) anything else."""
        given = {name: as_input(name, value) for name, value in inputs.items()}
        grid = grid_of([InputSpec(name, dims, array.shape) for name, (dims, array) in given.items()])
        values = tuple(
            ArrayValues(array, [grid.dims.index(dim) for dim in dims], len(grid.dims)) for dims, array in given.values()
        )
        return Tile(values, Subgrid((0,) * len(grid.shape), grid.shape))

    def batch(
        self,
        function: Callable[..., Any],
        requests: Sequence[Inputs],
        derivatives: Sequence[Sequence[str]],
        *,
        components: int = 1,
        dtype: str = "float64",
        mode: str = "forward",
    ) -> list[Grids]:
        """The value and derivatives of several requests together, each [components, *grid]."""
        asked = [(), *map(tuple, derivatives)]
        engine = self.engine(function, list(requests[0]), asked, components=components, dtype=dtype, mode=mode)
        tiles = [self.tile(inputs) for inputs in requests]
        outs = [np.full((len(asked) * components, tile.subgrid.points), np.nan, dtype) for tile in tiles]
        engine.compute(tiles, outs)
        return [
            dict(zip(asked, out.reshape(len(asked), components, *tile.subgrid.shape), strict=True))
            for out, tile in zip(outs, tiles, strict=True)
        ]

    def __call__(
        self, function: Callable[..., Any], inputs: Inputs, derivatives: Sequence[Sequence[str]] = (), **options: Any
    ) -> Grids:
        """The value and derivatives of a function of one component, each [*grid]."""

        def one_component(*arguments: torch.Tensor) -> tuple[torch.Tensor]:
            return (function(*arguments),)

        (grids,) = self.batch(one_component, [inputs], derivatives, **options)
        return {derivative: grid[0] for derivative, grid in grids.items()}


def as_input(name: str, value: object) -> tuple[tuple[str, ...], Array]:
    if isinstance(value, tuple):
        dims, array = value
        return tuple(dims), np.asarray(array)
    array = np.asarray(value, float) if not isinstance(value, np.ndarray) else value
    return ((name,) if array.ndim else ()), array


@pytest.fixture(scope="session")
def cpu() -> CpuDevice:
    device = open_device("cpu", 1)
    assert isinstance(device, CpuDevice)
    return device


@pytest.fixture(scope="session")
def solve(cpu: CpuDevice) -> Solver:
    return Solver(cpu)


@pytest.fixture
def clean_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a test register functions that no other test meets."""
    monkeypatch.setattr(registry, "_registered", {})
