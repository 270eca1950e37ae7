"""The engines of this build, made as a worker makes them, in a process that is set up as a worker's."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from gridgrad_core.system.malloc import keep_freed_memory
from gridgrad_worker.runtime import process

keep_freed_memory(1 << 28)  # as a worker does
process.spin_briefly()  # before torch starts its threads

import numpy as np  # noqa: E402 - after the process is set up
import torch  # noqa: E402 - after the process is set up

from gridgrad_worker.devices.open import open_device  # noqa: E402 - after the process is set up
from gridgrad_worker.engines.compiled.codegen.job import CompileJob  # noqa: E402 - after the process is set up
from gridgrad_worker.engines.compiled.cpu_compiler import CpuTierSettings, open_cpu_tier  # noqa: E402 - after the process is set up
from gridgrad_worker.engines.compiled.runtime.compiled_engine import CompiledEngine  # noqa: E402 - after the process is set up
from gridgrad_worker.engines.compiled.runtime.request_template import TileCall  # noqa: E402 - after the process is set up
from gridgrad_worker.engines.compiled.tier import Tier  # noqa: E402 - after the process is set up
from gridgrad_worker.engines.functional.functional_engine import Array, FunctionalEngine  # noqa: E402 - after the process is set up
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine  # noqa: E402 - after the process is set up
from gridgrad_worker.engines.tiles import ArrayValues, LinspaceValues, Subgrid, Tile  # noqa: E402 - after the process is set up
from gridgrad_worker.torch_ops.evaluate import torch_function  # noqa: E402 - after the process is set up

__all__ = [
    "DEVICE",
    "THREADS",
    "Case",
    "Engine",
    "compiled",
    "direct",
    "entry",
    "functional",
    "known_batch",
    "open_tier",
]

WORKLOADS = Path(__file__).parents[2] / "tests" / "workloads"
THREADS = 2
DEVICE = open_device("cpu", THREADS)
LINE = 8


class Engine(Protocol):
    """Computes tiles."""

    def compute(self, tiles: Sequence[Tile], outs: Sequence[Array]) -> object:
        """Computes tiles together."""


class Case(NamedTuple):
    """A function and its partials up to an order, on a grid of side²."""

    workload: str
    side: int
    order: int = 1

    @property
    def content(self) -> dict[str, Any]:
        """The workload's file."""
        content: dict[str, Any] = json.loads((WORKLOADS / f"{self.workload}.json").read_text())
        return content

    @property
    def axes(self) -> list[tuple[str, float, float, int]]:
        """Name, start, stop and number of each axis."""
        spans = {name: (axis.get("start", 1.0), axis.get("stop", 4.0)) for name, axis in self.content["axes"].items()}
        return [(name, start, stop, self.side) for name, (start, stop) in spans.items()]

    @property
    def wanted(self) -> tuple[tuple[int, ...], ...]:
        """The value and the partials."""
        ways = [itertools.combinations_with_replacement((0, 1), order) for order in range(self.order + 1)]
        return tuple(itertools.chain.from_iterable(ways))

    @property
    def ordered(self) -> CompileJob:
        """What there is to compile."""
        names = [name for name, *_ in self.axes]
        parameters = list(self.content["parameters"])
        dims = [(dim,) for dim, _ in enumerate(names)] + [() for _ in parameters]
        text = self.content["expression"]
        return CompileJob(text, (*names, *parameters), tuple(dims), len(names), self.wanted, "float64", "cpu")


def entry(case: Case, rows: int, columns: int, shift: float = 0.0) -> tuple[Tile, Array]:
    """A grid of a case, its axes shifted, and memory for its results as in a slot: aligned, and its pages are there."""
    lengths = (rows, columns)
    axes = [
        LinspaceValues(start + shift, stop + shift, lengths[dim], dim, 2)
        for dim, (_, start, stop, _) in enumerate(case.axes)
    ]
    scalars = [ArrayValues(np.array(value), (), 2) for value in case.content["parameters"].values()]
    return Tile((*axes, *scalars), Subgrid((0, 0), lengths)), _in_line((len(case.wanted), rows * columns))


def _in_line(shape: tuple[int, int]) -> Array:
    """An array that begins with a line of the cache."""
    numbers = np.full(shape[0] * shape[1] + LINE, np.nan)
    first = -numbers.ctypes.data // numbers.itemsize % LINE
    return numbers[first : first + shape[0] * shape[1]].reshape(shape)


def known_batch(engine: CompiledEngine, tiles: Sequence[Tile], outs: Sequence[Array]) -> TileCall:
    """Computes tiles as a worker does whose compiled code has met their layouts: described before, in one call."""
    calls = []
    for tile, out in zip(tiles, outs, strict=True):
        template = engine.template(tile, out)
        assert template is not None, "a whole grid"
        places = [each.array.ctypes.data if isinstance(each, ArrayValues) else 0 for each in tile.inputs]
        calls.append(template.call(places, out.ctypes.data, out.strides[0]))
    return TileCall.of(calls)


def direct(case: Case) -> StructuredEngine:
    """The direct tier."""
    order = case.ordered
    return StructuredEngine(order.program(), order.inputs, order.ndim, order.wanted, order.torch_dtype, DEVICE)


def functional(case: Case) -> FunctionalEngine:
    """The functional engine."""
    order = case.ordered
    program = order.program()
    return FunctionalEngine(torch_function(program, order.names, torch.float64), order.wanted, 1, torch.float64, DEVICE)


def open_tier(root: Path) -> Tier:
    """The compiled tier with a cache in a folder."""
    return open_cpu_tier(CpuTierSettings(root=root))


def compiled(case: Case, tier: Tier) -> tuple[Engine, float]:
    """The compiled tier, and after how many seconds it was there."""
    started_at = time.perf_counter()
    key = tier.add(case.ordered, direct(case))
    tier.prepare(key)
    while (ready := tier.lookup(key)) is None:
        assert tier.is_busy, "nothing is compiled: see the log"
        time.sleep(0.02)
    return ready, time.perf_counter() - started_at
