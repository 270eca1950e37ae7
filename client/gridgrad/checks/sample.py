"""Some points of a grid, with what was served there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridgrad.requests.prepare import PreparedCall
from gridgrad.requests.request import FunctionLike, Registered, Request
from gridgrad.results.result import Result
from gridgrad_core.errors import RequestError
from gridgrad_core.grid import Derivative

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
    """

    function: FunctionLike
    scalars: Mapping[str, float]
    inputs: Mapping[str, Array]
    positions: NDArray[np.intp]
    components: tuple[str, ...]
    served: Mapping[Derivative, Array]

    @property
    def points(self) -> int:
        """How many points there are."""
        return int(self.positions.shape[1])

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
        {each.name: (each.dims, each.values) for each in call.inputs},
        derivatives=call.template.derivatives,
        dtype=call.template.dtype,
    )


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
    components = len(result.components)
    shape = result.value.shape[1:] if result.tuple_valued else result.value.shape
    total = int(np.prod(shape, dtype=np.int64))
    if not total:
        raise RequestError("inputs", "a grid without points", "give inputs of one value or more")
    flat = np.sort(np.random.default_rng(seed).choice(total, min(points, total), replace=False))
    positions = np.array(np.unravel_index(flat, shape) if shape else [], np.intp).reshape(len(shape), flat.size)
    along = dict(zip(result.dims, positions, strict=True))
    inputs, scalars = {}, {}
    for name, (dims, _) in request.inputs.items():
        values = result.inputs[name]
        if dims:
            inputs[name] = values[tuple(along[dim] for dim in dims)].astype(np.float64)
        else:
            scalars[name] = float(values)
    wanted = ((), *result.d)
    served = {d: result.d[d].reshape(components, total)[:, flat].astype(np.float64) for d in wanted}
    return Sample(request.function, scalars, inputs, positions, result.components, served)
