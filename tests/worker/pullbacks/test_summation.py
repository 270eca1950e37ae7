"""Sums over dims against numpy and math.fsum."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gridgrad_worker.pullbacks.summation import TreeSum, summed, summed_products

RNG = np.random.default_rng(2)


def test_sums_are_made_of_sums_of_few() -> None:
    values = np.full((100_003, 2), 0.1)
    exact = math.fsum(values[:, 0])
    assert np.abs(summed(values, 1) - exact).max() <= 200 * 2.0**-53 * exact
    assert summed(values, 3).shape == (1, 1)
    assert summed(values, 0) is values


@pytest.mark.parametrize("shape", [(7, 1, 5), (1, 6, 5), (7, 6, 5), (1, 1, 5)])
@pytest.mark.parametrize("over", [1, 2, 4, 5, 7])
def test_products_with_several_factors_are_summed_together(shape: tuple[int, ...], over: int) -> None:
    plane, factors = RNG.normal(size=(7, 6, 5)), RNG.normal(size=(3, *shape))
    found = summed_products(plane, list(factors), over)
    axes = tuple(dim for dim in range(3) if over >> dim & 1)
    for each, factor in zip(found, factors, strict=True):
        assert_allclose(each, (plane * factor).sum(axes, keepdims=True), atol=1e-13)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 6, 7, 8, 13])
def test_a_tree_is_that_of_halves(count: int) -> None:
    values, tree = RNG.normal(size=(count, 4)), TreeSum()
    for each in values:
        tree.add(each)
    rows = [*values]
    while len(rows) > 1:
        pairs = [a + b for a, b in zip(rows[::2], rows[1::2], strict=False)]
        rows = pairs + rows[2 * len(pairs) :]
    assert tree.total.tobytes() == rows[0].tobytes()
