"""How tiles are described to a library: every way in which an input is given."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gridgrad_core.lang.functions.tabulated import ARRAY
from gridgrad_core.tables.table_numbers import TableNumbers
from gridgrad_worker.engines.compiled.runtime.library import DOUBLES, FLOATS, SPACED, VALUE, Rows
from gridgrad_worker.engines.compiled.runtime.rows import RowWriter
from gridgrad_worker.engines.tiles import ArrayValues, InputValues, LinspaceValues, Subgrid, Tile
from gridgrad_worker.torch_ops.lookups import BoundTable

DIMS = ((), (0,), (1,), (0, 1))
INPUT = np.dtype([
    ("kind", "i8"), ("data", "i8"), ("strides", "i8", (2,)), ("start", "f8"), ("stop", "f8"), ("count", "i8")
])  # fmt: skip
ROW = np.dtype([
    ("inputs", INPUT, (4,)), ("first", "i8", (2,)), ("shape", "i8", (2,)), ("out", "i8"), ("pitch", "i8"),
    ("mode", "i8"), ("outcome", "i8"),
])  # fmt: skip


def values_of(rows: int, columns: int, *, spaced: bool = False, dtype: str = "float64") -> tuple[InputValues, ...]:
    x: InputValues = ArrayValues(np.arange(rows, dtype=dtype), (0,), 2)
    if spaced:
        x = LinspaceValues(0.5, 2.5, rows, 0, 2)
    y = ArrayValues(np.arange(columns, dtype=dtype) + 100, (1,), 2)
    field = ArrayValues(np.arange(rows * columns, dtype=dtype).reshape(rows, columns), (0, 1), 2)
    return ArrayValues(np.array(0.25, dtype), (), 2), x, y, field


def filled(tiles: Sequence[Tile]) -> tuple[Rows, NDArray[np.int64], list[Any], list[NDArray[np.float64]]]:
    outs = [np.zeros((3, tile.subgrid.points)) for tile in tiles]
    rows: Rows = np.zeros(len(tiles), ROW)
    shapes, kept = RowWriter(DIMS, 2).fill(rows, tiles, outs)
    return rows, shapes, kept, outs


def numbers(given: Any, index: tuple[int, int]) -> float:
    """What a library reads of an array at an index of the grid."""
    address = int(given["data"]) + int(np.dot(index, given["strides"]))
    kind = {DOUBLES: ctypes.c_double, FLOATS: ctypes.c_float}[int(given["kind"])]
    return float(kind.from_address(address).value)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("count", [1, 3])
def test_every_number_is_found_where_it_lies(count: int, dtype: str) -> None:
    sizes = [(4, 5), (2, 7), (3, 1)][:count]
    tiles = [Tile(values_of(*size, dtype=dtype), Subgrid((0, 0), size)) for size in sizes]
    rows, shapes, _kept, outs = filled(tiles)
    assert shapes.tolist() == [list(size) for size in sizes]
    for row, tile, (n, m), out in zip(rows, tiles, sizes, outs, strict=True):
        parameter, x, y, field = row["inputs"]
        assert (parameter["kind"], parameter["start"]) == (VALUE, 0.25)
        for index in np.ndindex(n, m):
            assert numbers(x, index) == index[0]
            assert numbers(y, index) == 100 + index[1]
            assert numbers(field, index) == index[0] * m + index[1]
        assert row["first"].tolist() == [0, 0]
        assert row["shape"].tolist() == list(tile.subgrid.shape)
        assert (row["out"], row["pitch"]) == (out.ctypes.data, out.strides[0])


def test_a_linspace_is_told_by_its_ends() -> None:
    tiles = [Tile(values_of(n, 5, spaced=True), Subgrid((1, 2), (2, 3))) for n in (4, 9)]
    rows, shapes, _, _ = filled(tiles)
    for row, shape, n in zip(rows, shapes, (4, 9), strict=True):
        x = row["inputs"][1]
        assert (x["kind"], x["start"], x["stop"], x["count"]) == (SPACED, 0.5, 2.5, n)
        assert shape.tolist() == [n, 5], "of the request, not of the tile"
        assert row["first"].tolist() == [1, 2]


def test_arrays_beside_linspaces_are_arrays_all() -> None:
    tiles = [Tile(values_of(4, 5, spaced=spaced), Subgrid((0, 0), (4, 5))) for spaced in (True, False)]
    rows, _, _kept, _ = filled(tiles)
    assert [numbers(rows[0]["inputs"][1], (n, 0)) for n in range(4)] == np.linspace(0.5, 2.5, 4).tolist()
    assert [numbers(rows[1]["inputs"][1], (n, 0)) for n in range(4)] == [0, 1, 2, 3]


def test_results_with_room_between_their_planes() -> None:
    tile = Tile(values_of(4, 5), Subgrid((0, 0), (4, 5)))
    wide = np.zeros((3, 32))
    rows: Rows = np.zeros(1, ROW)
    RowWriter(DIMS, 2).fill(rows, [tile], [wide[:, :20]])
    assert (rows["out"][0], rows["pitch"][0]) == (wide.ctypes.data, 256)


def test_a_grid_without_dims_is_one_point() -> None:
    row = np.dtype(
        [("inputs", INPUT, (1,)), ("first", "i8", (1,)), ("shape", "i8", (1,)), ("out", "i8"), ("pitch", "i8")]
    )
    rows: Rows = np.zeros(1, row)
    tile = Tile((ArrayValues(np.array(2.0), (), 0),), Subgrid((), ()))
    shapes, _ = RowWriter(((),), 0).fill(rows, [tile], [np.zeros((1, 1))])
    assert shapes.tolist() == [[1]]
    assert rows["shape"].tolist() == [[1]]


def test_behind_an_array_are_the_places_of_equal_numbers() -> None:
    given = TableNumbers(np.array([3.0, 1, 3, -0.0, np.nan, 1, 3, np.nan, 0.0]), (), ARRAY, "", "not-a-knot")
    assert ROW.names
    rows: Rows = np.zeros(1, [("inputs", INPUT, (6,)), *((name, ROW[name]) for name in ROW.names[1:])])
    tile = Tile(values_of(2, 3), Subgrid((0, 0), (2, 3)))
    writer = RowWriter(DIMS, 2, [BoundTable.of(given, torch.float64, torch.device("cpu"))])
    _kept = writer.fill(rows, [tile], [np.zeros((1, 6))])
    numbers_row, groups_row = rows[0]["inputs"][len(DIMS) : len(DIMS) + 2]
    assert (numbers_row["count"], groups_row["count"]) == (9, 5)
    places = np.ctypeslib.as_array(ctypes.cast(int(groups_row["data"]), ctypes.POINTER(ctypes.c_int64)), (15,))
    assert places.tolist() == [0, 3, 5, 6, 8, 9, 0, 2, 6, 1, 5, 3, 4, 7, 8]
