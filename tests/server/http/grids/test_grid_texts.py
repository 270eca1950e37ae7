"""Grids as JSON, read by Python's reader and by numpy."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.http.grids.grid_texts import grid_text, plane_shape
from gridgrad_server.http.grids.whole_result import WholeGrid

DTYPES: dict[str, Any] = {"<f8": pb.DTYPE_FLOAT64, "<f4": pb.DTYPE_FLOAT32, "<i8": pb.DTYPE_INT64}


def grid_of(*planes: Any, dtype: str = "<f8", components: int = 0) -> WholeGrid:
    arrays = [np.asarray(plane, dtype) for plane in planes]
    shape = arrays[0].shape[1:] if components else arrays[0].shape
    header = pb.ResultHeader(
        dims=[f"x{i}" for i in range(len(shape))],
        shape=shape,
        derivatives=[pb.Derivative(wrt=["a"] * order) for order in range(1, len(arrays))],
        components=[f"f{i}" for i in range(components or 1)],
        tuple_valued=components > 0,
        dtype=DTYPES[dtype],
        units=[pb.NamedUnit(name="x0", unit="K")],
    )
    return WholeGrid(header, b"".join(array.tobytes() for array in arrays))


ROW = grid_of(np.arange(9.0))._replace(gradient=(("w", (2, 2)), ("a", ()), ("k", (3,))))
"""A sum, and its gradient by three inputs."""


def read(grid: WholeGrid, *, nulls: bool = False) -> Any:
    return json.loads("".join(grid_text(grid, nulls=nulls)), parse_constant=pytest.fail)


@pytest.mark.parametrize(
    "shape",
    [(), (1,), (5,), (0,), (3, 2), (2, 0), (0, 2), (2, 3, 4), (1, 1, 1), (2, 0, 3), (3, 5000), (9000, 2), (7, 1)],
)
def test_lists_are_nested_as_the_grid(shape: tuple[int, ...]) -> None:
    value = np.arange(math.prod(shape), dtype=float).reshape(shape)
    told = read(grid_of(value, value + 0.5))
    assert told["shape"] == list(shape)
    assert told["value"] == value.tolist()
    assert told["d"] == {"a": (value + 0.5).tolist()}


def test_components_of_a_tuple_come_first() -> None:
    value = np.arange(6.0).reshape(2, 3)
    grid = grid_of(value, components=2)
    told = read(grid)
    assert (told["value"], told["components"], told["units"]) == (value.tolist(), ["f0", "f1"], {"x0": "K"})
    assert plane_shape(grid.header) == (2, 3)


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_bit_is_lost(dtype: str) -> None:
    random = np.random.default_rng(1)
    raw = random.integers(0, 256, 8000, np.uint8).view(dtype)
    value = raw if dtype == "<i8" else raw[np.isfinite(raw)]
    got = np.asarray(read(grid_of(value, dtype=dtype))["value"], dtype)
    assert got.tobytes() == value.tobytes()


def test_what_is_no_number_is_a_string_or_null() -> None:
    grid = grid_of([[math.nan, math.inf], [-math.inf, -0.0]])
    assert read(grid)["value"] == [["NaN", "Infinity"], ["-Infinity", -0.0]]
    assert read(grid, nulls=True)["value"] == [[None, None], [None, -0.0]]


def test_no_piece_of_a_text_is_long() -> None:
    assert max(map(len, grid_text(grid_of(np.full((40, 1000), 1 / 3)), nulls=False))) < 100_000


def test_a_row_is_a_sum_and_its_gradient_by_inputs() -> None:
    told = read(ROW)
    assert (told["dims"], told["shape"], told["value"]) == ([], [], 0.0)
    assert told["d"] == {"w": [[1.0, 2.0], [3.0, 4.0]], "a": 5.0, "k": [6.0, 7.0, 8.0]}
