"""What a fake server makes of canned grids: numpy's reductions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gridgrad.arguments.inputs import FloatArray
from gridgrad.frameworks.testing.canned import CannedRequest
from gridgrad_core.errors import RequestError
from gridgrad_core.grid import Grid
from gridgrad_core.reduction import REDUCTIONS
from gridgrad_core.v1 import gridgrad_pb2 as pb

__all__ = ["pulled_back", "reduced"]

_REDUCTIONS: Mapping[str, Callable[..., Any]] = {
    "sum": lambda rows, weights: np.sum(rows * weights, -1),
    "mean": lambda rows, weights: np.sum(rows * weights, -1) / np.sum(weights),
    "min": lambda rows, _: np.min(rows, -1),
    "max": lambda rows, _: np.max(rows, -1),
    "argmin": lambda rows, _: np.argmin(rows, -1),
    "argmax": lambda rows, _: np.argmax(rows, -1),
    "norm": lambda rows, weights: np.sqrt(np.sum(rows * rows * weights, -1)),
    "count_nonfinite": lambda rows, _: np.sum(~np.isfinite(rows), -1),
}
"""Of rows, [..., points], and weights, [points]."""


def reduced(planes: FloatArray, asked: CannedRequest, made: pb.Reduction) -> tuple[FloatArray, Grid]:
    """What is made of canned planes, [planes, *dims that stay], and these dims.

    Args:
        planes: [1 + derivatives, (components,) *grid].
        asked: the request.
        made: what is made of it.

    Raises:
        RequestError: weights that are no product of inputs: nothing here computes expressions.
    """
    lengths = dict(zip(asked.grid.dims, asked.grid.shape, strict=True))
    gone = [dim for dim in asked.grid.dims if dim in made.dims]
    stay = tuple(dim for dim in lengths if dim not in gone)
    left = Grid(stay, tuple(lengths[dim] for dim in stay))
    first = planes.ndim - len(lengths)
    axes = [first + asked.grid.dims.index(dim) for dim in gone]
    rows = np.moveaxis(np.asarray(planes, np.float64), axes, range(-len(axes), 0))
    rows = rows.reshape(*rows.shape[: rows.ndim - len(axes)], -1)
    found = _REDUCTIONS[made.kind](rows, _weights(made.weights, asked, gone))
    return np.asarray(found, REDUCTIONS[made.kind].dtype or planes.dtype), left


def pulled_back(planes: FloatArray, asked: CannedRequest, made: pb.Reduction) -> tuple[FloatArray, Grid]:
    """The pull-back of canned planes: a row of the sum and its gradient by each input, and the row's dim.

    Args:
        planes: [1 + derivatives, (components,) *grid].
        asked: the request.
        made: what is made of it.

    Raises:
        RequestError: cotangents that are no inputs: nothing here computes expressions.
    """
    dims = asked.grid.dims
    shape = asked.grid.shape
    every = np.asarray(planes, np.float64).reshape(planes.shape[0], -1, *shape)
    cotangents = (
        [_named(name, asked) for name in made.weights.strip("()").split(",")] if made.weights else [np.ones(())]
    )
    weights = np.stack([np.broadcast_to(each, shape) for each in cotangents])
    summed = np.einsum("pc...,c...->p...", every, np.broadcast_to(weights, every.shape[1:]))
    row = [summed[0].sum(keepdims=True).reshape(-1)]
    for plane, (name,) in zip(summed[1:], asked.derivatives, strict=True):
        own = asked.request.inputs[name][0]
        gone = tuple(i for i, dim in enumerate(dims) if dim not in own)
        left = [dim for dim in dims if dim in own]
        row.append(plane.sum(gone).transpose([left.index(dim) for dim in own]).reshape(-1))
    numbers = np.concatenate(row)
    return numbers.astype(planes.dtype)[np.newaxis], Grid(("elements",), numbers.shape)


def _named(text: str, asked: CannedRequest) -> FloatArray:
    """The input that a text names, over the grid."""
    name = text.strip(" ()")
    if name not in asked.spread:
        remedy = "give weights and cotangents as arrays, or ask a real server: gridgrad.testing.local_server"
        raise RequestError("weights", f"{text!r}, an expression at a fake server", remedy)
    return asked.spread[name]


def _weights(text: str, asked: CannedRequest, gone: list[str]) -> FloatArray:
    """The weights of points, [points]."""
    spread: FloatArray = np.ones([asked.grid.shape[asked.grid.dims.index(dim)] for dim in gone])
    for factor in filter(None, text.split("*")):
        stays = tuple(i for i, dim in enumerate(asked.grid.dims) if dim not in gone)
        spread = spread * np.squeeze(_named(factor, asked), stays)
    return spread.reshape(-1)
