"""Windows of whole blocks."""

from __future__ import annotations

import numpy as np
import pytest

from gridgrad_core.reduction import blocks_of
from gridgrad_worker.reductions.block_windows import windows_of


@pytest.mark.parametrize("shape", [(5,), (10000,), (3, 5000), (50, 200), (2, 3, 5000), (4, 90, 130), (1000, 3)])
@pytest.mark.parametrize("most", [1, 5000, 20000, 10**9])
def test_windows_bring_each_block_once_in_order(shape: tuple[int, ...], most: int) -> None:
    blocks, numbers = blocks_of(shape), np.arange(float(np.prod(shape))).reshape(shape)
    firsts: list[int] = []
    found: list[list[float]] = []
    for window in windows_of(blocks, 0, blocks.total, most):
        box = numbers[tuple(slice(s, s + n) for s, n in zip(window.start, window.shape, strict=True))]
        assert box.size <= max(most, blocks.largest)
        parts = window.split(box.reshape(1, -1), blocks)
        rows = [[list(block) for part in parts for block in part[0, before]] for before in range(parts[0].shape[1])]
        firsts.extend(window.first_points(blocks).reshape(-1).tolist())
        found.extend(block for row in rows for block in row)
    assert len(found) == blocks.total
    assert [block[0] for block in found] == firsts
    assert [point for block in found for point in block] == numbers.reshape(-1).tolist()


def test_a_range_of_blocks_is_the_same_blocks() -> None:
    blocks = blocks_of((3, 9000))
    whole = [point for w in windows_of(blocks, 0, blocks.total, 1) for point in w.first_points(blocks).reshape(-1)]
    assert [w.first_point for w in windows_of(blocks, 2, 7, 1)] == whole[2:7]


def test_no_points_are_no_windows() -> None:
    assert [*windows_of(blocks_of((0, 3)), 0, 1, 100)] == []
