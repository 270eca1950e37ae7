"""How a grid is cut into blocks, and what each has of the inputs."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gridgrad.frameworks.xarray.grid_blocks import BLOCK_POINTS, GridBlock, block_inputs

xr = pytest.importorskip("xarray")
pytest.importorskip("dask")

X, Y = np.arange(5.0), np.arange(10.0, 13.0)


def test_blocks_are_in_the_order_of_the_grid_and_cover_it() -> None:
    cut = block_inputs(xr.Dataset(coords={"x": X, "y": Y}), None, {"x": 2, "y": -1})
    assert cut.chunks == {"x": (2, 2, 1), "y": (3,)}
    assert cut.total == 3
    assert list(cut.blocks()) == [
        GridBlock((number, 0), {"x": slice(2 * number, min(2 * number + 2, 5)), "y": slice(0, 3)})
        for number in range(3)
    ]


def test_the_order_of_inputs_is_that_of_dims() -> None:
    cut = block_inputs(xr.Dataset(coords={"x": X, "y": Y}), ["y", "x"], None)
    assert list(cut.sizes.items()) == [("y", 3), ("x", 5)]


def test_own_chunks_are_kept_and_others_made_of_about_a_million_points() -> None:
    axis = np.arange(5000.0)
    dataset = xr.Dataset({"a": ("x", axis), "b": ("y", axis)}).chunk(x=100)
    cut = block_inputs(dataset, ["a", "b"], {"y": 5000})
    assert cut.chunks == {"x": (100,) * 50, "y": (5000,)}
    cut = block_inputs(xr.Dataset({"a": ("x", axis), "b": ("y", axis)}), ["a", "b"], None)
    largest = max(cut.chunks["x"]) * max(cut.chunks["y"])
    assert BLOCK_POINTS / 4 < largest <= BLOCK_POINTS


def test_the_inputs_of_a_block() -> None:
    dataset = xr.Dataset({"a": (("x", "y"), np.add.outer(X, Y))}, {"y": Y, "of": 3.0}).chunk(x=2)
    cut = block_inputs(dataset, {"u": "a", "v": "y", "w": "of", "z": 7}, None)
    values = cut.values({"x": slice(2, 4), "y": slice(1, 3)})
    assert list(values) == ["u", "v", "w", "z"]
    assert values["u"].dims == ("x", "y")
    assert_array_equal(values["u"], np.add.outer(X[2:4], Y[1:3]))
    assert_array_equal(values["v"], Y[1:3])
    assert (values["w"], values["z"]) == (3.0, 7.0)
