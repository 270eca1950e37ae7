"""Files that are written block by block: what is complete, what is refused, what is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad.frameworks.xarray.block_store import BlockStore, store_at
from gridgrad.frameworks.xarray.grid_blocks import block_inputs

xr = pytest.importorskip("xarray")
pytest.importorskip("dask")

X = np.arange(5.0)
WHOLE = xr.Dataset({"f": ("x", 2 * X, {"units": "m"})}, {"x": X}, {"expression": "2*x"})


def store_of(path: Path, identity: str = "this", x: Any = 2) -> BlockStore:
    return store_at(path, block_inputs(xr.Dataset(coords={"x": X}), None, {"x": x}), WHOLE.chunk(x=2), identity)


@pytest.mark.parametrize("suffix", ["zarr", "nc"])
def test_a_block_is_there_once_it_was_put(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out.{suffix}"
    store = store_of(path)
    assert store.begin()
    blocks = list(block_inputs(xr.Dataset(coords={"x": X}), None, {"x": 2}).blocks())
    store.put(blocks[1], WHOLE.isel(blocks[1].region))
    again = store_of(path)
    assert again.begin()
    assert [again.has(block) for block in blocks] == [False, True, False]
    with pytest.raises(gridgrad.RequestError, match="partial is of another"):
        store_of(path, "another").begin()
    for block in (blocks[0], blocks[2]):
        again.put(block, WHOLE.isel(block.region))
    with again.finish() as found:
        assert_array_equal(found["f"], 2 * X)
        assert_array_equal(found["x"], X)
        assert found["f"].attrs["units"] == "m"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert not store_of(path).begin()
    with pytest.raises(gridgrad.RequestError, match="is of another"):
        store_of(path, "another").begin()


@pytest.mark.parametrize("suffix", ["zarr", "nc"])
def test_a_file_of_others_is_left_alone(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out.{suffix}"
    _ = WHOLE.to_zarr(path, consolidated=False) if suffix == "zarr" else WHOLE.to_netcdf(path, engine="h5netcdf")
    with pytest.raises(gridgrad.RequestError, match="remove it, or give another name"):
        store_of(path).begin()
    with store_of(path).open() as found:
        assert_array_equal(found["f"], 2 * X)


def test_a_store_takes_blocks_of_one_length(tmp_path: Path) -> None:
    with pytest.raises(gridgrad.RequestError, match="of one length"):
        store_of(tmp_path / "out.zarr", x=(1, 3, 1))
    store_of(tmp_path / "out.nc", x=(1, 3, 1))
