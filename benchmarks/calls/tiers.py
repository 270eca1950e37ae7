"""The engines inside a worker, called in this process: single grids, batches, shapes, and first calls."""

from __future__ import annotations

import contextlib
import functools
import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.adapters import load
from benchmarks.harness.block import Block, Order, Run, in_turn

__all__ = ["batch", "filling", "first_grid", "grid", "restart", "shapes"]

SHIFTS = (0.0, 0.01)
POINTS = 1 << 16
ROWS = range(200, 1000)
"""The shapes that `shapes` goes through, each of about as many points."""


@functools.cache
def _root() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="gridgrad-bench-")
    _folders.append(folder)
    return Path(folder.name) / "compiled"


_folders: list[tempfile.TemporaryDirectory[str]] = []
"""Removed when the process ends."""


@functools.cache
def _tier() -> Any:
    return load("engine").open_tier(_root())


@functools.cache
def _ready(workload: str, side: int, order: int, tier: str) -> tuple[Any, Any, float]:
    """A case, the engine for it, and how long that took to compile."""
    adapter = load("engine")
    case = adapter.Case(workload, side, order)
    if tier == "compiled":
        engine, compile_s = adapter.compiled(case, _tier())
        return case, engine, compile_s
    return case, getattr(adapter, tier)(case), 0.0


@contextlib.contextmanager
def grid(workload: str, side: int, order: int = 1, tier: str = "compiled") -> Iterator[Run]:
    """One grid of side², not the one before, since an engine may keep what it knows of the last.

    Args:
        workload: the name of a file of tests/workloads.
        side: of the grid.
        order: all partials up to it.
        tier: "compiled", "direct" or "functional".
    """
    case, engine, compile_s = _ready(workload, side, order, tier)
    grids = itertools.cycle([load("engine").entry(case, side, side, shift) for shift in SHIFTS])
    block = in_turn(_computing(engine, grids))

    def run(told: Order) -> Block:
        done = block(told)
        return done._replace(figures={"compile s": compile_s}) if compile_s else done

    yield run


def _computing(engine: Any, grids: Iterator[tuple[Any, Any]]) -> Callable[[], object]:
    def call() -> object:
        tile, out = next(grids)
        return engine.compute([tile], [out])

    return call


@contextlib.contextmanager
def batch(workload: str, shapes: Sequence[tuple[int, int]], known: bool) -> Iterator[Run]:
    """Many grids in one batch.

    Args:
        workload: the name of a file of tests/workloads.
        shapes: rows and columns of each grid.
        known: whether their layouts came before, if the build makes a difference of that; else each is described anew.
    """
    case, engine, _ = _ready(workload, 512, 1, "compiled")
    adapter = load("engine")
    grids = [adapter.entry(case, rows, columns) for rows, columns in shapes]
    tiles, outs = [tile for tile, _ in grids], [out for _, out in grids]
    if known and hasattr(adapter, "known_batch"):
        yield in_turn(adapter.known_batch(engine, tiles, outs))
    else:
        yield in_turn(lambda: engine.compute(tiles, outs))


@contextlib.contextmanager
def shapes(workload: str, seen: bool) -> Iterator[Run]:
    """The first grid of a shape, or the second, with a grid of another shape before each.

    Args:
        workload: the name of a file of tests/workloads.
        seen: whether the second is timed.
    """
    case, engine, _ = _ready(workload, 256, 1, "compiled")
    entry = load("engine").entry
    other = entry(case, 256, 256)
    rows = iter(ROWS)

    def call() -> float:
        number = next(rows) + (len(ROWS) if seen else 0)  # sides with the same process meet no shape twice
        tile, out = entry(case, number, POINTS // number)
        for _ in range(1 + seen):
            engine.compute([other[0]], [other[1]])
            start_at = time.perf_counter()
            engine.compute([tile], [out])
            taken_s = time.perf_counter() - start_at
        return taken_s * POINTS / int(out.shape[1])

    def run(told: Order) -> Block:
        latencies = [call() for _ in range(told["calls"])]
        return Block(latencies, sum(latencies))

    yield run


@contextlib.contextmanager
def filling(planes: int, side: int) -> Iterator[Run]:
    """Fills as much memory as a grid's results take."""
    import torch

    arrays = itertools.cycle([torch.from_numpy(np.zeros((planes, side * side))) for _ in SHIFTS])
    yield in_turn(lambda: next(arrays).fill_(1.0))


@contextlib.contextmanager
def first_grid(workload: str, side: int, order: int) -> Iterator[Run]:
    """The first grid of an expression: the engine made for it, in the direct tier."""
    adapter = load("engine")
    case = adapter.Case(workload, side, order)
    tile, out = adapter.entry(case, side, side)
    yield in_turn(lambda: adapter.direct(case).compute([tile], [out]))


@contextlib.contextmanager
def restart(workload: str, side: int) -> Iterator[Run]:
    """A process with a full cache: from making its tier to its first grid, torch imported."""
    _ready(workload, side, 1, "compiled")
    command = [sys.executable, "-m", "benchmarks.calls.tiers", workload, str(side), str(_root())]

    def run(told: Order) -> Block:
        outputs = [subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout for _ in range(told["calls"])]
        latencies = [float(output) for output in outputs]
        return Block(latencies, sum(latencies))

    yield run


def _restarted(workload: str, side: int, root: Path) -> None:
    adapter = load("engine")
    case = adapter.Case(workload, side)
    tile, out = adapter.entry(case, side, side)
    start_at = time.perf_counter()
    tier = adapter.open_tier(root)
    ready = tier.lookup(tier.add(case.ordered, adapter.direct(case)))
    assert ready is not None, "the cache has it"
    ready.compute([tile], [out])
    print(time.perf_counter() - start_at)
    tier.close()


if __name__ == "__main__":
    _restarted(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
