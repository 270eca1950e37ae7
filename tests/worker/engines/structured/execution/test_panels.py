"""Panels: their shape, and how tiles are cut along them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.engines.structured.execution import panels
from gridgrad_worker.engines.structured.execution.panels import (
    common_shape,
    deep_panel_shape,
    panel_shape,
    panels_of,
    request_shape,
    segments,
)
from gridgrad_worker.engines.structured.planning.plan import ExecutionPlan, make_plan
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile


@pytest.fixture(scope="module")
def plan() -> ExecutionPlan:
    program = parse("sin(x)*cos(y) + x*y", ["x", "y"])
    return make_plan(program.nodes, program.outputs, {"x": 1, "y": 2}, 2)


def request(rows: int, columns: int) -> tuple[ArrayValues, ArrayValues]:
    return ArrayValues(np.arange(float(rows)), (0,), 2), ArrayValues(np.arange(float(columns)), (1,), 2)


def test_a_request_has_the_lengths_of_its_inputs() -> None:
    tile = Tile(request(5, 7), Subgrid((1, 2), (2, 3)))
    assert request_shape(tile, [0, 1]) == (5, 7)


def test_small_grids_are_one_panel_and_large_ones_bounded(plan: ExecutionPlan) -> None:
    assert panel_shape((300, 200), plan) == (300, 200)
    assert panel_shape((100_000, 100_000), plan) == (panels._OTHER, panels._LAST)
    assert deep_panel_shape((100_000, 3000), plan) == (100_000, 3000)


def test_panels_are_halved_until_their_levels_fit(plan: ExecutionPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels, "_NUMBERS", 3000)
    shape = panel_shape((4000, 500), plan)
    assert panels._hoisted(shape, plan) <= 3000 < panels._hoisted([2 * n for n in shape], plan)
    monkeypatch.setattr(panels, "_NUMBERS", 1)
    assert panel_shape((4000, 500), plan) == (panels._LEAST, panels._LEAST)


@pytest.mark.parametrize("shape", [(64, 64, 64, 64, 2), (8,) * 8, (2**26, 2**27, 1, 1, 1), (3, 5, 2, 2, 2)])
def test_levels_of_many_dims_fit_whatever_their_lengths(shape: tuple[int, ...]) -> None:
    names = [f"x{n}" for n in range(len(shape))]
    text = " + ".join(f"sin({'*'.join(names[:-1])} + {n})*({names[-1]} + {n})**1.5" for n in range(9))
    program = parse(text, names)
    masks = {name: 1 << n for n, name in enumerate(names)}
    plan = make_plan(program.nodes, program.outputs, masks, len(shape))
    assert panels._hoisted(panel_shape(shape, plan), plan) <= panels._BOUND


@pytest.mark.parametrize(
    ("start", "shape"), [((0, 0), (7, 9)), ((1, 2), (5, 3)), ((6, 8), (1, 1)), ((3, 0), (1, 9)), ((2, 2), (0, 4))]
)
def test_segments_cover_a_tile_once_and_say_where_they_lie(start: tuple[int, int], shape: tuple[int, int]) -> None:
    tile = Tile(request(7, 9), Subgrid(start, shape))
    out = np.zeros((2, shape[0] * shape[1]))
    for segment in segments(tile, (7, 9), (3, 4), out):
        corner = segment.panel.start
        assert all(first % pitch == 0 for first, pitch in zip(corner, (3, 4), strict=True))
        rows, columns = (
            np.arange(n)[w] + c for n, w, c in zip(segment.panel.shape, segment.window, corner, strict=True)
        )
        segment.out[0] += 1
        segment.out[1] = 100 * rows[:, None] + columns
    rows, columns = (np.arange(s, s + n) for s, n in zip(start, shape, strict=True))
    assert (out[0] == 1).all()
    assert np.array_equal(out[1].reshape(shape), (100 * rows[:, None] + columns).reshape(shape))


def test_a_whole_request_of_one_panel_is_one_segment() -> None:
    tile = Tile(request(7, 9), Subgrid((0, 0), (7, 9)))
    (segment,) = segments(tile, (7, 9), (7, 9), np.zeros((1, 63)))
    assert segment.whole
    assert segment.window == (slice(0, 7), slice(0, 9))


def test_a_group_has_the_least_shape_that_all_fit_into() -> None:
    shapes = [(3, 9), (5, 2)]
    group = [next(segments(Tile(request(*s), Subgrid((0, 0), s)), s, s, np.zeros((1, s[0] * s[1])))) for s in shapes]
    assert common_shape(group) == (5, 9)
    assert common_shape(group[:1]) == (3, 9)


@pytest.mark.parametrize(("masks", "count"), [([1, 2], 3), ([3], 9)])
def test_a_few_panels_hold_all_that_depends_on_single_dims(masks: list[int], count: int) -> None:
    tile = Tile(request(7, 9), Subgrid((0, 0), (7, 9)))
    first = next(segments(tile, (7, 9), (3, 4), np.zeros((1, 63))))
    found = [each.panel for each in panels_of(first, masks)]
    assert len(found) == count
    for dim, length in enumerate((7, 9)):
        values = itertools.chain.from_iterable(range(p.start[dim], p.start[dim] + p.shape[dim]) for p in found)
        assert set(values) == set(range(length))
