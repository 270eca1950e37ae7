"""Products: sums of products as blocks of one shape, the same to the bit in any window."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from gridgrad_worker.engines.structured.execution.products import (
    BLOCK_POINTS,
    SMALL,
    Sides,
    block_shape,
    prepare,
    split_of,
    write_product,
)
from gridgrad_worker.engines.structured.planning.plan import SEPARATED, Step

TERMS = 3
STEPS = [
    *(Step("input", (), 1, n) for n in range(TERMS)),
    *(Step("input", (), 2, TERMS + n) for n in range(TERMS)),
    Step(SEPARATED, tuple(range(2 * TERMS)), 3, None),
]


def factors_of(rows: int, columns: int, requests: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """[terms, requests, rows, 1] and [terms, requests, 1, columns]."""
    random = np.random.default_rng(rows + columns)
    left = torch.from_numpy(random.normal(size=(TERMS, requests, rows, 1)))
    return left, torch.from_numpy(random.normal(size=(TERMS, requests, 1, columns)))


def computed(rows: int, columns: int, requests: int, window: tuple[slice, slice, slice]) -> np.ndarray:
    left, right = factors_of(rows, columns, requests)

    def stacked(steps: Sequence[int]) -> torch.Tensor:
        return torch.stack([left[i] if i < TERMS else right[i - TERMS] for i in steps])

    factors = prepare(Sides.of(STEPS, 2 * TERMS), 1, (requests, rows, columns), stacked)
    lengths = [each.stop - each.start for each in window]
    out = torch.full(lengths, 12345.0, dtype=torch.float64)
    write_product(factors, out, *window)
    return out.numpy()


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (32, 33), (64, 64), (65, 3), (3, 70), (200, 1500), (1100, 40)])
@pytest.mark.parametrize("requests", [1, 3])
def test_it_is_the_sum_of_the_products(shape: tuple[int, int], requests: int) -> None:
    left, right = factors_of(*shape, requests)
    got = computed(*shape, requests, (slice(0, requests), slice(0, shape[0]), slice(0, shape[1])))
    np.testing.assert_allclose(got, (left * right).sum(0).numpy(), rtol=0, atol=1e-13)


@pytest.mark.parametrize("shape", [(40, 60), (130, 1500)])
def test_windows_have_the_bits_of_the_whole(shape: tuple[int, int]) -> None:
    rows, columns = shape
    whole = computed(rows, columns, 2, (slice(0, 2), slice(0, rows), slice(0, columns)))
    for window in [(slice(1, 2), slice(3, 30), slice(7, 50)), (slice(0, 1), slice(rows - 1, rows), slice(0, columns))]:
        assert np.array_equal(computed(rows, columns, 2, window), whole[window])


def test_blocks_follow_from_the_panel_alone() -> None:
    assert block_shape(SMALL, SMALL) == block_shape(1, 1)
    rows, columns = block_shape(100_000, 100_000)
    assert rows * columns <= BLOCK_POINTS
    assert block_shape(SMALL + 1, 3) == (SMALL + 1, 3)


def test_the_split_is_behind_the_dims_of_the_left_side() -> None:
    assert split_of(STEPS, 2 * TERMS) == 1
    wider = [Step("input", (), 3, 0), Step("input", (), 4, 1), Step(SEPARATED, (0, 1), 7, None)]
    assert split_of(wider, 2) == 2


def test_factors_of_one_mask_are_brought_together() -> None:
    steps = [Step("input", (), 1, 0), Step("const", (), 0, 2.0), Step("input", (), 2, 1), Step("input", (), 2, 2)]
    steps.append(Step(SEPARATED, (0, 1, 2, 3), 3, None))
    sides = Sides.of(steps, 4)
    assert sides.left == (((0,), (0,)), ((1,), (1,)))
    assert sides.right == (((0, 1), (2, 3)),)
    assert sides.terms == 2
