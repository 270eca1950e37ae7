"""Sums over dims of arrays that have all dims of a grid, of length 1 where they do not vary.

A sum over many is made of sums over few, so that rounding stays small. Products with factors of fewer dims are matrix
products, which the mathematical library adds up in its own order: the same for the same shapes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["TreeSum", "summed", "summed_products"]

Floats = NDArray[np.float64]

_FEW = 64
"""How many are added up one after another."""


def summed(values: Floats, over: int) -> Floats:
    """The sum over dims, which are then of length 1.

    Args:
        values: of all dims of a grid.
        over: which dims, a bit each.
    """
    for dim in range(values.ndim):
        if over >> dim & 1:
            values = _along(values, dim)
    return values


def _along(values: Floats, dim: int) -> Floats:
    while values.shape[dim] > _FEW:
        length = values.shape[dim]
        whole = length // _FEW * _FEW
        before, after = values.shape[:dim], values.shape[dim + 1 :]
        head = values[(slice(None),) * dim + (slice(whole),)].reshape(*before, -1, _FEW, *after)
        parts = np.add.reduce(head, dim + 1)
        if whole < length:
            rest = np.add.reduce(values[(slice(None),) * dim + (slice(whole, None),)], dim, keepdims=True)
            parts = np.concatenate([parts, rest], dim)
        values = parts
    total: Floats = np.add.reduce(values, dim, keepdims=True)
    return total


def summed_products(plane: Floats, factors: Sequence[Floats], over: int) -> list[Floats]:
    """The sums over dims of the products of an array with each of some others, all of one shape.

    Args:
        plane: of all dims of a grid.
        factors: each of one shape, of length 1 where it does not vary.
        over: which dims, a bit each; each of the two varies along all of them, unless they are of length 1.
    """
    dims = range(plane.ndim)
    if all(plane.shape[dim] == factors[0].shape[dim] for dim in dims):
        return [summed(plane * each, over) for each in factors]
    inside = [dim for dim in dims if plane.shape[dim] > 1]
    of_factors = [dim for dim in dims if factors[0].shape[dim] > 1]
    alone = sum(1 << dim for dim in dims if over >> dim & 1 and dim not in of_factors)
    plane, over = summed(plane, alone), over & ~alone
    inside = [dim for dim in inside if not alone >> dim & 1]
    left = [dim for dim in dims if (dim in inside or dim in of_factors) and not over >> dim & 1]
    stack = plane.ndim
    squeezed = plane.reshape([plane.shape[dim] for dim in inside])
    stacked = np.stack([each.reshape([each.shape[dim] for dim in of_factors]) for each in factors])
    found = np.einsum(squeezed, inside, stacked, [stack, *of_factors], [stack, *left], optimize=True)
    lengths = [max(plane.shape[dim], factors[0].shape[dim]) if dim in left else 1 for dim in dims]
    return [*found.reshape(len(factors), *lengths)]


class TreeSum:
    """Adds arrays of one shape two by two, then what that gave, and so on."""

    def __init__(self) -> None:
        self._sums: list[tuple[int, Floats]] = []

    def add(self, values: Floats) -> None:
        """Takes the next array."""
        height = 0
        while self._sums and self._sums[-1][0] == height:
            values = self._sums.pop()[1] + values
            height += 1
        self._sums.append((height, values))

    @property
    def total(self) -> Floats:
        """The sum of all that came, of which there is one at least."""
        total = self._sums[-1][1]
        for _, each in reversed(self._sums[:-1]):
            total = each + total
        return total
