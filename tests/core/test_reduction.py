"""The blocks in which a grid is reduced."""

from __future__ import annotations

import math

import pytest

from gridgrad_core.reduction import BLOCK_POINTS, REDUCTIONS, blocks_of


@pytest.mark.parametrize(
    "shape", [(1,), (5,), (4096,), (4097,), (10**8,), (3, 7), (5000, 5000), (1000, 3), (2, 3, 10**6), (70, 130, 90)]
)
def test_blocks_hold_all_points_and_none_too_many(shape: tuple[int, ...]) -> None:
    blocks = blocks_of(shape)
    inner = math.prod(shape[blocks.axis + 1 :])
    assert blocks.points == math.prod(shape)
    assert 1 <= blocks.largest == blocks.rows * inner <= BLOCK_POINTS
    assert blocks.in_row == math.ceil(shape[blocks.axis] / blocks.rows)
    assert blocks.total == blocks.in_row * math.prod(shape[: blocks.axis])
    assert blocks.total <= 2 * math.ceil(math.prod(shape) / (blocks.largest or 1))


def test_segments_are_as_many_as_their_blocks_need() -> None:
    blocks = blocks_of((10 * BLOCK_POINTS + 1,))
    assert [blocks.segments(size) for size in (1, 2, 4, 8, 16)] == [11, 6, 3, 2, 1]


def test_no_points_are_one_block() -> None:
    assert blocks_of((0,)) == ((0,), 0, 1, 1, 1)
    assert blocks_of((5, 0)).total == 1


def test_positions_and_counts_are_whole_numbers() -> None:
    assert {name for name, kind in REDUCTIONS.items() if kind.dtype} == {"argmin", "argmax", "count_nonfinite"}
    assert {name for name, kind in REDUCTIONS.items() if not kind.of_none} == {"argmin", "argmax", "min", "max"}
