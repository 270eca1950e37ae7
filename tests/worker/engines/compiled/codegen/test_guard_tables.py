"""The guard's tables in C++: compiled code decides as the guard does, at numbers of all kinds."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from gridgrad_worker.engines.compiled.codegen.guard_tables import guard_tables
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.codegen.row_layout import lay_out
from gridgrad_worker.engines.compiled.runtime.compiled_engine import CompiledEngine
from gridgrad_worker.engines.compiled.runtime.library import DECIDE, PLAIN, SEPARATED
from gridgrad_worker.engines.structured.execution.panels import segments
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from gridgrad_worker.native.toolchain import compiler_version

Built = tuple[CompiledEngine, StructuredEngine]

TEXT = "a*x*exp(-y) + x**3/y + 2.5*exp(x - y)*sin(y) + 1e-30*x**2*y**2 + x*log(y) + x**20*y/(1 + x**2) + exp(-x**2)*y"
AWKWARD = [0.0, -0.0, 1.0, -1.0, 2.0, np.inf, -np.inf, np.nan, 1e-30, 1e30, 5e-324, 1e-45, 3e37, -80.0, 400.0, 700.0]
NEIGHBOURS = [1.0, 1e-7, 1e7]


def job_of(dtype: str, text: str = TEXT) -> CompileJob:
    return CompileJob(text, ("a", "x", "y"), ((), (0,), (1,)), 2, ((), (1,), (2,)), dtype, "cpu")


def tiles(dtype: str) -> Iterator[Tile]:
    """Grids with an awkward number in either axis, or for the parameter."""
    wide = [np.geomspace(1e-3, 1e3, 30), np.linspace(-3, 3, 13)]
    axes = [np.array([near, awkward, near]) for awkward in AWKWARD for near in NEIGHBOURS] + wide
    ordinary = np.linspace(0.5, 2.0, 9)
    grids = [(1.5, each, ordinary) for each in axes] + [(1.5, ordinary, each) for each in axes]
    grids += [(a, ordinary, ordinary) for a in AWKWARD]
    powers = [10.0**n for n in range(-300, 301, 20)] if dtype == "float64" else [10.0**n for n in range(-38, 39, 3)]
    grids += [(a, np.array([x]), ordinary) for a, x in itertools.product((1.0, 1e-20), powers)]
    for given in grids:
        with np.errstate(over="ignore", invalid="ignore"):
            arrays = [np.asarray(each).astype(dtype) for each in given]
        inputs = tuple(ArrayValues(each, dims, 2) for each, dims in zip(arrays, ((), (0,), (1,)), strict=True))
        yield Tile(inputs, Subgrid((0, 0), (arrays[1].size, arrays[2].size)))


def decided(engine: CompiledEngine, tile: Tile, out: np.ndarray) -> int:
    """How compiled code computes a request."""
    rows = engine._library.rows(1)
    engine._filler.fill(rows, [tile], [out])
    rows["mode"] = DECIDE
    engine._library.compute(rows)
    return int(rows["outcome"][0])


@pytest.mark.processor
@pytest.mark.skipif(compiler_version() is None, reason="there is no C++ compiler")
@pytest.mark.timeout(600)  # two compiles, on a busy machine
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_compiled_code_decides_as_the_guard(build_engine: Callable[[CompileJob], Built], dtype: str) -> None:
    engine, direct = build_engine(job_of(dtype))
    assert direct.guard is not None
    found = []
    for tile in tiles(dtype):
        out = np.empty((3, tile.subgrid.points), dtype)
        (segment,) = segments(tile, tile.subgrid.shape, tile.subgrid.shape, out)
        found.append(decided(engine, tile, out))
        assert found[-1] == (SEPARATED if direct._decide(segment) else PLAIN), [each.content for each in tile.inputs]
    assert {SEPARATED, PLAIN} == set(found)
    assert min(found.count(SEPARATED), found.count(PLAIN)) > len(found) // 10, "of both kinds, many"


def test_every_row_and_constant_is_one_column(device: object) -> None:
    job = job_of("float64")
    direct = StructuredEngine(job.program(), job.inputs, 2, job.wanted, torch.float64, device, separating=True)  # type: ignore[arg-type]
    assert direct.guard is not None
    levels = lay_out(direct.plan, direct.guard)
    written = guard_tables(direct.guard, levels)
    terms = [int(each) for each in written.split("TERMS[] = {")[1].split("}")[0].split(",")]
    columns: set[int] = set()
    at = 0
    for _ in range(len(direct.guard.sums)):
        count, at = terms[at], at + 1
        for _ in range(2 * count):
            size = terms[at]
            columns.update(terms[at + 1 : at + 1 + size])
            at += 1 + size
    assert at == len(terms)
    assert columns == set(range(sum(sum(level.watched) for level in levels) + len(direct.guard.constants)))


def test_without_a_guard_there_is_nothing_to_decide() -> None:
    assert "SUMS = 0;" in guard_tables(None, ())
