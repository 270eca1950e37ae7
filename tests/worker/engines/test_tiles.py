from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gridgrad_worker.engines.tiles import ArrayValues, LinspaceValues, Subgrid, linspace_part, subgrids

pytestmark = pytest.mark.processor

ENDS = st.floats(-1e300, 1e300) | st.floats(-10, 10) | st.integers(-100, 100).map(float)


@given(ENDS, ENDS, st.integers(0, 300), st.data())
@example(0.0, 1.0, 1, None)
@example(-0.0, -1.0, 1, None)
@example(5e-324, 1e-323, 7, None)
@example(0.0, 5e-324, 100, None)
@example(2.0, 2.0, 5, None)
@example(0.0, 6.283185307179586, 64, None)
def test_linspace_has_the_bits_of_numpy(start: float, stop: float, num: int, data: st.DataObject | None) -> None:
    first = data.draw(st.integers(0, num)) if data else 0
    end = data.draw(st.integers(first, num)) if data else num
    whole = np.linspace(start, stop, num)
    assert linspace_part(start, stop, num, first, end).tobytes() == whole[first:end].tobytes()


def test_linspace_cast_to_float32_is_numpys_cast() -> None:
    part = LinspaceValues(0, 1, 1001, 0, 1).over(Subgrid((500,), (10,)))
    assert part.astype(np.float32).tobytes() == np.linspace(0, 1, 1001).astype(np.float32)[500:510].tobytes()


@given(st.lists(st.integers(0, 6), max_size=4), st.integers(1, 40))
def test_subgrids_are_contiguous_and_cover_the_subgrid_in_order(shape: list[int], most: int) -> None:
    whole = Subgrid(tuple(range(3, 3 + len(shape))), tuple(shape))
    numbers = np.arange(math.prod(shape)).reshape(shape)
    seen = []
    for subgrid in subgrids(whole, most):
        assert subgrid.points <= most
        part = numbers[
            tuple(slice(a - b, a - b + n) for a, b, n in zip(subgrid.start, whole.start, subgrid.shape, strict=True))
        ]
        assert part.shape == subgrid.shape
        seen += part.ravel().tolist()
    assert seen == list(range(math.prod(shape)))


def test_subgrids_are_few_when_rows_are_long() -> None:
    assert len(list(subgrids(Subgrid((0, 0), (4, 1000)), 3000))) == 2
    assert len(list(subgrids(Subgrid((0, 0), (4, 1000)), 900))) == 8


@pytest.mark.parametrize("axes", list(itertools.permutations(range(3), 2)))
def test_arrays_are_spread_over_the_dims_they_have(axes: tuple[int, int]) -> None:
    grid = (4, 5, 6)
    array = np.random.default_rng(1).random([grid[axis] for axis in axes])
    names = "abc"
    full = np.einsum(f"{names[axes[0]]}{names[axes[1]]},abc->abc", array, np.ones(grid))
    got = ArrayValues(array, axes, 3).over(Subgrid((1, 2, 3), (2, 3, 1)))
    assert np.array_equal(np.broadcast_to(got, (2, 3, 1)), full[1:3, 2:5, 3:4])


def test_a_parameter_is_the_same_in_every_subgrid() -> None:
    got = ArrayValues(np.array(3.0), [], 2).over(Subgrid((7, 8), (2, 2)))
    assert got.shape == (1, 1)
    assert got == 3


def test_values_over_a_subgrid_are_views() -> None:
    array = np.zeros((10, 10))
    assert np.shares_memory(ArrayValues(array, [1, 0], 2).over(Subgrid((2, 2), (3, 3))), array)


def test_values_that_have_all_dims_already_are_those_of_their_own() -> None:
    array = np.arange(6.0).reshape(2, 3)
    spread = ArrayValues.of_spread(array.reshape(2, 1, 3), [0, 2])
    same = ArrayValues(array, [0, 2], 3)
    assert spread.lengths == same.lengths
    assert spread.content == same.content
    subgrid = Subgrid((1, 0, 1), (1, 4, 2))
    assert spread.over(subgrid).tolist() == same.over(subgrid).tolist() == [[[4.0, 5.0]]]
