from __future__ import annotations

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st

from gridgrad_server.requests.tiles import GridTile, cut_into_tiles

SHAPES = st.lists(st.integers(0, 7), max_size=4).map(tuple)


@given(SHAPES, st.integers(1, 50))
def test_tiles_cover_the_grid_in_order_and_each_is_contiguous(shape: tuple[int, ...], most_points: int) -> None:
    index = {point: i for i, point in enumerate(itertools.product(*map(range, shape)))}
    seen: list[int] = []
    for tile in cut_into_tiles(shape, most_points):
        ranges = [range(start, start + length) for start, length in zip(tile.start, tile.shape, strict=True)]
        points = [index[point] for point in itertools.product(*ranges)]
        assert points == list(range(tile.first_point, tile.first_point + tile.points))
        assert tile.points == math.prod(tile.shape) <= max(most_points, 0 if seen else most_points)
        seen += points
    assert seen == list(range(math.prod(shape)))


@given(SHAPES, st.integers(1, 50))
def test_tiles_are_not_crumbs(shape: tuple[int, ...], most_points: int) -> None:
    count = sum(1 for _ in cut_into_tiles(shape, most_points))
    assert count <= max(1, 4 * math.prod(shape) / most_points)


@given(SHAPES, st.integers(1, 50), st.integers(2, 9))
def test_tiles_that_are_cut_again_cover_the_grid_all_the_same(
    shape: tuple[int, ...], most_points: int, parts: int
) -> None:
    index = {point: i for i, point in enumerate(itertools.product(*map(range, shape)))}
    seen: list[int] = []
    for tile in cut_into_tiles(shape, most_points):
        cut = []
        while tile.points > 1:
            head, tile = tile.cut(parts)
            cut.append(head)
        for each in (*cut, tile):
            ranges = [range(start, start + length) for start, length in zip(each.start, each.shape, strict=True)]
            points = [index[point] for point in itertools.product(*ranges)]
            assert points == list(range(each.first_point, each.first_point + each.points))
            seen += points
    assert seen == list(range(math.prod(shape)))


def test_the_parts_of_a_tile_are_nearly_equal() -> None:
    head, rest = GridTile((2, 0, 0), (1, 10, 7), 140, 70).cut(4)
    assert (head.start, head.shape, head.first_point, head.points) == ((2, 0, 0), (1, 3, 7), 140, 21)
    assert (rest.start, rest.shape, rest.first_point, rest.points) == ((2, 3, 0), (1, 7, 7), 161, 49)


def test_a_small_grid_is_one_tile() -> None:
    assert [tile.shape for tile in cut_into_tiles((32, 32), 1 << 18)] == [(32, 32)]
    assert [tile.shape for tile in cut_into_tiles((), 1)] == [()]
    assert [tile.shape for tile in cut_into_tiles((0, 10**9), 1)] == [(0, 10**9)]


def test_a_huge_grid_is_cut_lazily() -> None:
    first = next(cut_into_tiles((10**9, 10**9), 1 << 18))
    assert first.points <= 1 << 18


def test_a_grid_of_a_pack_that_is_large_goes_whole() -> None:
    assert [tile.grids for tile in cut_into_tiles((10,), 4, grids=3)] == [1, 1, 1]


def test_each_grid_of_a_pack_is_tried_by_itself_after_a_crash() -> None:
    tile = GridTile((0,), (5,), 0, 15, first_grid=4, grids=3, crash_count=1)
    assert [(each.first_grid, each.grids, each.points, each.crash_count) for each in tile.after_crash()] == [
        (4, 1, 5, 2),
        (5, 1, 5, 2),
        (6, 1, 5, 2),
    ]
