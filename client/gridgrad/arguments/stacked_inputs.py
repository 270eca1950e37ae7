"""Several inputs in one array: {("x", "y", "z"): positions}, with one of them in each place of its last dim."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gridgrad.arguments.dim_labels import dim_labels
from gridgrad.arguments.inputs import Inputs, plain_array, split_dims
from gridgrad_core.errors import RequestError

__all__ = ["POINT", "unstacked"]

POINT = "point"
"""The dim of inputs that come as the columns of a table, unless another is named."""


def unstacked(inputs: Inputs) -> Inputs:
    """The same inputs, with each that came in an array of several by itself.

    Args:
        inputs: names to values; a tuple of names to an array whose last dim has as many places as there are names.

    Returns:
        Names to values: the columns of an array [n, names] as ("point", column), those of an array with named dims with
        all but the last of these, and the numbers of an array [names] as numbers.

    Raises:
        RequestError: an array has another number of places, has more dims than names for them, or can't be read; labels
            along a dim differ.
    """
    if not isinstance(inputs, Mapping) or not any(isinstance(name, tuple) for name in inputs):
        return inputs
    dim_labels(inputs)
    apart: dict[Any, Any] = {}
    for names, value in inputs.items():
        found = _apart(names, value) if isinstance(names, tuple) else {names: value}
        twice = apart.keys() & found
        if twice:
            raise RequestError("inputs", f"{min(twice)!r} a second time", "give each input once")
        apart |= found
    return apart


def _apart(names: tuple[Any, ...], value: Any) -> dict[Any, Any]:
    field = f"inputs[{names!r}]"
    dims, values = split_dims(str(names), value)
    array = plain_array(str(names), values)
    if not array.ndim or array.shape[-1] != len(names):
        found = f"an array of shape {list(array.shape)} for {len(names)} names"
        raise RequestError(
            field, found, f"give one whose last dim has length {len(names)}: numpy.stack([...], axis=-1)"
        )
    return {name: _one(field, dims, array[..., place]) for place, name in enumerate(names)}


def _one(field: str, dims: tuple[str, ...] | None, column: Any) -> Any:
    if not column.ndim:
        return column
    if dims is None and column.ndim > 1:
        written = ", ".join(f'"{dim}"' for dim in "ijklmnop"[: column.ndim])
        found = f"an array of {column.ndim + 1} dims without their names"
        raise RequestError(field, found, f"name all but the last: (({written}), array)")
    named = (POINT,) if dims is None else dims
    if len(named) not in (column.ndim, column.ndim + 1):
        found = f"{len(named)} dims {list(named)} for an array of {column.ndim + 1}"
        raise RequestError(field, found, "name all of its dims, or all but the last")
    return named[: column.ndim], np.ascontiguousarray(column)
