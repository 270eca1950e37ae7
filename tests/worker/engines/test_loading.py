"""Inputs of many requests brought into one tensor, against numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from gridgrad_worker.engines.loading import load_part, load_requests
from gridgrad_worker.engines.tiles import ArrayValues, InputValues, LinspaceValues, Subgrid


def write(numbers: NDArray[Any], into: Tensor) -> None:
    into.copy_(torch.from_numpy(numbers))


def loaded(values: list[InputValues], *shape: int) -> NDArray[np.float64]:
    rows = torch.full((len(values), *shape), np.nan, dtype=torch.float64)
    load_requests(rows, values, write)
    return rows.numpy()


def test_a_part_is_that_of_the_array_and_its_last_values_again() -> None:
    array = np.arange(20.0).reshape(4, 5)
    row = torch.empty(3, 4, dtype=torch.float64)
    load_part(row, ArrayValues(array, (0, 1), 2), Subgrid((2, 3), (3, 4)), write)
    assert np.array_equal(row, array[np.ix_([2, 3, 3], [3, 4, 4, 4])])


def test_a_dim_that_an_input_has_not_stays_one() -> None:
    row = torch.empty(3, 1, dtype=torch.float64)
    load_part(row, ArrayValues(np.arange(5.0), (0,), 2), Subgrid((1, 0), (3, 1)), write)
    assert row[:, 0].tolist() == [1, 2, 3]


def test_arrays_of_ragged_lengths_are_filled_up_with_their_last_values() -> None:
    values: list[InputValues] = [ArrayValues(np.array(a, float), (1,), 2) for a in ([1, 2, 3], [4], [5, 6])]
    assert loaded(values, 1, 4)[:, 0].tolist() == [[1, 2, 3, 3], [4, 4, 4, 4], [5, 6, 6, 6]]


def test_parameters_are_one_number_each() -> None:
    values: list[InputValues] = [ArrayValues(np.array(float(n)), (), 2) for n in range(3)]
    assert loaded(values, 1, 1).reshape(-1).tolist() == [0, 1, 2]


@pytest.mark.parametrize("ends", [(0.0, 1.0, 7), (0.1, 0.7, 3), (-3.0, 1e-300, 5), (2.0, 2.0, 4), (1.0, 5.0, 1)])
def test_linspaces_have_numpys_bits(ends: tuple[float, float, int]) -> None:
    others = [(0.3, 1.9, 7), ends, (5.0, -1.0, 2)]
    values: list[InputValues] = [LinspaceValues(*each, 0, 1) for each in others]
    for got, (start, stop, num) in zip(loaded(values, 9), others, strict=True):
        expected = np.linspace(start, stop, num)
        assert got[:num].tobytes() == expected.tobytes()
        assert (got[num:] == expected[-1]).all()


def test_arrays_and_linspaces_may_be_mixed() -> None:
    values: list[InputValues] = [ArrayValues(np.array([1.0, 2.0]), (0,), 1), LinspaceValues(0.1, 0.9, 3, 0, 1)]
    assert np.array_equal(loaded(values, 3), np.stack([[1, 2, 2], np.linspace(0.1, 0.9, 3)]))


def test_fields_of_several_dims_are_filled_up_along_each() -> None:
    arrays = [np.arange(6.0).reshape(2, 3), np.arange(4.0).reshape(4, 1)]
    values: list[InputValues] = [ArrayValues(array, (0, 1), 2) for array in arrays]
    got = loaded(values, 4, 3)
    assert np.array_equal(got[0], arrays[0][[0, 1, 1, 1]])
    assert np.array_equal(got[1], arrays[1][:, [0, 0, 0]])
