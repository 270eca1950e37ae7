"""Tiles packed for kernels: the tables say where everything is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.engines.cuda.batch import PackedTiles, PlacedTile, TilePacker, grouped, parts_of
from gridgrad_worker.engines.cuda.source import THREADS, Source, write_source
from gridgrad_worker.engines.structured.planning.plan import ExecutionPlan, make_plan
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid

INPUTS = 3


def placed(rows: int, columns: int, seed: int = 0) -> PlacedTile:
    random = np.random.default_rng(seed)
    values = (
        ArrayValues(random.normal(size=rows), (0,), 2),
        ArrayValues(random.normal(size=columns), (1,), 2),
        ArrayValues(np.array(float(seed)), (), 2),
    )
    return PlacedTile(values, Subgrid((0, 0), (rows, columns)), np.zeros((2, rows * columns)))


@pytest.fixture(scope="module")
def plan() -> ExecutionPlan:
    program = parse("sin(x)*y + exp(a), cos(y)*cos(x)", ["x", "y", "a"])
    return make_plan(program.nodes, program.outputs, {"x": 1, "y": 2, "a": 0}, 2)


@pytest.fixture(scope="module")
def source(plan: ExecutionPlan) -> Source:
    return write_source(plan, INPUTS, torch.float64)


def table_at(packed: PackedTiles, place: int, rows: int, columns: int) -> NDArray[np.int64]:
    return packed.data[place:].view(np.int64)[: rows * columns].reshape(rows, columns)


SIZES = [(4, 5), (300, 7), (1, 1)]


def test_the_table_of_tiles(plan: ExecutionPlan, source: Source) -> None:
    tiles = [placed(*size, seed) for seed, size in enumerate(SIZES)]
    packed = TilePacker(plan, source, INPUTS, np.dtype("float64")).pack(tiles)
    levels = len(plan.levels) - 1
    table = table_at(packed, packed.tiles, len(tiles), 2 + INPUTS + levels + 1)
    inputs = packed.data[packed.inputs :].view(np.float64)
    end = 0
    for row, tile in zip(table, tiles, strict=True):
        assert tuple(row[:2]) == tile.subgrid.shape
        for place, values in zip(row[2 : 2 + INPUTS], tile.inputs, strict=True):
            expected = values.over(tile.subgrid).reshape(-1)
            assert np.array_equal(inputs[place : place + expected.size], expected)
        kept = row[2 + INPUTS : -1]
        for level, place in enumerate(kept):
            assert place == end
            points = np.prod(
                [n for d, n in enumerate(tile.subgrid.shape) if plan.levels[level].mask >> d & 1], dtype=int
            )
            end += source.rows[level] * int(points)
    assert packed.levels == end
    sizes = [2 * tile.subgrid.points for tile in tiles]
    assert table[:, -1].tolist() == np.cumsum([0, *sizes[:-1]]).tolist()
    assert packed.numbers == sum(sizes)


def test_each_block_has_one_tile_and_level(plan: ExecutionPlan, source: Source) -> None:
    tiles = [placed(*size, seed) for seed, size in enumerate(SIZES)]
    packed = TilePacker(plan, source, INPUTS, np.dtype("float64")).pack(tiles)
    assert len(packed.spans) == len(source.launches) + 1
    for launch, (place, count, blocks) in zip([*source.launches, None], packed.spans, strict=True):
        spans = table_at(packed, place, count, 3)
        levels = launch.levels if launch else (0,)
        assert sorted(map(tuple, spans[:, 1:])) == sorted((tile, level) for tile in range(3) for level in levels)
        ends = [*spans[1:, 0], blocks]
        for (first, tile, level), end in zip(spans, ends, strict=True):
            mask = plan.levels[level].mask if launch else plan.full
            points = np.prod([n for d, n in enumerate(SIZES[tile]) if mask >> d & 1], dtype=int)
            assert end - first == -(-points // THREADS)


def test_results_go_back_to_their_tiles(plan: ExecutionPlan, source: Source) -> None:
    wide = np.zeros((2, 64))
    tiles = [placed(4, 5), placed(3, 2, 1)._replace(out=wide[:, :6])]
    packed = TilePacker(plan, source, INPUTS, np.dtype("float64")).pack(tiles)
    results = np.arange(float(packed.numbers))
    for index, out in packed.parts:
        out[...] = results[index]
    assert np.array_equal(tiles[0].out.reshape(-1), results[:40])
    assert np.array_equal(wide[:, :6].reshape(-1), results[40:])
    assert not wide[:, 6:].any()


@pytest.mark.parametrize("points", [1, 7, 20, 1000])
def test_parts_cover_a_tile_and_its_results(points: int) -> None:
    tile = placed(6, 5)
    for part in parts_of(tile, points):
        assert 0 < part.subgrid.points <= points
        part.out[...] += 1
    assert (tile.out == 1).all()
    assert list(parts_of(placed(0, 5), points)) == []


def test_groups_are_filled_in_order() -> None:
    tiles = [placed(1, n) for n in (4, 5, 3, 20, 1, 1)]
    assert [[tile.subgrid.points for tile in group] for group in grouped(tiles, 9)] == [[4, 5], [3], [20], [1, 1]]
