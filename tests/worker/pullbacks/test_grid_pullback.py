"""Rows of pull-backs: blocks, segments, and where the gradient by each input lies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from gridgrad_core.reduction import PULLBACK_BLOCK_POINTS, blocks_of
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from gridgrad_worker.pullbacks.grid_pullback import Compute, GridPullback, PulledBlock, PulledInput

T, K = np.linspace(1, 2, 1400), np.linspace(2, 3, 1800)
VALUES = ArrayValues(T, [0], 2), ArrayValues(K, [1], 2)
SIZE = 1 + len(T) + len(K)


class _Products:
    """Of t·k, by both."""

    def of_block(
        self,
        run: Compute,  # noqa: ARG002 - a BlockGradients takes it
        block: PulledBlock,
        tier: str,
    ) -> tuple[float, Sequence[NDArray[np.float64] | None], str]:
        t, k = (np.float64(values.over(Subgrid((0, 0), block.shape))) for values in block.inputs)
        by_t = np.full_like(t, k.sum())
        return float(t.sum() * k.sum()), [by_t, None if tier == "no k" else np.full_like(k, t.sum())], tier


def row(tier: str = "") -> NDArray[np.float64]:
    pulled = GridPullback(_Products(), [(0,), (1,)], [PulledInput(0, (0,)), PulledInput(1, (1,))], [0, 1])
    out = np.empty((1, SIZE))
    pulled.compute(_never, [Tile(VALUES, Subgrid((0,), (SIZE,)))], [out], [tier])
    return np.array(out[0])


def _never(*_: object) -> list[str]:
    raise AssertionError


def test_a_row_is_the_sum_and_the_gradients() -> None:
    found = row()
    assert_allclose(found[0], T.sum() * K.sum())
    assert_allclose(found[1 : 1 + len(T)], K.sum())
    assert_allclose(found[1 + len(T) :], T.sum())
    assert not row("no k")[1 + len(T) :].any()


@pytest.mark.parametrize("size", [1, 2, 4])
def test_segments_come_to_the_same_bits(size: int) -> None:
    blocks = blocks_of((1400, 1800), PULLBACK_BLOCK_POINTS)
    assert blocks.total == 3
    wrt = [PulledInput(0, (0,)), PulledInput(1, (1,))]
    pulled = GridPullback(_Products(), [(0,), (1,)], wrt, [0, 1], size)
    count = blocks.segments(size)
    out = np.empty((1, count * SIZE))
    pulled.compute(_never, [Tile(VALUES, Subgrid((0, 0), (count, SIZE)))], [out], [""])
    rows = [*out.reshape(count, SIZE)]
    total = rows[0] if count == 1 else rows[0] + rows[1] if count == 2 else (rows[0] + rows[1]) + rows[2]
    assert total.tobytes() == row().tobytes()
