"""What is compiled of rewritten programs gives what was written, on both sides of the sizes in the C++.

Many expressions are the components of few libraries, so that compiling takes seconds.
"""

from __future__ import annotations

import importlib.resources
import math
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines import compiled
from gridgrad_worker.engines.compiled.codegen import emit
from gridgrad_worker.engines.compiled.codegen.build import build, source_of
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.codegen.row_layout import lay_out
from gridgrad_worker.engines.compiled.make import engine_of
from gridgrad_worker.engines.compiled.runtime.compiled_engine import CompiledEngine
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.native.toolchain import compiler_version
from tests.seeds import seed
from tests.worker.engines.rewriting.grids import Batch, Request, around, batch_of, batches, check
from tests.worker.engines.rewriting.sums import RANKS, Sum, long_sums

pytestmark = [
    pytest.mark.random,
    pytest.mark.skipif(compiler_version() is None, reason="there is no C++ compiler"),
    pytest.mark.timeout(600),  # some compile for long on a busy machine
]

SEED = seed(21)
COMPONENTS = {1: 20, 2: 24, 3: 16, 4: 12}
DTYPES = {1: "float32", 2: "float64", 3: "float32", 4: "float64"}
MOST_LANES = 16


class Compiled(NamedTuple):
    """A batch with its library.

    Args:
        batch: what was compiled.
        dtype: computed in.
        direct: the direct tier.
        engines: the compiled one, with sums separated and as they are written.
    """

    batch: Batch
    dtype: str
    direct: StructuredEngine
    engines: tuple[CompiledEngine, CompiledEngine]

    def check(self, *shapes: tuple[int, ...]) -> None:
        """Compares grids of some shapes, computed together, with the program as written."""
        random = np.random.default_rng(SEED)
        for engine in self.engines:
            requests = [Request.drawn(self.batch, shape, random, self.dtype) for shape in shapes]
            check(self.batch, engine, requests, self.dtype, SEED)


def compiled_of(batch: Batch, dtype: str, device: CpuDevice, directory: Path) -> Compiled:
    """Compiles the values of a batch."""
    dims = batch.dims
    batch = batch._replace(wanted=[()])
    job = CompileJob(str(batch.program), tuple(dims), tuple(dims.values()), batch.ndim, ((),), dtype, "cpu")
    direct = batch.engine(dtype, device, separating=True)
    library = build(source_of(job, direct), directory)
    engines = [engine_of(job, direct, library, separating=separating) for separating in (True, False)]
    return Compiled(batch, dtype, direct, (engines[0], engines[1]))


# Compiled for each kind of processor only for two dims, which have all kinds of levels
@pytest.fixture(
    scope="module", params=[pytest.param(ndim, marks=[pytest.mark.processor] * (ndim == 2)) for ndim in COMPONENTS]
)
def made(request: pytest.FixtureRequest, cpu: CpuDevice, tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    """Random expressions of some number of dims, the last of the orders of their axes."""
    ndim = int(request.param)
    *_, batch = batches(ndim, SEED, COMPONENTS[ndim])
    return compiled_of(batch, DTYPES[ndim], cpu, tmp_path_factory.mktemp("made"))


def sizes(name: str) -> int:
    """A constant of the C++."""
    folder = importlib.resources.files(compiled) / "cpp"
    text = "".join((folder / header).read_text() for header in ("panel.h", "run_tile.h", "tiles.h", "windows.h"))
    (found,) = re.findall(rf"constexpr int64_t {name} = (.+?);", text)
    first, _, shift = found.partition(" << ")
    return int(first) << int(shift or 0)


def with_points(ndim: int, points: int) -> tuple[int, ...]:
    """A grid of about so many points."""
    leading = ((), (8,), (2, 8), (2, 2, 8))[ndim - 1]
    return (*leading, max(2, points // math.prod(leading)))


def test_lengths_about_those_of_vectors(made: Compiled) -> None:
    lengths = (1, 2, 3, *around(4, 8, MOST_LANES))
    made.check(*((*[3] * (made.batch.ndim - 1), length) for length in lengths))


def test_grids_about_the_size_of_windows_and_of_what_one_thread_computes(made: Compiled) -> None:
    for points in {sizes("WINDOW_POINTS"), sizes("FOR_ONE_THREAD"), sizes("GRAIN"), sizes("WINDOW_NUMBERS") // 32}:
        for length in around(with_points(made.batch.ndim, points)[-1]):
            made.check((*with_points(made.batch.ndim, points)[:-1], length))


def test_results_about_as_large_as_are_written_past_the_caches(made: Compiled) -> None:
    of_a_point = len(made.batch.program.outputs) * np.dtype(made.dtype).itemsize
    shape = with_points(made.batch.ndim, sizes("PAST_CACHES") // of_a_point)
    for length in (shape[-1] - MOST_LANES, shape[-1] + MOST_LANES, shape[-1] + MOST_LANES + 1):
        made.check((*shape[:-1], length))


def test_levels_that_fit_into_a_panel_and_others(made: Compiled) -> None:
    for plan in (made.direct.plan, made.direct.plain_plan):
        rows = sum(len(level.rows) for level in lay_out(plan, None) if level.mask == 1)
        length = sizes("MOST_NUMBERS") // max(rows, 64)  # a grid of one dim has no level of it below
        for longer in (length // 2, length + length // 2):
            made.check((longer, *[1] * (made.batch.ndim - 1)))


def test_few_operations(cpu: CpuDevice, tmp_path: Path) -> None:
    light = batch_of([Sum("x*y*(1 - x - y)", {"x": (0,), "y": (1,)}, 2)])
    made = compiled_of(light, "float64", cpu, tmp_path)
    assert len(made.direct.plan.levels[-1].steps) <= emit._LIGHT
    columns = sizes("PAST_CACHES") // 8 // 256
    for shape in ((256, columns - 8), (256, columns + 8), (256, columns + 9)):
        made.check(shape)


@pytest.mark.processor
def test_sums_of_many_terms(cpu: CpuDevice, tmp_path: Path) -> None:
    ranks = [each for each in long_sums(SEED) if "y**2 " in each.text][::2]
    made = compiled_of(batch_of(ranks), "float64", cpu, tmp_path)
    assert max(made.direct.ranks) > RANKS
    points = sizes("PAST_CACHES") // 8 // len(made.batch.program.outputs)
    made.check((5, 3), (9, 17), (70, 40), (64, 200), (points // 512 + 9, 512), (points // 512 + 9, 513))
