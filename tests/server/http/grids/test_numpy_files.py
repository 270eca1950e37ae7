"""Files of numpy, read by numpy."""

from __future__ import annotations

import io

import numpy as np
import pytest

from gridgrad_server.http.grids.grid_texts import arrays_of
from gridgrad_server.http.grids.numpy_files import npy_parts, npz_parts
from tests.server.http.grids.test_grid_texts import DTYPES, ROW, grid_of

VALUE = np.arange(12.0).reshape(3, 4)


@pytest.mark.parametrize("dtype", DTYPES)
def test_one_array_has_all(dtype: str) -> None:
    read = np.load(io.BytesIO(b"".join(npy_parts(grid_of(VALUE, 2 * VALUE, dtype=dtype)))), allow_pickle=False)
    assert read.dtype.str == dtype
    assert read.tolist() == np.stack([VALUE, 2 * VALUE]).tolist()
    (head, _) = npy_parts(grid_of(VALUE))
    assert len(head) % 64 == 0


@pytest.mark.parametrize("value", [VALUE, np.float64(3), np.zeros((0, 3)), np.arange(5.0)])
def test_an_archive_has_each_by_its_name(value: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> None:
    grid = grid_of(value, value + 1, value + 2)
    with np.load(io.BytesIO(b"".join(npz_parts(grid))), allow_pickle=False) as archive:
        assert list(archive) == [each.name for each in arrays_of(grid)] == ["value", "d/a", "d/a,a"]
        for more, name in enumerate(archive):
            assert archive[name].tolist() == (value + more).tolist()


def test_components_of_a_tuple_come_before_the_dims() -> None:
    (head, _) = npy_parts(grid_of(VALUE, VALUE, components=3))
    assert b"(2, 3, 4)" in head


def test_a_row_is_a_sum_and_its_gradient_by_inputs() -> None:
    with np.load(io.BytesIO(b"".join(npz_parts(ROW))), allow_pickle=False) as archive:
        assert {name: archive[name].tolist() for name in archive} == {
            "value": 0.0,
            "d/w": [[1.0, 2.0], [3.0, 4.0]],
            "d/a": 5.0,
            "d/k": [6.0, 7.0, 8.0],
        }
    assert np.load(io.BytesIO(b"".join(npy_parts(ROW))), allow_pickle=False).tolist() == list(range(9))
