"""Special functions inside a worker, called in this process, and scipy's values of them."""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.adapters import load
from benchmarks.harness.block import Run, in_turn

__all__ = ["both_partials", "drum", "elliptic", "falling", "lambert", "real_order", "shape_known"]

POINTS, SIDE = 10**6, 512
LINE = 8
FIRST: tuple[tuple[int, ...], ...] = ((), (0,))
SECOND: tuple[tuple[int, ...], ...] = ((), (0,), (1,), (0, 0), (0, 1), (1, 1))


class _Case(NamedTuple):
    """A text, its inputs with the dims that they have, how many there are, and the partials that are wanted."""

    text: str
    inputs: dict[str, Any]
    dims: tuple[tuple[int, ...], ...]
    wanted: tuple[tuple[int, ...], ...]

    @property
    def ndim(self) -> int:
        """How many dims the grid has."""
        return 1 + max(dim for dims in self.dims for dim in dims)


def _random(low: float, high: float) -> Any:
    return np.random.default_rng(1).permutation(np.linspace(low, high, POINTS))


@contextlib.contextmanager
def shape_known(way: str) -> Iterator[Run]:
    """P(2.5, x) at a million points.

    Args:
        way: "compiled", "direct" or "scipy", the value alone.
    """
    x = _random(0.01, 20.0)
    case = _Case("gammainc(2.5, x)", {"x": x}, ((0,),), FIRST)
    yield in_turn(_ours(case, way) if way != "scipy" else _by_scipy("gammainc", np.full(POINTS, 2.5), x))


@contextlib.contextmanager
def both_partials(way: str) -> Iterator[Run]:
    """P(a, x) at a million points, as above."""
    a, x = _random(0.1, 30.0), np.random.default_rng(2).uniform(0.01, 40.0, POINTS)
    case = _Case("gammainc(a, x)", {"a": a, "x": x}, ((0,), (0,)), ((), (0,), (1,)))
    yield in_turn(_ours(case, way) if way != "scipy" else _by_scipy("gammainc", a, x))


@contextlib.contextmanager
def falling(way: str) -> Iterator[Run]:
    """K0(x) at a million points, as above."""
    x = _random(0.01, 20.0)
    case = _Case("k0(x)", {"x": x}, ((0,),), FIRST)
    yield in_turn(_ours(case, way) if way != "scipy" else _by_scipy("k0", x))


@contextlib.contextmanager
def real_order(way: str) -> Iterator[Run]:
    """J of order 2.5 at a million points, as above."""
    x = _random(0.01, 50.0)
    case = _Case("jv(2.5, x)", {"x": x}, ((0,),), FIRST)
    yield in_turn(_ours(case, way) if way != "scipy" else _by_scipy("jv", np.full(POINTS, 2.5), x))


@contextlib.contextmanager
def elliptic(way: str) -> Iterator[Run]:
    """K(m) at a million points, as above."""
    x = _random(-1.0, 0.999)
    case = _Case("ellipk(x)", {"x": x}, ((0,),), FIRST)
    yield in_turn(_ours(case, way) if way != "scipy" else _by_scipy("ellipk", x))


@contextlib.contextmanager
def lambert(way: str) -> Iterator[Run]:
    """W(x) at a million points, as above; scipy's is complex."""
    x = _random(-0.36, 20.0)
    case = _Case("lambertw(x)", {"x": x}, ((0,),), FIRST)
    yield in_turn(_ours(case, way) if way != "scipy" else _by_scipy("lambertw", x))


@contextlib.contextmanager
def drum(way: str) -> Iterator[Run]:
    """J0 of the radius on a grid of 512², as above."""
    axes = {"x": np.linspace(-20, 20, SIDE), "y": np.linspace(-20, 20, SIDE)}
    case = _Case("j0(sqrt(x**2 + y**2))", axes, ((0,), (1,)), SECOND)
    radius = np.hypot(*np.meshgrid(*axes.values())).ravel()
    yield in_turn(_ours(case, way) if way != "scipy" else _by_scipy("j0", radius))


def _by_scipy(name: str, *arguments: Any) -> Callable[[], object]:
    from scipy import special

    threads = len(os.sched_getaffinity(0))
    parts = list(zip(*[np.array_split(each, threads) for each in arguments], strict=True))
    pool = ThreadPoolExecutor(threads)  # scipy's functions let go of Python while they compute
    return lambda: list(pool.map(lambda part: getattr(special, name)(*part), parts))


def _ours(case: _Case, tier: str) -> Callable[[], object]:
    load("engine")  # sets the process up as a worker's
    from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile

    given = list(zip(case.inputs.values(), case.dims, strict=True))
    lengths = tuple(next(len(each) for each, dims in given if dims == (n,)) for n in range(case.ndim))
    tile = Tile(tuple(ArrayValues(each, dims, case.ndim) for each, dims in given), Subgrid((0,) * case.ndim, lengths))
    numbers = np.full(len(case.wanted) * int(np.prod(lengths)) + LINE, np.nan)
    first = -numbers.ctypes.data // 8 % LINE
    out = numbers[first : first + numbers.size - LINE].reshape(len(case.wanted), -1)
    engine = _engine(case, tier)
    return lambda: engine.compute([tile], [out])


def _engine(case: _Case, tier: str) -> Any:
    from gridgrad_worker.engines.compiled.codegen.job import CompileJob
    from gridgrad_worker.engines.compiled.cpu_compiler import CpuTierSettings, open_cpu_tier
    from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine

    os.environ["GRIDGRAD_CACHE"] = _folder().name
    device = load("engine").DEVICE
    job = CompileJob(case.text, tuple(case.inputs), case.dims, case.ndim, case.wanted, "float64", "cpu")
    direct = StructuredEngine(job.program(), job.inputs, job.ndim, job.wanted, job.torch_dtype, device)
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
