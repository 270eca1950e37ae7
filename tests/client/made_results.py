"""Results made from arrays, as if a server had computed them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import gridgrad
from gridgrad.arguments.inputs import read_inputs
from gridgrad.requests.request import Registered
from gridgrad.results.planes import plane_index
from gridgrad.results.result_data import ResultOrigin, ResultSchema
from gridgrad_core.grid import Derivative, grid_of

__all__ = ["INFO", "result_from"]

INFO = gridgrad.Info(0.25, 0.5, 3, "structured", "direct", "cpu", "9.9.9", "abc")


def result_from(
    function: str | Registered,
    inputs: Mapping[str, Any],
    grids: Mapping[Derivative, Any],
    components: tuple[str, ...] = (),
    dtype: str = "float64",
    units: Mapping[str, str] | None = None,
) -> gridgrad.Result:
    """A result with these arrays.

    Args:
        function: what they are said to be of.
        inputs: as a caller gives them.
        grids: the value under () and the derivatives, each broadcast to [(components,) *grid].
        components: the names of a tuple's components.
        dtype: of the arrays.
        units: of inputs and components.
    """
    sent = read_inputs(inputs)
    grid = grid_of([given.spec for given in sent])
    shape = ((len(components),) if components else ()) + grid.shape
    planes = np.stack([np.broadcast_to(np.asarray(each, dtype), shape) for each in grids.values()])
    planes.flags.writeable = False
    derivatives = [wrt for wrt in grids if wrt]
    schema = ResultSchema(
        planes=plane_index(tuple(derivatives)),
        names=tuple([given.name for given in sent]),
        dims=grid.dims,
        components=components or ("f",),
        tuple_valued=bool(components),
        function=("registered", function.name) if isinstance(function, Registered) else ("expression", function),
    )
    asked = gridgrad.Request(function, inputs, derivatives=derivatives, dtype=dtype, units=units)
    return gridgrad.Result(planes, schema, INFO, ResultOrigin(asked, sent))
