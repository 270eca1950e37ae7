"""What least squares need of a grid: a few sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridgrad.arguments.inputs import FloatArray

__all__ = ["LeastSquaresTerms", "terms_of"]


class LeastSquaresTerms(NamedTuple):
    """The sums of residuals r = model - data with weights W, for p parameters, where dims that stay come first.

    Args:
        rss: Σ W·r², [*dims], without a factor of ½; with a loss C²·Σ ρ(W·r²/C²).
        gradient: Jᵀ·W·r, [*dims, p]: half of the derivative of rss. With a loss W is W·ρ′.
        normal: Jᵀ·W·J, [*dims, p, p], of the same weights.
        n: how many points there were, [*dims], int64; without those that were left out.
        names: of the parameters, in order; elements of arrays of coefficients one by one.
    """

    rss: NDArray[np.float64]
    gradient: NDArray[np.float64]
    normal: NDArray[np.float64]
    n: NDArray[np.int64]
    names: tuple[str, ...]


def terms_of(value: FloatArray, names: Sequence[str]) -> LeastSquaresTerms:
    """The terms in the value of a result, whose components are the sums.

    Args:
        value: [sums, *dims].
        names: of the parameters.
    """
    sums: NDArray[np.float64] = np.moveaxis(value, 0, -1).astype(np.float64)
    count = len(names)
    normal = np.empty((*sums.shape[:-1], count, count))
    first, second = np.triu_indices(count)
    normal[..., first, second] = normal[..., second, first] = sums[..., 1 + count : -1]
    n = sums[..., -1].astype(np.int64)
    rss: NDArray[np.float64] = np.array(sums[..., 0])
    gradient: NDArray[np.float64] = np.array(sums[..., 1 : 1 + count])
    return LeastSquaresTerms(rss, gradient, normal, n, tuple(names))
