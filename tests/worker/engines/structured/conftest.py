"""What the tests of the structured engine share: a short way to compute expressions with either engine."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gridgrad_core.grid import InputSpec, canonical, grid_of
from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.devices.open import open_device
from gridgrad_worker.engines.functional.functional_engine import FunctionalEngine
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile, subgrids
from gridgrad_worker.torch_ops.evaluate import torch_function

Array = NDArray[np.floating]
Inputs = Mapping[str, object]
"""Arrays with one dim are axes, numbers parameters, (dims, array) anything else."""


class Expression:
    """An expression with its derivatives, to be computed by either engine.

    Args:
        text: of the expression.
        inputs: a request, whose names and dims count.
        derivatives: the value not among them.
        dtype: computed in.
        device: computed on.
    """

    def __init__(
        self, text: str, inputs: Inputs, derivatives: Sequence[Sequence[str]], dtype: str, device: CpuDevice
    ) -> None:
        self.dtype = dtype
        self.names = list(inputs)
        self.program = parse(text, self.names)
        self.derivatives = [(), *(canonical(each, self.names) for each in derivatives)]
        self.planes = len(self.derivatives) * len(self.program.outputs)
        _, self.dims, self.axes = _request(inputs)
        self._wanted = [tuple(map(self.names.index, each)) for each in self.derivatives]
        self._torch_dtype = getattr(torch, dtype)
        self._device = device
        self.engine = self._made(separating=True)

    def tile(self, inputs: Inputs) -> Tile:
        """All of a request."""
        arrays, dims, axes = _request(inputs)
        shape = grid_of([InputSpec(n, d, a.shape) for n, (d, a) in arrays.items()]).shape
        values = tuple(
            ArrayValues(array, own, len(dims)) for (_, array), own in zip(arrays.values(), axes, strict=True)
        )
        return Tile(values, Subgrid((0,) * len(dims), shape))

    def structured(self, *requests: Inputs) -> list[Array]:
        """The results of requests computed together, each [derivatives * components, *grid]."""
        return self._computed(self.engine, [self.tile(inputs) for inputs in requests])

    def plain(self, *requests: Inputs) -> list[Array]:
        """The same with every operation in the order in which it was written."""
        return self._computed(self._made(separating=False), [self.tile(inputs) for inputs in requests])

    def chosen(self, *requests: Inputs) -> list[Array]:
        """The same, separated where that takes less time."""
        return self._computed(self._made(separating=None), [self.tile(inputs) for inputs in requests])

    def _made(self, *, separating: bool | None) -> StructuredEngine:
        axes = dict(zip(self.names, self.axes, strict=True))
        wanted, dtype = self._wanted, self._torch_dtype
        return StructuredEngine(self.program, axes, len(self.dims), wanted, dtype, self._device, separating=separating)

    def in_tiles(self, inputs: Inputs, points: int) -> Array:
        """The results of a request computed in tiles of at most so many points, each in a batch of its own."""
        whole = self.tile(inputs)
        tiles = [Tile(whole.inputs, subgrid) for subgrid in subgrids(whole.subgrid, points)]
        parts = [self._computed(self.engine, [tile])[0].reshape(self.planes, -1) for tile in tiles]
        return np.concatenate(parts, axis=1).reshape(self.planes, *whole.subgrid.shape)

    def functional(self, inputs: Inputs) -> Array:
        """The results of the functional engine."""
        function = torch_function(self.program, self.names, self._torch_dtype)
        engine = FunctionalEngine(function, self._wanted, len(self.program.outputs), self._torch_dtype, self._device)
        return self._computed(engine, [self.tile(inputs)])[0]

    def _computed(self, engine: StructuredEngine | FunctionalEngine, tiles: list[Tile]) -> list[Array]:
        outs = [np.full((self.planes, tile.subgrid.points), 12345.0, self.dtype) for tile in tiles]
        engine.compute(tiles, outs)
        return [out.reshape(self.planes, *tile.subgrid.shape) for out, tile in zip(outs, tiles, strict=True)]


class Expressions:
    """Makes expressions.

    Args:
        device: computed on.
    """

    def __init__(self, device: CpuDevice) -> None:
        self._device = device

    def __call__(
        self, text: str, inputs: Inputs, derivatives: Sequence[Sequence[str]] = (), dtype: str = "float64"
    ) -> Expression:
        return Expression(text, inputs, derivatives, dtype, self._device)

    def up_to(self, text: str, inputs: Inputs, order: int, dtype: str = "float64") -> Expression:
        """With all derivatives up to an order by the inputs that are not scalars."""
        names = [name for name, (_, array) in _request(inputs)[0].items() if array.ndim]
        orders = range(1, order + 1)
        wanted = [each for n in orders for each in itertools.combinations_with_replacement(names, n)]
        return self(text, inputs, wanted, dtype)


def _request(inputs: Inputs) -> tuple[dict[str, tuple[tuple[str, ...], Array]], tuple[str, ...], list[tuple[int, ...]]]:
    arrays: dict[str, tuple[tuple[str, ...], Array]] = {}
    for name, value in inputs.items():
        dims, numbers = value if isinstance(value, tuple) else (None, value)
        array = np.asarray(numbers, float)
        arrays[name] = ((name,) if array.ndim else ()) if dims is None else tuple(dims), array
    grid = grid_of([InputSpec(name, dims, array.shape) for name, (dims, array) in arrays.items()])
    return arrays, grid.dims, [tuple(map(grid.dims.index, dims)) for dims, _ in arrays.values()]


@pytest.fixture(scope="session")
def expression() -> Expressions:
    device = open_device("cpu", 1)
    assert isinstance(device, CpuDevice)
    return Expressions(device)
