"""Results made from arrays, as if a server had computed them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import gridgrad
from gridgrad.calls import Request, prepare
from gridgrad.grid import Derivative

__all__ = ["INFO", "result_from"]

INFO = gridgrad.Info(0.25, 0.5, 3, "structured", "direct", "cpu", "9.9.9", "abc")


def result_from(
    function: str,
    inputs: Mapping[str, Any],
    grids: Mapping[Derivative, Any],
    components: tuple[str, ...] = (),
    dtype: str = "float64",
) -> gridgrad.Result:
    """A result with these arrays.

    Args:
        function: the expression that they are said to be of.
        inputs: as a caller gives them.
        grids: the value under () and the derivatives, each broadcast to [(components,) *grid].
        components: the names of a tuple's components.
        dtype: of the arrays.
    """
    call = prepare(Request(function, inputs, derivatives=[wrt for wrt in grids if wrt], dtype=dtype))
    shape = ((len(components),) if components else ()) + call.grid.shape
    planes = np.stack([np.broadcast_to(np.asarray(grid, dtype), shape) for grid in grids.values()])
    planes.flags.writeable = False
    return gridgrad.Result(
        planes,
        derivatives=call.derivatives,
        dims=call.grid.dims,
        components=components or ("f",),
        tuple_valued=bool(components),
        info=INFO,
        request=call.request,
        sent=call.inputs,
    )
