"""Where derivatives are nan though the value is finite: what a result says of them, in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridgrad.arguments.inputs import FloatArray
from gridgrad.results.components import ComponentGrid, component_grids
from gridgrad.results.display.statistics import MOST_POINTS
from gridgrad.results.labels import symbol
from gridgrad.results.result_data import ResultData

__all__ = ["undefined_derivatives", "undefined_in_small"]


def undefined_derivatives(result: ResultData, most: int | None = None) -> Iterator[str]:
    """A sentence for each derivative that is nan at a point where the value is finite.

    Args:
        result: what to look at.
        most: the size of the largest array that is looked at; any by default.
    """
    value: FloatArray = np.empty(0)
    for part in component_grids(result):
        if not part.wrt:
            value = part.grid
        elif most is None or part.grid.size <= most:
            yield from _remark(result, part, value)


def undefined_in_small(result: ResultData) -> Iterator[str]:
    """The same of arrays of `MOST_POINTS` numbers in all, which takes a fraction of a millisecond."""
    return undefined_derivatives(result, MOST_POINTS // max(1, len(result.components) * (1 + len(result.d))))


def _remark(result: ResultData, part: ComponentGrid, value: FloatArray) -> Iterator[str]:
    undefined = np.isnan(part.grid)
    if undefined.any():
        undefined &= np.isfinite(value)
        count = int(undefined.sum())
        if count:
            first = np.unravel_index(int(undefined.argmax()), undefined.shape)
            place = _place(result, dict(zip(part.dims, map(int, first), strict=True)))
            name, size = symbol(part.component, part.wrt), f"{part.grid.size:,}"
            yield f"{name} is nan at {count:,} of {size} points where the value is finite" + place


def _place(result: ResultData, index: dict[str, int]) -> str:
    """Such as ": first at x=0, y=1"; empty where nothing has dims."""
    found = [
        f"{name}={float(result.inputs[name][tuple(index[dim] for dim in dims)]):.6g}"
        for name, dims in result.input_dims.items()
        if dims and all(dim in index for dim in dims)
    ]
    return f": first at {', '.join(found)}" if found else ""
