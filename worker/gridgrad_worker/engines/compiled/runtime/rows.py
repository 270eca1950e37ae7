"""Describes tiles to a library: what is the same for all of a batch is done for all at once."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridgrad_worker.engines.compiled.runtime.library import DOUBLES, FLOATS, SPACED, VALUE, Rows
from gridgrad_worker.engines.functional.functional_engine import Array
from gridgrad_worker.engines.tiles import ArrayValues, InputValues, LinspaceValues, Subgrid, Tile
from gridgrad_worker.torch_ops.lookups import BoundTable

__all__ = ["RowWriter"]

_EVEN = 0.25
"""How far knots may lie from even ones, in steps, to be found at once: of three knots it is then one."""

_Shapes = NDArray[np.int64]


class RowWriter:
    """Fills rows in.

    Args:
        dims: for each input, the dims of the grid that it has.
        ndim: how many dims the grid has.
        tables: whose arrays stand behind the inputs.
    """

    def __init__(self, dims: Sequence[Sequence[int]], ndim: int, tables: Sequence[BoundTable] = ()) -> None:
        self._dims = dims
        self._ndim = ndim
        self._tables = [each for table in tables for each in _arrays_of(table)]

    def fill(self, rows: Rows, tiles: Sequence[Tile], outs: Sequence[Array]) -> tuple[_Shapes, list[Array]]:
        """Fills rows in.

        Args:
            rows: of zeros, one for each tile.
            tiles: what to compute.
            outs: where the results go.

        Returns:
            The shapes of the whole requests, [tiles, dims], and arrays that must live as long as the rows.
        """
        shapes = np.ones((len(tiles), max(1, self._ndim)), np.int64)
        kept: list[Array] = []
        for position, dims in enumerate(self._dims):
            values = [tile.inputs[position] for tile in tiles]
            kept += _fill_input(rows["inputs"][:, position], values, dims, shapes)
        for position, (numbers, count, even) in enumerate(self._tables, len(self._dims)):
            row = rows["inputs"][:, position]
            row["data"], row["count"] = numbers.ctypes.data, count
            row["start"], row["stop"] = even
        if self._ndim:
            corners = itertools.chain.from_iterable([tile.subgrid.start + tile.subgrid.shape for tile in tiles])
            subgrids = np.fromiter(corners, np.int64, 2 * self._ndim * len(tiles)).reshape(-1, 2, self._ndim)
            rows["first"], rows["shape"] = subgrids[:, 0], subgrids[:, 1]
        else:
            rows["shape"] = 1
        rows["out"] = _addresses(outs)
        rows["pitch"] = [out.strides[0] for out in outs]
        return shapes, kept


def _arrays_of(table: BoundTable) -> Iterator[tuple[NDArray[Any], int, tuple[float, float]]]:
    """The arrays of a table with their counts: knots, which may be even, coefficients, and the groups of an array."""
    for knots in table.knots:
        numbers = knots.numpy()
        yield numbers, len(numbers), _evenness(numbers)
    for coefficients in table.coefficients:
        numbers = coefficients.numpy()
        yield numbers, len(numbers), (0.0, 0.0)
        if not table.knots:
            groups, count = _groups(numbers)
            yield groups, count, (0.0, 0.0)


def _groups(numbers: Array) -> tuple[NDArray[np.int64], int]:
    """Where each group of places with the same bits begins, where the last one ends, and the places, group by group."""
    _, first, group = np.unique(numbers.view(f"i{numbers.itemsize}"), return_index=True, return_inverse=True)
    in_order = np.argsort(first[group], kind="stable")
    begins = np.concatenate([[0], np.cumsum(np.bincount(np.argsort(np.argsort(first))[group]))])
    return np.concatenate([begins, in_order]).astype(np.int64), len(first)


def _evenness(knots: Array) -> tuple[float, float]:
    """Where even knots begin and how many there are in a unit; 0 of these where they are not even."""
    steps = len(knots) - 1
    first, length = float(knots[0]), float(knots[-1]) - float(knots[0])
    off = np.abs((knots.astype(np.float64) - first) * (steps / length) - np.arange(len(knots)))
    return (first, steps / length) if off.max() < _EVEN else (0.0, 0.0)


def _fill_input(row: Any, values: Sequence[InputValues], dims: Sequence[int], shapes: _Shapes) -> list[Array]:
    spaced = [each.ends for each in values if type(each) is LinspaceValues]
    if len(spaced) == len(values):
        ends = np.fromiter(itertools.chain.from_iterable(spaced), np.float64, 3 * len(values)).reshape(-1, 3)
        row["kind"], row["start"], row["stop"], row["count"] = SPACED, ends[:, 0], ends[:, 1], ends[:, 2]
        shapes[:, dims[0]] = ends[:, 2]
        return []
    if not dims:
        row["kind"] = VALUE
        row["start"] = [float(each.array) for each in values if isinstance(each, ArrayValues)]
        return []
    arrays = [_array(each) for each in values]
    if len(dims) == 1 and len(values) > 1:
        return [_fill_joined(row, [array.reshape(-1) for array in arrays], dims[0], shapes)]
    row["data"] = [array.ctypes.data for array in arrays]
    row["kind"] = [_kind(array) for array in arrays]
    for dim in dims:
        row["strides"][:, dim] = [array.strides[dim] for array in arrays]
        shapes[:, dim] = [array.shape[dim] for array in arrays]
    return arrays


def _fill_joined(row: Any, arrays: Sequence[Array], dim: int, shapes: _Shapes) -> Array:
    """Fills in the axes of several tiles, which are brought together into one array."""
    counts = np.array([len(array) for array in arrays], np.int64)
    joined: Array = np.concatenate(arrays)
    row["data"] = joined.ctypes.data + (np.cumsum(counts) - counts) * joined.itemsize
    row["kind"] = _kind(joined)
    row["strides"][:, dim] = joined.itemsize
    shapes[:, dim] = counts
    return joined


def _array(values: InputValues) -> Array:
    """All values, of the grid's dims."""
    return (
        values.spread
        if isinstance(values, ArrayValues)
        else values.over(Subgrid((0,) * len(values.lengths), values.lengths))
    )


def _kind(array: Array) -> int:
    return DOUBLES if array.itemsize == 8 else FLOATS


def _addresses(arrays: Sequence[Any]) -> list[int]:
    """Of the arrays' first numbers; the quickest way there goes by what is contiguous and may be written to."""
    try:
        return list(map(ctypes.addressof, map(ctypes.c_char.from_buffer, arrays)))
    except (BufferError, TypeError, ValueError):
        return [array.ctypes.data for array in arrays]
