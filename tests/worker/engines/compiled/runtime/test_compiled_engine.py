"""A real package, compiled once: any shape, alone or in company, whole or in tiles, equal to the direct tier."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.cpu_compiler import CpuTierSettings, open_cpu_tier
from gridgrad_worker.engines.compiled.runtime.compiled_engine import CompiledEngine
from gridgrad_worker.engines.compiled.tier import Tier
from gridgrad_worker.engines.compiled.verification.verify import VerificationError, verify
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import Subgrid, Tile, subgrids
from gridgrad_worker.native.toolchain import compiler_version

Array = NDArray[np.float64]
Tiles = Callable[..., Tile]
Built = tuple[CompiledEngine, StructuredEngine]

pytestmark = [
    pytest.mark.processor,
    pytest.mark.skipif(compiler_version() is None, reason="there is no C++ compiler"),
    pytest.mark.timeout(600),  # the one compile, on a busy machine
]


@pytest.fixture(scope="module")
def tier(
    tmp_path_factory: pytest.TempPathFactory, job: CompileJob, direct: StructuredEngine
) -> Iterator[tuple[Tier, CpuTierSettings]]:
    settings = CpuTierSettings(root=tmp_path_factory.mktemp("cache") / "compiled")
    made = open_cpu_tier(settings)
    key = made.add(job, direct)
    made.prepare(key)
    while made.lookup(key) is None and made.is_busy:
        time.sleep(0.05)
    yield made, settings
    made.close()


@pytest.fixture(scope="module")
def engine(tier: tuple[Tier, CpuTierSettings], job: CompileJob) -> CompiledEngine:
    found = tier[0].lookup(job.key())
    assert isinstance(found, CompiledEngine)
    return found


def computed(engine: CompiledEngine | StructuredEngine, *tiles: Tile) -> list[Array]:
    outs = [np.full((3, tile.subgrid.points), 12345.0) for tile in tiles]
    engine.compute(tiles, outs)
    return outs


@pytest.mark.parametrize(
    "shape", [(1, 1), (8, 8), (1, 33), (17, 16), (3, 129), (50, 3), (2, 5000), (700, 900), (0, 9), (9, 0), (0, 0)]
)
def test_any_shape_is_as_in_the_direct_tier(
    engine: CompiledEngine, direct: StructuredEngine, tile: Tiles, shape: tuple[int, int]
) -> None:
    (got,), (expected,) = computed(engine, tile(*shape)), computed(direct, tile(*shape))
    scale = np.abs(expected).max(axis=1, initial=0.0)[:, None]
    np.testing.assert_allclose(got / scale, expected / scale, rtol=0, atol=64 * np.finfo(float).eps)


def test_partials_are_those_of_closed_forms(engine: CompiledEngine, tile: Tiles) -> None:
    a, x, y = 1.5, np.linspace(0.5, 3, 40)[:, None], np.linspace(-1, 2, 30)[None]
    (got,) = computed(engine, tile(40, 30))
    r, e = np.hypot(x, y), np.exp(-y)
    gamma = torch.from_numpy(x + y**2)
    one, by_one = torch.lgamma(torch.from_numpy(x)).numpy(), torch.digamma(torch.from_numpy(x)).numpy()
    both, by_both = torch.lgamma(gamma).numpy(), torch.digamma(gamma).numpy()
    value = a * x * e + a**2 * np.sin(x) * np.cos(y) + r + np.where(x > y, x - y, 0) + one + both
    by_x = a * e + a**2 * np.cos(x) * np.cos(y) + x / r + np.where(x > y, 1, 0) + by_one + by_both
    by_y = -a * x * e - a**2 * np.sin(x) * np.sin(y) + y / r - np.where(x > y, 1, 0) + 2 * y * by_both
    np.testing.assert_allclose(got.reshape(3, 40, 30), [value, by_x, by_y], rtol=0, atol=1e-13 * np.abs(value).max())


def test_a_grid_is_the_same_in_company(engine: CompiledEngine, tile: Tiles) -> None:
    shapes = [(20 + n % 7, 20 + n % 25) for n in range(40)]
    tiles = [tile(*shape, a=1 + 0.1 * n) for n, shape in enumerate(shapes)]
    for alone, together in zip(tiles, computed(engine, *tiles), strict=True):
        assert np.array_equal(computed(engine, alone)[0], together)


@pytest.mark.parametrize("points", [1, 300, 5_000, 100_000])
def test_a_grid_is_the_same_in_tiles(engine: CompiledEngine, tile: Tiles, points: int) -> None:
    whole = tile(130, 300) if points > 1 else tile(9, 11)
    (expected,) = computed(engine, whole)
    parts = [computed(engine, Tile(whole.inputs, subgrid))[0] for subgrid in subgrids(whole.subgrid, points)]
    assert np.array_equal(np.concatenate(parts, axis=1), expected)


def test_what_the_guard_stops_is_computed_in_the_job_it_was_written(
    engine: CompiledEngine, direct: StructuredEngine, tile: Tiles
) -> None:
    fine, bad = tile(10, 12), tile(10, 12, a=1e200)
    together = computed(engine, fine, bad)
    assert np.array_equal(together[0], computed(engine, fine)[0])
    (expected,) = computed(direct, bad)
    np.testing.assert_allclose(together[1], expected, rtol=1e-14)
    halves = [Subgrid((0, 0), (5, 12)), Subgrid((5, 0), (5, 12))]
    parts = computed(engine, *(Tile(bad.inputs, subgrid) for subgrid in halves))
    assert np.array_equal(np.concatenate(parts, axis=1), together[1])


def test_the_next_worker_finds_it_compiled(
    tier: tuple[Tier, CpuTierSettings], job: CompileJob, direct: StructuredEngine
) -> None:
    following = open_cpu_tier(tier[1])
    assert following.lookup(following.add(job, direct)) is not None
    following.close()


def test_what_computes_something_else_is_not_trusted(
    build_engine: Callable[[CompileJob], Built], job: CompileJob
) -> None:
    near = job._replace(text="a*x*y + sin(x)")
    other = job._replace(text="a*x*y + sin(x)*1.0000001")
    (compiled, direct), another = build_engine(near), build_engine(other)[1]
    verify(near, direct, compiled.compute)
    with pytest.raises(VerificationError, match=r"and the direct tier .*: they differ by"):
        verify(other, another, compiled.compute)
