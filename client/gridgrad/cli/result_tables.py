"""A result as the command prints it: tables and JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridgrad.arguments.inputs import FloatArray
from gridgrad.cli.tables import Table
from gridgrad.results.components import component_grids
from gridgrad.results.labels import fraction, with_unit
from gridgrad.results.result import Result
from gridgrad_core.reduction import PULLBACK

__all__ = ["as_json", "as_tables"]

DIGITS = 6
ROWS = 20
COLUMNS = 8
GAP = "..."

_NULLS = {"nan": np.isnan, "inf": np.isinf}


def as_tables(result: Result) -> list[Table]:
    """A result for a reader: a table for each grid of two dims, else one with a line for each point.

    Long tables are cut in their middle.
    """
    if PULLBACK in result.reduced.values():
        return _gradients(result)
    grids = dict(_labelled(result))
    if len(result.dims) == 2:
        return [_matrix(label, grid, result) for label, grid in grids.items()]
    return [_points(grids, result)]


def as_json(result: Result) -> str:
    """A result as JSON. nan and inf have no place in JSON: they are null, and `nulls` counts them."""
    import json

    arrays = [result.value, *result.d.values(), *result.inputs.values()]
    shown = {
        "dims": result.dims,
        "dtype": str(result.value.dtype),
        "components": result.components if result.tuple_valued else None,
        **({"reduced": dict(result.reduced)} if result.reduced else {}),
        "units": dict(result.units),
        "inputs": {name: _jsonable(values) for name, values in result.inputs.items()},
        "value": _jsonable(result.value),
        "derivatives": {",".join(wrt): _jsonable(grid) for wrt, grid in result.d.items()},
        "nulls": {what: int(sum(is_it(array).sum() for array in arrays)) for what, is_it in _NULLS.items()},
        # Without the seconds, so that the same request gets the same text
        "info": {name: v for name, v in result.info._asdict().items() if not name.endswith("_s")},
    }
    return json.dumps(shown, allow_nan=False)


def _labelled(result: Result) -> Iterator[tuple[str, FloatArray]]:
    """Each grid, component by component, with what it is."""
    for part in component_grids(result):
        yield with_unit(fraction(part.component, part.wrt), part.unit), part.grid


def _gradients(result: Result) -> list[Table]:
    """A sum and its gradient by numbers in one table, and one for each input with dims."""
    parts = {with_unit(fraction(part.component, part.wrt), part.unit): part for part in component_grids(result)}
    numbers = {label: part.grid for label, part in parts.items() if not part.dims}
    arrays = [_points({label: part.grid}, result, part.dims) for label, part in parts.items() if part.dims]
    return [_points(numbers, result), *arrays]


def _matrix(label: str, grid: FloatArray, result: Result) -> Table:
    down, across = result.dims
    rows, columns = _shown(grid.shape[0], ROWS), _shown(grid.shape[1], COLUMNS)
    head = [label, *(_named_coordinate(across, n, result) for n in columns)]
    lines = [[_named_coordinate(down, n, result), *(_cell(grid, n, m) for m in columns)] for n in rows]
    return Table((head, *lines), numbers=True)


def _points(grids: Mapping[str, FloatArray], result: Result, dims: Sequence[str] | None = None) -> Table:
    """A line for each point of some dims, by default those of the result."""
    dims, shape = result.dims if dims is None else dims, next(iter(grids.values())).shape
    lines = [[*(with_unit(dim, result.units.get(dim, "")) for dim in dims), *grids]]
    for flat in _shown(math.prod(shape), ROWS):
        if flat is None:
            lines.append([GAP] * len(lines[0]))
            continue
        index = np.unravel_index(flat, shape) if shape else ()
        where = [_coordinate(dim, int(n), result) for dim, n in zip(dims, index, strict=True)]
        lines.append([*where, *(_number(grid[index]) for grid in grids.values())])
    return Table(tuple(lines), numbers=True)


def _shown(length: int, most: int) -> list[int | None]:
    """Which of so many lines or columns to show; None stands for the gap between."""
    if length <= most:
        return list(range(length))
    half = most // 2
    return [*range(half), None, *range(length - half, length)]


def _named_coordinate(dim: str, number: int | None, result: Result) -> str:
    if number is None:
        return GAP
    return f"{dim}={_coordinate(dim, number, result)} {result.units.get(dim, '')}".rstrip()


def _coordinate(dim: str, number: int, result: Result) -> str:
    axis = result.inputs.get(dim)
    return _number(axis[number]) if axis is not None and axis.ndim == 1 else str(number)


def _cell(grid: FloatArray, row: int | None, column: int | None) -> str:
    return GAP if row is None or column is None else _number(grid[row, column])


def _number(value: Any) -> str:
    return str(value) if isinstance(value, np.integer) else f"{float(value):.{DIGITS}g}"


def _jsonable(array: NDArray[Any]) -> Any:
    if np.isfinite(array).all():
        return array.tolist()
    values = array.astype(object)
    values[~np.isfinite(array)] = None
    return values.tolist()
