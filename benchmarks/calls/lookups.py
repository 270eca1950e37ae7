"""Tables looked up inside a worker, called in this process, and by scipy."""

from __future__ import annotations

import contextlib
import functools
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.adapters import load
from benchmarks.harness.block import Run, in_turn

__all__ = ["plane", "potential"]

KNOTS, POINTS = 37, 10**6
SIDE, POINTS_OF_SIDE = 200, 1024
LINE = 8


class _Case(NamedTuple):
    """A text with one table, its axes, and the partials that are wanted besides the value."""

    text: str
    values: Any
    knots: tuple[Any, ...]
    axes: tuple[Any, ...]
    wanted: tuple[tuple[int, ...], ...]


@functools.cache
def _potential() -> _Case:
    knots = np.linspace(0.5, 3.0, KNOTS)
    points = np.random.default_rng(1).uniform(0.5, 3.0, POINTS)
    return _Case("V(r)*exp(-r)", 1 / knots**6 - 1 / knots**3, (knots,), (points,), ((), (0,)))


@functools.cache
def _plane() -> _Case:
    knots, axis = np.linspace(0, 1, SIDE), np.linspace(0, 1, POINTS_OF_SIDE)
    values = np.random.default_rng(2).normal(size=(SIDE, SIDE))
    return _Case("V(x, y)", values, (knots, knots), (axis, axis), ((), (0,), (1,)))


@contextlib.contextmanager
def potential(way: str) -> Iterator[Run]:
    """A potential of 37 knots times a damping, and the force, at a million places.

    Args:
        way: "compiled", "direct", or "scipy" with numpy.
    """
    case = _potential()
    yield in_turn(_ours(case, way) if way != "scipy" else _potential_by_scipy(case))


@contextlib.contextmanager
def plane(way: str) -> Iterator[Run]:
    """A table of 200 × 200 on even axes of 1024, the value and both partials.

    Args:
        way: "compiled", "direct" or "scipy", which is called three times.
    """
    case = _plane()
    yield in_turn(_ours(case, way) if way != "scipy" else _plane_by_scipy(case))


def _potential_by_scipy(case: _Case) -> Callable[[], object]:
    from scipy.interpolate import CubicSpline

    spline = CubicSpline(case.knots[0], case.values)
    slope, (r,) = spline.derivative(), case.axes

    def call() -> object:
        damping, value = np.exp(-r), spline(r)
        return value * damping, (slope(r) - value) * damping

    return call


def _plane_by_scipy(case: _Case) -> Callable[[], object]:
    from scipy.interpolate import RectBivariateSpline

    spline = RectBivariateSpline(*case.knots, case.values)
    return lambda: (spline(*case.axes), spline(*case.axes, dx=1), spline(*case.axes, dy=1))


def _ours(case: _Case, tier: str) -> Callable[[], object]:
    load("engine")  # sets the process up as a worker's
    from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile

    ndim = len(case.axes)
    lengths = tuple(map(len, case.axes))
    tile = Tile(
        tuple(ArrayValues(axis, (dim,), ndim) for dim, axis in enumerate(case.axes)), Subgrid((0,) * ndim, lengths)
    )
    numbers = np.full(len(case.wanted) * int(np.prod(lengths)) + LINE, np.nan)
    first = -numbers.ctypes.data // 8 % LINE
    out = numbers[first : first + numbers.size - LINE].reshape(len(case.wanted), -1)
    engine = _engine(case, tier)
    return lambda: engine.compute([tile], [out])


def _engine(case: _Case, tier: str) -> Any:
    from gridgrad_core.tables.table_numbers import TableNumbers
    from gridgrad_worker.engines.compiled.codegen.job import CompileJob
    from gridgrad_worker.engines.compiled.cpu_compiler import CpuTierSettings, open_cpu_tier
    from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
    from gridgrad_worker.torch_ops.lookups import BoundTable

    device = load("engine").DEVICE
    table = TableNumbers(case.values, case.knots, "cubic", "nan", "not-a-knot").checked("table")
    names = ("r",) if len(case.axes) == 1 else ("x", "y")
    dims = tuple((dim,) for dim in range(len(names)))
    job = CompileJob(
        case.text, names, dims, len(names), case.wanted, "float64", "cpu", None, (table.spec("V"),), "benchmark"
    )
    bound = [BoundTable.of(table, job.torch_dtype, device.torch_device)]
    direct = StructuredEngine(job.program(), job.inputs, job.ndim, job.wanted, job.torch_dtype, device, bound)
    if tier == "direct":
        return direct
    compiled = open_cpu_tier(CpuTierSettings(root=Path(_folder().name) / "compiled"))
    key = compiled.add(job, direct)
    compiled.prepare(key)
    while (ready := compiled.lookup(key)) is None:
        assert compiled.is_busy, compiled.state(key).why
        time.sleep(0.02)
    return ready


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Removed when the process ends."""
    return tempfile.TemporaryDirectory(prefix="gridgrad-bench-")
