"""Results made from arrays, as if a server had computed them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import gridgrad
from gridgrad.grid import Derivative, grid_of
from gridgrad.inputs import read_inputs

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
    sent = read_inputs(inputs)
    grid = grid_of([given.spec for given in sent])
    shape = ((len(components),) if components else ()) + grid.shape
    planes = np.stack([np.broadcast_to(np.asarray(each, dtype), shape) for each in grids.values()])
    planes.flags.writeable = False
    derivatives = [wrt for wrt in grids if wrt]
    return gridgrad.Result(
        planes,
        derivatives=derivatives,
        dims=grid.dims,
        components=components or ("f",),
        tuple_valued=bool(components),
        info=INFO,
        function=("expression", function),
        request=gridgrad.Request(function, inputs, derivatives=derivatives, dtype=dtype),
        sent=sent,
    )
