"""What computes rewritten programs on grids gives what was written, on both sides of every size that changes the way.

Levels are hoisted and run in waves, sums become matrix products, grids are cut into panels and windows, requests are
computed together: each begins at some size, which is read from the code.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.structured.execution import hoist, panels, products, runner
from gridgrad_worker.engines.structured.execution import structured_engine as engines
from gridgrad_worker.torch_ops import vectors
from tests.seeds import examples, seed
from tests.worker.engines.rewriting.grids import Request, around, batch_of, batches, check
from tests.worker.engines.rewriting.sums import Sum

pytestmark = pytest.mark.processor

pytestmark = pytest.mark.random

SEED = seed(11)
TOGETHER = {1: 20, 2: 10, 3: 4, 4: 2}
SMALL: dict[int, list[tuple[int, ...]]] = {
    1: [(7,), (70,)],
    2: [(5, 3), (40, 70)],
    3: [(2, 3, 5), (5, 9, 4)],
    4: [(2, 3, 2, 3), (5, 2, 3, 4)],
}


@pytest.mark.parametrize("separating", [True, False])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("ndim", [1, 2, 3, 4])
def test_every_order_of_axes(cpu: CpuDevice, ndim: int, dtype: str, separating: bool) -> None:
    random = np.random.default_rng(SEED)
    several = (batches(ndim, SEED + drawn, TOGETHER[ndim]) for drawn in range(examples(1)))
    for batch in itertools.chain.from_iterable(several):
        engine = batch.engine(dtype, cpu, separating=separating)
        requests = [Request.drawn(batch, shape, random, dtype) for shape in SMALL[ndim]]
        check(batch, engine, requests, dtype, SEED)


_WINDOW = runner._WINDOW_POINTS // 64
_BLOCK = products.BLOCK_POINTS // products._LONGEST
_MOST_ROWS = engines._MOST_PANELS * panels._OTHER
_LENGTHS = around(vectors.VECTOR, hoist._WIDE, panels._LAST, vectors.GRAIN, runner._WINDOW_POINTS)
SIZES: dict[int, list[tuple[int, ...]]] = {
    1: [(n,) for n in (1, *_LENGTHS)],
    2: [
        (1, 1),
        *((n, products._SMALL_BLOCK) for n in around(products._SMALL_BLOCK)),
        *((n, products.SMALL) for n in around(products.SMALL)),
        *((3, n) for n in around(products._LONGEST, panels._LAST)),
        *((n, 2) for n in around(hoist._WIDE, panels._OTHER)),
        *((n, products._LONGEST) for n in around(_BLOCK)),
        *((n, 64) for n in around(_WINDOW)),
    ],
    3: [*((2, n, 64) for n in around(_WINDOW // 2)), *((n, 8, 8) for n in around(_WINDOW))],
    4: [(2, 2, n, 32) for n in around(_WINDOW // 2)],
}
"""The lengths of the dims of grids."""


@pytest.mark.parametrize("separating", [True, False])
@pytest.mark.parametrize("ndim", SIZES)
def test_sizes_on_both_sides_of_where_the_way_changes(cpu: CpuDevice, ndim: int, separating: bool) -> None:
    random = np.random.default_rng(SEED)
    batch = next(batches(ndim, SEED + 1, 2))
    engine = batch.engine("float64", cpu, separating=separating)
    for shape in SIZES[ndim]:
        check(batch, engine, [Request.drawn(batch, shape, random, "float64")], "float64", SEED + 1)


@pytest.mark.parametrize("rows", around(_MOST_ROWS))
def test_more_panels_than_the_guard_looks_at(cpu: CpuDevice, rows: int) -> None:
    random = np.random.default_rng(SEED)
    batch = batch_of([Sum("x**2 - y - x + x*y", {"x": (0,), "y": (1,)}, 2)])
    engine = batch.engine("float64", cpu, separating=True)
    check(batch, engine, [Request.drawn(batch, (rows, 2), random, "float64")], "float64", SEED)


@pytest.mark.parametrize("text", ["x*y", "x*y - sin(x*y) - y"])
def test_results_that_are_written_straight_and_by_windows(cpu: CpuDevice, text: str) -> None:
    random = np.random.default_rng(SEED)
    batch = batch_of([Sum(text, {"x": (0,), "y": (1,)}, 2)])._replace(wanted=[()])
    engine = batch.engine("float64", cpu, separating=None)
    for rows in around(runner._STRAIGHT // 1024):
        check(batch, engine, [Request.drawn(batch, (rows, 1024), random, "float64")], "float64", SEED)


def test_separation_where_it_begins_to_pay(cpu: CpuDevice) -> None:
    random = np.random.default_rng(SEED)
    tried = 0
    for batch in itertools.chain(batches(2, SEED + 2, 2), batches(3, SEED + 2, 2)):
        engine = batch.engine("float64", cpu, separating=None)
        if engine.guard is None:
            continue
        tried += 1
        products = len(engine.ranks) * engines._PRODUCT_CALLS * engines._CALL_POINTS
        least = max(1, math.ceil((engines._GUARD_POINTS + products) / engine._saved) - engines._CALL_POINTS)
        for columns in {max(1, least // 64 - 1), least // 64 + 1}:
            shape = (64, columns) if batch.ndim == 2 else (8, 8, columns)
            assert engine._pays(shape) == (64 * columns >= least)
            check(batch, engine, [Request.drawn(batch, shape, random, "float64")], "float64", SEED + 2)
    assert tried


def test_a_product_for_each_term_pays_on_large_grids_alone(cpu: CpuDevice) -> None:
    text = " + ".join(f"sin(x*y + {i})" for i in range(200))
    engine = batch_of([Sum(text, {"x": (0,), "y": (1,)}, 2)]).engine("float64", cpu, separating=None)
    assert len(engine.ranks) == 200
    assert not engine._pays((32, 32))
    assert engine._pays((512, 512))


@pytest.mark.parametrize("ndim", [1, 2, 3, 4])
def test_requests_that_are_computed_together(cpu: CpuDevice, ndim: int) -> None:
    random = np.random.default_rng(SEED)
    batch = next(batches(ndim, SEED + 3, 4))
    lengths = (1, *around(engines._ROUNDED), *around(products.SMALL)[:2])
    shapes = [tuple(random.choice(lengths[: 8 - ndim], ndim).tolist()) for _ in range(examples(8))] * 2
    for separating in (True, False):
        engine = batch.engine("float64", cpu, separating=separating)
        requests = [Request.drawn(batch, shape, random, "float64") for shape in shapes]
        check(batch, engine, requests, "float64", SEED + 3)


def test_groups_as_large_as_they_get(cpu: CpuDevice) -> None:
    random = np.random.default_rng(SEED)
    batch = batch_of([Sum("x**2 - y - x + x*y", {"x": (0,), "y": (1,)}, 2)])
    engine = batch.engine("float64", cpu, separating=True)
    rows = engines._ALONE // 128
    shapes = [(n, 128) for n in around(rows) for _ in range(engines._TOGETHER // engines._ALONE // 2)]
    check(batch, engine, [Request.drawn(batch, shape, random, "float64") for shape in shapes], "float64", SEED)
