"""Where compiled code is compared: several shapes and ranges, and the numbers of a caller as he has them."""

from __future__ import annotations

import numpy as np
import pytest

from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.verification.samples import points_of, sample_tiles, seen_in
from gridgrad_worker.engines.tiles import ArrayValues, LinspaceValues, Subgrid, Tile


@pytest.mark.parametrize("ndim", [0, 1, 2, 3, 4])
def test_grids_have_the_dims_of_the_job(ndim: int) -> None:
    dims = ((), *((dim,) for dim in range(ndim)))
    names = tuple("abcde"[: ndim + 1])
    job = CompileJob("+".join(names), names, dims, ndim, ((),), "float64", "cpu")
    tiles = sample_tiles(job)
    assert all(len(tile.subgrid.shape) == ndim for tile in tiles)
    points = points_of(tiles)
    assert points.shape == (ndim + 1, sum(tile.subgrid.points for tile in tiles))
    assert points.min() < 0 < 10 < points.max()
    assert len(np.unique(points[0])) > 3


def test_points_are_in_the_order_of_results() -> None:
    inputs = (ArrayValues(np.array([1.0, 2.0]), (0,), 2), ArrayValues(np.array([3.0, 4.0, 5.0]), (1,), 2))
    points = points_of([Tile(inputs, Subgrid((0, 0), (2, 3)))])
    assert points.tolist() == [[1, 1, 1, 2, 2, 2], [3, 4, 5, 3, 4, 5]]


def test_the_numbers_of_a_caller_come_along_as_data_and_change_no_key() -> None:
    table = np.arange(600.0).reshape(100, 6)
    inputs = (
        ArrayValues(table, (1, 0), 2),
        LinspaceValues(5.0, 7.0, 100, 1, 2),
        ArrayValues(np.array(2.5), (), 2),
        ArrayValues(np.arange(6.0), (0,), 2),
    )
    dims = ((1, 0), (1,), (), (0,))
    tile = Tile(inputs, Subgrid((1, 0), (5, 100)))
    job = CompileJob("a*b*c*d", tuple("abcd"), dims, 2, ((),), "float64", "cpu")
    seen = job._replace(seen=seen_in(tile, dims))
    again = CompileJob.from_json(seen.to_json())
    assert again == seen
    assert again.key() == job.key()
    assert CompileJob.from_json(job.to_json()) == job
    *_, last = sample_tiles(again)
    a, b, c, d = points_of([last])
    assert len(a) <= 256
    assert (a == 6 * np.round((b - 5) / (2 / 99)) + d).all()
    assert set(c) == {2.5}
    assert (d.min(), d.max(), b.min(), b.max()) == (1, 5, 5, 7)


def test_numbers_that_are_none_come_along_too() -> None:
    numbers = np.array([np.nan, np.inf, -0.0])
    seen = seen_in(Tile((ArrayValues(numbers, (0,), 1),), Subgrid((0,), (3,))), ((0,),))
    job = CompileJob("x", ("x",), ((0,),), 1, ((),), "float32", "cpu", seen)
    back = CompileJob.from_json(job.to_json()).seen
    assert back is not None
    np.testing.assert_array_equal(back.inputs[0], numbers)


def test_a_request_without_points_says_nothing() -> None:
    seen = seen_in(Tile((ArrayValues(np.empty(0), (0,), 1),), Subgrid((0,), (0,))), ((0,),))
    job = CompileJob("x", ("x",), ((0,),), 1, ((),), "float64", "cpu", seen)
    assert points_of(sample_tiles(job)[-1:]).shape == (1, 0)
