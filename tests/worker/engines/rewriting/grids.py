"""Random expressions on grids: computed by an engine, compared with the program as written."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.program import Program
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.compiled.runtime.compiled_engine import CompiledEngine
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from tests.worker.engines.rewriting.jets import jets
from tests.worker.engines.rewriting.sums import Sum, sums

__all__ = ["Batch", "Request", "around", "batch_of", "batches", "check"]

Array = NDArray[np.floating]
Engine = StructuredEngine | CompiledEngine
ROUNDINGS = 64
SAMPLED = 40


def around(*sizes: int) -> list[int]:
    """Numbers on both sides of some."""
    return [size + d for size in sizes for d in (-1, 0, 1)]


class Batch(NamedTuple):
    """Random expressions as the components of one.

    Args:
        dims: for each input in order, the dims of the grid that it has.
        ndim: how many dims the grid has.
        program: all of them.
        wanted: the derivatives, the value first, by positions of inputs.
    """

    dims: dict[str, tuple[int, ...]]
    ndim: int
    program: Program
    wanted: list[tuple[int, ...]]

    def engine(self, dtype: str, device: CpuDevice, *, separating: bool | None) -> StructuredEngine:
        """The direct tier of it."""
        torch_dtype = getattr(torch, dtype)
        return StructuredEngine(
            self.program, self.dims, self.ndim, self.wanted, torch_dtype, device, separating=separating
        )


def batches(ndim: int, seed: int, size: int) -> Iterator[Batch]:
    """One for each order of axes of a grid."""
    orders = math.factorial(ndim)
    found = list(sums(orders * size, seed, (ndim,)))
    for number in range(orders):
        yield batch_of(found[number::orders])


def batch_of(found: Sequence[Sum]) -> Batch:
    """Expressions of one order of axes, with the field that one of them has."""
    dims = max((each.dims for each in found), key=len)
    program = parse(f"({', '.join(each.text for each in found)},)", list(dims))
    return Batch(dims, found[0].ndim, program, [(), *((n,) for n in range(len(dims)))])


class Request(NamedTuple):
    """A grid to be computed on.

    Args:
        shape: of the grid.
        inputs: the numbers of each input, [one length for each of its dims].
    """

    shape: tuple[int, ...]
    inputs: dict[str, Array]

    @classmethod
    def drawn(cls, batch: Batch, shape: tuple[int, ...], random: np.random.Generator, dtype: str) -> Request:
        """One of random numbers."""
        return cls(
            shape,
            {
                name: random.uniform(0.5, 2.0, [shape[dim] for dim in dims]).astype(dtype)
                for name, dims in batch.dims.items()
            },
        )

    def tile(self, batch: Batch) -> Tile:
        """All of it."""
        inputs = zip(self.inputs.values(), batch.dims.values(), strict=True)
        return Tile(
            tuple(ArrayValues(np.asarray(array), dims, batch.ndim) for array, dims in inputs),
            Subgrid((0,) * batch.ndim, self.shape),
        )

    def at(self, batch: Batch, places: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
        """Its inputs at some places [points, dims]."""
        return {
            name: np.broadcast_to(self.inputs[name][tuple(places[:, dim] for dim in dims)], len(places)).astype(float)
            for name, dims in batch.dims.items()
        }


def computed(batch: Batch, engine: Engine, requests: Sequence[Request], dtype: str) -> list[Array]:
    """The results of requests computed together, each [derivatives, components, *grid]."""
    planes = (len(batch.wanted), len(batch.program.outputs))
    outs = [np.full((math.prod(planes), math.prod(each.shape)), 12345.0, dtype) for each in requests]
    engine.compute([each.tile(batch) for each in requests], outs)
    return [out.reshape(*planes, *each.shape) for out, each in zip(outs, requests, strict=True)]


def check(batch: Batch, engine: Engine, requests: Sequence[Request], dtype: str, seed: int) -> None:
    """Compares results with the program as written, at the corners of the grids and at random places."""
    random = np.random.default_rng(seed)
    for request, got in zip(requests, computed(batch, engine, requests, dtype), strict=True):
        corners = list(itertools.product(*({0, length - 1} for length in request.shape)))
        places = np.array([*corners, *random.integers(request.shape, size=(SAMPLED, batch.ndim))])
        points = request.at(batch, places)
        expected = jets(batch.program, points)
        for (number, wrt), (component, jet) in itertools.product(enumerate(batch.wanted), enumerate(expected)):
            exact, size = jet.partial(wrt)
            found = got[number, component][tuple(places.T)]
            wrong = _differs(found, exact, size, dtype)
            where = {name: values[wrong.argmax()] for name, values in points.items()}
            assert not wrong.any(), (
                f"seed {seed}: component {component} by {wrt} of {batch.program}\non {batch.dims}, {request.shape},"
                f" {dtype}, at {where}: {found[wrong][0]}, not {exact[wrong][0]}"
            )


def _differs(found: Array, exact: Array, size: Array, dtype: str) -> NDArray[np.bool_]:
    """What differs by more than rounding, where no number comes near the ends of the dtype."""
    limits = np.finfo(dtype)
    with np.errstate(invalid="ignore"):
        allowed = ROUNDINGS * float(limits.eps) * size + ROUNDINGS * float(limits.tiny)
        return (size < math.sqrt(float(limits.max))) & ~(np.abs(found - exact) <= allowed)
