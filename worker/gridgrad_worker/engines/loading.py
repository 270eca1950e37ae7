"""Brings the inputs of many requests into one tensor, without a call for each number of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gridgrad_worker.engines.tiles import ArrayValues, InputValues, LinspaceValues, Subgrid

__all__ = ["Write", "load_part", "load_requests"]

Floats = NDArray[np.floating]

Write = Callable[[Floats, Tensor], None]
"""Brings numbers to where they are computed with."""


def load_part(row: Tensor, values: InputValues, subgrid: Subgrid, write: Write) -> None:
    """Fills in an input of one request over a subgrid; beyond the request's end, its last values again.

    Args:
        row: [one length for each dim], 1 for a dim that the input has not.
        values: of the input.
        subgrid: where the row begins, and its shape.
        write: the device's.
    """
    shape = [min(n, length - start) for start, n, length in zip(*subgrid, values.lengths, strict=True)]
    numbers = np.require(values.over(Subgrid(subgrid.start, tuple(shape))), requirements="W")
    for dim, (wanted, given) in enumerate(zip(subgrid.shape, shape, strict=True)):
        if given < wanted:
            numbers = np.concatenate([numbers, np.repeat(numbers.take([-1], dim), wanted - given, dim)], dim)
    write(numbers, row)


def load_requests(rows: Tensor, values: Sequence[InputValues], write: Write) -> None:
    """Fills in an input of several requests, whole; beyond a request's end, its last values again.

    Args:
        rows: [requests, one length for each dim], 1 for a dim that the input has not.
        values: of the input, for each request.
        write: the device's.
    """
    shape = tuple(rows.shape[1:])
    if sum(length > 1 for length in shape) > 1:
        for row, each in zip(rows, values, strict=True):
            load_part(row, each, Subgrid((0,) * len(shape), shape), write)
        return
    length = math.prod(shape)
    spaced = [each for each in values if isinstance(each, LinspaceValues)]
    if len(spaced) == len(values):
        numbers: Floats = _linspaces(spaced, length)
    else:
        numbers = _arrays([_all_of(each) for each in values], length)
    write(numbers.reshape(rows.shape), rows)


def _all_of(values: InputValues) -> Floats:
    if isinstance(values, ArrayValues):
        return values.array
    return values.over(Subgrid((0,) * len(values.lengths), values.lengths))


def _arrays(arrays: Sequence[Floats], length: int) -> Floats:
    """Arrays as rows, each with its last number again up to the length."""
    flat = np.concatenate([array.reshape(-1) for array in arrays])
    lengths = np.array([array.size for array in arrays])
    if (lengths == length).all():
        return flat.reshape(-1, length)
    starts = np.cumsum(lengths) - lengths
    numbers: Floats = flat[starts[:, None] + np.minimum(np.arange(length), lengths[:, None] - 1)]
    return numbers


def _linspaces(values: Sequence[LinspaceValues], length: int) -> NDArray[np.float64]:
    """The bits of numpy.linspace as rows, each with its last number again up to the length."""
    starts, stops, counts = np.array([each.ends for each in values]).T[:, :, None]
    index = np.minimum(np.arange(length, dtype=float), counts - 1)
    deltas = stops - starts
    divisors = np.maximum(counts - 1, 1)
    steps = deltas / divisors
    numbers: NDArray[np.float64] = (
        np.where((counts > 1) & (steps == 0), index / divisors * deltas, index * steps) + starts
    )
    return np.where((counts > 1) & (index == counts - 1), stops, numbers)
