from __future__ import annotations

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st

from gridgrad_server.requests.tiles import Box, boxes

SHAPES = st.lists(st.integers(0, 7), max_size=4).map(tuple)


@given(SHAPES, st.integers(1, 50))
def test_boxes_tile_the_grid_in_order_and_each_is_contiguous(shape: tuple[int, ...], most_points: int) -> None:
    index = {point: i for i, point in enumerate(itertools.product(*map(range, shape)))}
    seen: list[int] = []
    for box in boxes(shape, most_points):
        ranges = [range(start, start + length) for start, length in zip(box.start, box.shape, strict=True)]
        points = [index[point] for point in itertools.product(*ranges)]
        assert points == list(range(box.first_point, box.first_point + box.points))
        assert box.points == math.prod(box.shape) <= max(most_points, 0 if seen else most_points)
        seen += points
    assert seen == list(range(math.prod(shape)))


@given(SHAPES, st.integers(1, 50))
def test_boxes_are_not_crumbs(shape: tuple[int, ...], most_points: int) -> None:
    count = sum(1 for _ in boxes(shape, most_points))
    assert count <= max(1, 4 * math.prod(shape) / most_points)


@given(SHAPES, st.integers(1, 50), st.integers(2, 9))
def test_boxes_that_are_cut_again_tile_the_grid_all_the_same(
    shape: tuple[int, ...], most_points: int, parts: int
) -> None:
    index = {point: i for i, point in enumerate(itertools.product(*map(range, shape)))}
    seen: list[int] = []
    for box in boxes(shape, most_points):
        cut = []
        while box.points > 1:
            head, box = box.cut(parts)
            cut.append(head)
        for piece in (*cut, box):
            ranges = [range(start, start + length) for start, length in zip(piece.start, piece.shape, strict=True)]
            points = [index[point] for point in itertools.product(*ranges)]
            assert points == list(range(piece.first_point, piece.first_point + piece.points))
            seen += points
    assert seen == list(range(math.prod(shape)))


def test_the_parts_of_a_box_are_nearly_equal() -> None:
    head, rest = Box((2, 0, 0), (1, 10, 7), 140, 70).cut(4)
    assert (head.start, head.shape, head.first_point, head.points) == ((2, 0, 0), (1, 3, 7), 140, 21)
    assert (rest.start, rest.shape, rest.first_point, rest.points) == ((2, 3, 0), (1, 7, 7), 161, 49)


def test_a_small_grid_is_one_box() -> None:
    assert [box.shape for box in boxes((32, 32), 1 << 18)] == [(32, 32)]
    assert [box.shape for box in boxes((), 1)] == [()]
    assert [box.shape for box in boxes((0, 10**9), 1)] == [(0, 10**9)]


def test_a_huge_grid_is_cut_lazily() -> None:
    first = next(boxes((10**9, 10**9), 1 << 18))
    assert first.points <= 1 << 18
