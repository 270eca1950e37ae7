"""Windows of a pull-back: the gradient of a sum over a grid is the sum of those over its parts."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gridgrad.arguments.inputs import FloatArray, Input, read_inputs, split_dims
from gridgrad.arguments.linspace import Linspace
from gridgrad.arguments.lookup_table import split_tables
from gridgrad.arguments.stacked_inputs import unstacked
from gridgrad.requests.prepare import PreparedCall
from gridgrad.requests.reduction import GivenPullback
from gridgrad.requests.request import Request
from gridgrad.results.planes import element_index
from gridgrad.results.result import Result
from gridgrad_core.grid import Grid, grid_of

__all__ = ["PullbackWindows", "is_large"]

_SHARE = 4
"""A cotangent of more than this share of a message goes in windows of that."""

_SMALL_BYTES = 1 << 20
"""Of a cotangent that goes whole whatever messages may be."""


def is_large(cotangent: Any, most_bytes: int = _SHARE * _SMALL_BYTES) -> bool:
    """Whether a cotangent goes in windows.

    Args:
        cotangent: as it was given.
        most_bytes: of a message.
    """
    if cotangent is None or isinstance(cotangent, str):
        return False
    size = getattr(split_dims("cotangent", cotangent)[1], "size", 0)
    return isinstance(size, int) and 8 * size > most_bytes // _SHARE


class PullbackWindows:
    """The requests of the windows of a pull-back, and what their results come to.

    Args:
        request: the whole, whose cotangent is an array.
        whole: that request without its cotangent, prepared.
        most_bytes: of a message.
    """

    def __init__(self, request: Request, whole: PreparedCall, most_bytes: int) -> None:
        plain, tables = split_tables(request.inputs)
        assert isinstance(request.reduce, GivenPullback), "it is a pull-back"  # noqa: S101 - narrows the type
        self._request = request
        self._whole = whole
        self._inputs = read_inputs(unstacked(plain))
        self._tables = {each.name: each.table for each in tables}
        grid = grid_of([each.spec for each in self._inputs])
        spelled, values = split_dims("cotangent", request.reduce.cotangent)
        self._cotangent: FloatArray = np.asarray(values)
        self._dims = spelled or grid.dims
        self._grid = grid
        self._most = max(1, most_bytes // _SHARE // 8 // max(1, self._cotangent.size // max(1, grid.points)))
        self._wrt = {name for each in whole.template.derivatives for name in each}
        specs, stacks = [spec for spec, _ in whole.template.inputs], whole.lowered and whole.lowered.stacks
        self._index = element_index(specs, whole.template.derivatives, stacks)
        self._total = np.zeros(1 + sum(math.prod(spec.shape) for spec in specs if spec.name in self._wrt))
        self._latest: Result | None = None

    def __iter__(self) -> Iterator[Request]:
        """The request of each window; the result of one is taken by `add` before the next is asked for."""
        for part in _parts(self._grid, self._most):
            self._part = dict(zip(self._grid.dims, part, strict=True))
            inputs = {each.name: (each.dims, self._cut(each)) for each in self._inputs}
            lead = (slice(None),) * (self._cotangent.ndim - len(self._dims))
            cotangent = self._cotangent[(*lead, *[self._part[dim] for dim in self._dims])]
            given = GivenPullback(cotangent if lead else (self._dims, cotangent))
            yield dataclasses.replace(self._request, inputs={**inputs, **self._tables}, reduce=given)

    def add(self, result: Result) -> None:
        """Takes the result of a window."""
        self._latest = result
        self._total[0] += result.value
        dims = {each.name: each.dims for each in self._inputs}
        for derivative, place in self._index.items():
            if derivative:
                (name,) = derivative
                inside = tuple([self._part[dim] for dim in dims.get(name, ())])
                places = np.asarray(place)[inside]
                known = places >= 0
                self._total[places[known]] += result.d[derivative][known]

    @property
    def total(self) -> Result:
        """The result of the whole, after one window at least."""
        latest = self._latest
        assert latest is not None, "there was a window"  # noqa: S101 - narrows the type
        planes = self._total.astype(latest._planes.dtype)
        planes.flags.writeable = False
        schema = latest._schema._replace(planes=self._index)
        return Result(planes, schema, latest._info, self._whole)

    def _cut(self, given: Input) -> FloatArray:
        values = given.values.values() if isinstance(given.values, Linspace) else given.values
        inside: tuple[Any, ...] = tuple([self._part[dim] for dim in given.dims])
        part: FloatArray = values[(*inside, ...)]
        return part


def _parts(grid: Grid, most: int) -> Iterator[Sequence[slice]]:
    """Boxes of at most so many points, in C order."""
    inner = grid.points
    for axis, length in enumerate(grid.shape):
        inner //= length
        if inner <= most or axis == len(grid.shape) - 1:
            rows = max(1, most // inner)
            for index in np.ndindex(*grid.shape[:axis]):
                for start in range(0, length, rows):
                    ahead = [slice(i, i + 1) for i in index]
                    yield [*ahead, slice(start, start + rows), *[slice(None)] * (len(grid.shape) - axis - 1)]
            return
