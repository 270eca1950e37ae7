"""Some points of a grid, with what was served there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridgrad.arguments.lookup_table import GivenTable, LookupTable, split_tables
from gridgrad.requests.prepare import PreparedCall
from gridgrad.requests.request import FunctionLike, Registered, Request
from gridgrad.results.result import Result
from gridgrad_core.errors import RequestError
from gridgrad_core.grid import Derivative
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.program import Program

__all__ = ["Sample", "as_sent", "draw"]

Array = NDArray[np.float64]


class Sample(NamedTuple):
    """Points of a grid.

    Args:
        function: the expression or registered function.
        scalars: the inputs without dims, by name.
        inputs: those with dims, by name: [points].
        positions: where the points are in the grid, [dims, points].
        components: the names of the components.
        served: by derivative, [components, points].
        tables: that the function calls.
    """

    function: FunctionLike
    scalars: Mapping[str, float]
    inputs: Mapping[str, Array]
    positions: NDArray[np.intp]
    components: tuple[str, ...]
    served: Mapping[Derivative, Array]
    tables: tuple[GivenTable, ...] = ()

    @property
    def points(self) -> int:
        """How many points there are."""
        return int(self.positions.shape[1])

    def program(self) -> Program:
        """The program of an expression."""
        return parse(str(self.function), [*self.inputs, *self.scalars], [each.spec for each in self.tables])

    def point(self, number: int) -> dict[str, float]:
        """All inputs at one of the points."""
        return {**{name: float(values[number]) for name, values in self.inputs.items()}, **self.scalars}

    def size(self, derivative: Derivative, component: int) -> float:
        """How large a derivative is where nothing vanishes: the largest value by the largest inputs."""
        values = np.abs(self.served[()][component])
        units = math.prod(float(np.abs(self.values(name)).max()) or 1.0 for name in derivative)
        return float(values[np.isfinite(values)].max(initial=0.0)) / units

    def values(self, name: str) -> Array:
        """An input at all points, [points]."""
        found = self.inputs.get(name)
        return np.full(self.points, self.scalars[name]) if found is None else found


def as_sent(call: PreparedCall) -> Request:
    """A request in the form in which it travels, without coefficients and defaults."""
    kind, text = call.function
    return Request(
        text if kind == "expression" else Registered(text),
        {**{each.name: (each.dims, each.values) for each in call.inputs}, **_tables(call)},
        derivatives=call.template.derivatives,
        dtype=call.template.dtype,
    )


def _tables(call: PreparedCall) -> dict[str, LookupTable]:
    return {each.name: each.table for each in (*split_tables(call.request.inputs)[1], *call.summed)}


def draw(request: Request, result: Result, points: int, seed: int) -> Sample:
    """Draws different points of a grid.

    Args:
        request: a request as it travels.
        result: what was served for it.
        points: how many to draw; all if there are no more.
        seed: of the random numbers.

    Raises:
        RequestError: the grid has no points.
    """
    flat = _drawn(math.prod(result.shape), points, seed)
    indices = np.unravel_index(flat, result.shape) if result.shape else []
    positions = np.array(indices, np.intp).reshape(len(result.shape), flat.size)
    along = dict(zip(result.dims, positions, strict=True))
    plain, tables = split_tables(request.inputs)
    dims_of = {name: dims for name, (dims, _) in plain.items()}
    scalars = {name: float(result.inputs[name]) for name, dims in dims_of.items() if not dims}
    inputs = {
        name: result.inputs[name][tuple(along[dim] for dim in dims)].astype(np.float64)
        for name, dims in dims_of.items()
        if dims
    }
    rows = {wrt: result.d[wrt].reshape(len(result.components), -1) for wrt in ((), *result.d)}
    served = {wrt: each[:, flat].astype(np.float64) for wrt, each in rows.items()}
    return Sample(request.function, scalars, inputs, positions, result.components, served, tables)


def _drawn(total: int, points: int, seed: int) -> NDArray[np.int64]:
    if not total:
        raise RequestError("inputs", "a grid without points", "give inputs of one value or more")
    return np.sort(np.random.default_rng(seed).choice(total, min(points, total), replace=False))
