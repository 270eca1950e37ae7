"""Functions on datasets, block by block, against numpy on the whole grid."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
import gridgrad.xarray
from gridgrad_core import errors
from tests.client.fake import FakeServer, Times, answer, refuse

xr = pytest.importorskip("xarray")
dask = pytest.importorskip("dask")

X, Y = np.arange(7.0), np.arange(100.0, 105.0)
SUMS = np.add.outer(X, Y)


@pytest.fixture
def dataset() -> Any:
    """Two coordinates."""
    return xr.Dataset(coords={"x": X, "y": Y})


@pytest.fixture
def client(server: FakeServer) -> Iterator[gridgrad.Client]:
    with gridgrad.Client(server.address, sessions=False, retries=0) as connected:
        yield connected


def test_it_is_lazy_and_computes_block_by_block(server: FakeServer, client: gridgrad.Client, dataset: Any) -> None:
    lazy = gridgrad.xarray.evaluate(dataset, "x*y", server=client, chunks={"x": 3, "y": 2})
    assert len(server.requests) == 1, "a point, to see what comes"
    assert lazy["f"].chunks == ((3, 3, 1), (2, 2, 1))
    whole = lazy.compute()
    assert_array_equal(whole["f"], SUMS)
    assert_array_equal(whole["df_dx"], SUMS + 1000)
    assert_array_equal(whole["x"], X)
    assert whole["f"].dims == ("x", "y")
    points = [math.prod(len(each.array.data) // 8 for each in request.inputs) for request in server.requests]
    assert sorted(points) == [1, *sorted(n * m for n in (3, 3, 1) for m in (2, 2, 1))]


def test_a_part_computes_its_blocks_alone(server: FakeServer, client: gridgrad.Client, dataset: Any) -> None:
    lazy = gridgrad.xarray.evaluate(dataset, "x*y", server=client, chunks={"x": 3, "y": -1})
    assert_array_equal(lazy["f"][4], SUMS[4])
    assert len(server.requests) == 2


def test_inputs_by_other_names_lazy_ones_and_numbers(client: gridgrad.Client) -> None:
    shared = np.arange(12.0).reshape(3, 4)
    dataset = xr.Dataset(
        {"a": (("i", "j"), shared), "b": ("j", np.arange(4.0))}, coords={"label": ("i", np.array(["a", "b", "c"]))}
    )
    given = {"p": 2.0, "t": "a", "k": "b"}
    lazy = gridgrad.xarray.evaluate(dataset.chunk(i=2, j=3), "t*k + p", given, server=client)
    assert lazy["f"].chunks == ((2, 1), (3, 1))
    assert_array_equal(lazy["f"], shared + np.arange(4.0) + 2.0)
    assert list(lazy["label"].values) == ["a", "b", "c"]


@pytest.mark.parametrize("suffix", ["zarr", "nc"])
def test_a_file_is_written_and_found_again(
    server: FakeServer, client: gridgrad.Client, dataset: Any, tmp_path: Path, suffix: str
) -> None:
    told: list[tuple[int, int]] = []
    path = tmp_path / f"out.{suffix}"

    def written() -> Any:
        return gridgrad.xarray.evaluate(
            dataset,
            "x*y",
            server=client,
            chunks={"x": 3, "y": 2},
            to=path,
            progress=lambda done, total: told.append((done, total)),
        )

    with written() as found:
        assert_array_equal(found["f"], SUMS)
        assert_array_equal(found["df_dy"], SUMS + 2000)
        assert_array_equal(found["y"], Y)
        assert found["df_dx"].attrs == {"long_name": "df/dx"}
        assert found.attrs["expression"] == "x*y"
    assert told[-1] == (9, 9)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    before = len(server.requests)
    with written() as again:
        assert_array_equal(again["f"], SUMS)
    assert len(server.requests) == before + 1
    with pytest.raises(gridgrad.RequestError, match="of another function"):
        gridgrad.xarray.evaluate(dataset, "x+y", server=client, chunks={"x": 3, "y": 2}, to=path)


@pytest.mark.parametrize("suffix", ["zarr", "nc"])
def test_what_was_broken_off_goes_on_with_what_is_missing(
    server: FakeServer, client: gridgrad.Client, dataset: Any, tmp_path: Path, suffix: str
) -> None:
    def written() -> Any:
        return gridgrad.xarray.evaluate(
            dataset, "x*y", server=client, chunks={"x": 2, "y": -1}, to=tmp_path / f"out.{suffix}", in_flight=1
        )

    crash = errors.CrashError("", "the worker is gone", "")
    server.unary = Times(3, answer, lambda _, context: refuse(context, crash))
    with pytest.raises(gridgrad.CrashError):
        written()
    server.unary, before = answer, len(server.requests)
    with written() as found:
        assert_array_equal(found["f"], SUMS)
    assert len(server.requests) - before == 1 + 2, "a point, and two of four blocks"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"inputs": ["x", "z"]}, "'z', which the dataset has not.*x, y"),
        ({"inputs": {"x": 1.0}}, "none with dims"),
        ({"chunks": {"z": 1}}, "'z', which is no dim"),
        ({"to": "out.csv"}, "name it .zarr or .nc"),
        ({"to": "no/such/out.nc"}, "there is no folder"),
        ({"in_flight": 0}, "1 or more"),
    ],
)
def test_what_is_wrong(client: gridgrad.Client, dataset: Any, arguments: Any, complaint: str) -> None:
    with pytest.raises(gridgrad.RequestError, match=complaint):
        gridgrad.xarray.evaluate(dataset, "x*y", server=client, **arguments)


def test_derivatives_by_coefficients_have_their_dims(client: gridgrad.Client, dataset: Any) -> None:
    lazy = gridgrad.xarray.evaluate(
        dataset, "n_0*x + n_1*y", server=client, coefficients={"n": np.array([1.0, 2.0])}, wrt="n", chunks={"x": 4}
    )
    by = next(name for name in lazy.data_vars if name != "f")
    assert lazy[by].dims[1:] == ("x", "y")
    assert lazy[by].compute().shape == (2, 7, 5)


def test_inputs_of_a_file_are_read_block_by_block_and_known_again(
    server: FakeServer, client: gridgrad.Client, tmp_path: Path
) -> None:
    shared = np.arange(24.0).reshape(6, 4)
    xr.Dataset({"T": (("i", "j"), shared)}).to_netcdf(tmp_path / "in.nc", engine="h5netcdf")

    def written() -> Any:
        with xr.open_dataset(tmp_path / "in.nc", engine="h5netcdf", chunks={"i": 2}) as dataset:
            return gridgrad.xarray.evaluate(dataset, "T", ["T"], server=client, to=tmp_path / "out.zarr")

    assert_array_equal(written()["f"], shared)
    asked = len(server.requests)
    assert asked == 1 + 3
    assert_array_equal(written()["f"], shared)
    assert len(server.requests) == asked + 1


def test_a_grid_is_never_in_one_place(client: gridgrad.Client, server: FakeServer, tmp_path: Path) -> None:
    axis = np.linspace(0, 1, 1000)
    dataset = xr.Dataset(coords={"x": axis, "y": axis})
    tracemalloc.start()
    try:
        found = gridgrad.xarray.evaluate(
            dataset, "x*y", server=client, chunks={"x": 100, "y": 100}, to=tmp_path / "out.zarr", in_flight=2
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found["f"].isel(x=999, y=3) == axis[999] + axis[3]
    assert found.nbytes > 3 * 1000 * 1000 * 8
    assert peak < found.nbytes / 4
    assert len(server.requests) == 1 + 100


@pytest.mark.parametrize("suffix", ["zarr", "nc"])
def test_coordinates_come_along_into_the_file(client: gridgrad.Client, tmp_path: Path, suffix: str) -> None:
    area = np.arange(12.0).reshape(3, 4)
    coordinates = {"i": [10, 20, 30], "area": (("i", "j"), area), "label": ("j", [1, 2, 3, 4])}
    dataset = xr.Dataset({"T": (("i", "j"), area + 1)}, coordinates).chunk(i=2, j=3)
    with gridgrad.xarray.evaluate(dataset, "T", ["T"], server=client, to=tmp_path / f"out.{suffix}") as found:
        assert_array_equal(found["f"], area + 1)
        assert set(found["f"].coords) == set(coordinates)
        assert_array_equal(found["area"], area)
        assert list(found["label"].values) == [1, 2, 3, 4]
