"""Cubic Hermite interpolation on a tensor grid, as the coefficients of a piecewise polynomial.

On a cell [x0, x1] of width h, with s = (f1 - f0)/h and ξ = x - x0, the cubic with values f0, f1 and slopes d0, d1 at
the ends is f0 + d0 ξ + (3s - 2 d0 - d1)/h ξ² + (d0 + d1 - 2s)/h² ξ³. On a grid of several axes the same is done along
one after the other, for which all mixed first partials are needed (de Boor, A Practical Guide to Splines, 2001,
chapters 4 and 17).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridgrad.arguments.inputs import FloatArray

__all__ = ["coefficients"]


def coefficients(corners: FloatArray, axes: Sequence[FloatArray]) -> FloatArray:
    """The coefficients that `scipy.interpolate.NdPPoly` takes.

    Args:
        corners: [2, ..., 2, *grid, ...]: at [b1, ..., bn] the partial of order bj by each axis j, at the grid's points.
        axes: the coordinates of each axis, increasing.

    Returns:
        [4, ..., 4, *cells, ...], highest powers first.
    """
    for number, axis in enumerate(axes):
        pair = number, len(axes) + number
        along = np.moveaxis(corners, pair, (0, 1))
        corners = np.moveaxis(_along_one(along[0], along[1], np.diff(axis)), (0, 1), pair)
    return corners


def _along_one(values: FloatArray, slopes: FloatArray, widths: FloatArray) -> FloatArray:
    """[4, cells, ...] from values and slopes [points, ...]."""
    h = widths.reshape(-1, *[1] * (values.ndim - 1))
    rise = np.diff(values, axis=0) / h
    left, right = slopes[:-1], slopes[1:]
    return np.stack([(left + right - 2 * rise) / h**2, (3 * rise - 2 * left - right) / h, left, values[:-1]])
