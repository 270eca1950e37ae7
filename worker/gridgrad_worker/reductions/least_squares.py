"""Least squares: the sums that a fit needs of residuals and their derivatives, block by block, without the Jacobian.

With r = f - data, J = ∂f/∂p, weights W and a loss ρ of z = W·r²/C² they are C²·Σ ρ(z), Σ W·ρ′(z)·J·r and
Σ W·ρ′(z)·J·Jᵀ. Without a loss the first is Σ W·r², and ρ′ is 1. The last is kept by its upper triangle, and after it
the number of points.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridgrad_worker.reductions.block_states import BesideBlocks, added

__all__ = ["LOSSES", "LeastSquaresRule", "Loss"]

Floats = NDArray[np.float64]


class Loss(NamedTuple):
    """A loss.

    Args:
        kind: one of LOSSES.
        scale: C, about how large a residual counts in full; of residuals times the root of their weights.
    """

    kind: str = "linear"
    scale: float = 1.0


def _linear(z: Floats) -> tuple[Floats, Floats]:
    return z, np.ones_like(z)


def _soft_l1(z: Floats) -> tuple[Floats, Floats]:
    root = np.sqrt(1 + z)
    return 2 * z / (root + 1), 1 / root


def _huber(z: Floats) -> tuple[Floats, Floats]:
    root, inside = np.sqrt(np.where(z > 1, z, 1.0)), ~(z > 1)
    return np.where(inside, z, 2 * root - 1), np.where(inside, np.where(np.isnan(z), z, 1.0), 1 / root)


def _cauchy(z: Floats) -> tuple[Floats, Floats]:
    return np.log1p(z), 1 / (1 + z)


def _arctan(z: Floats) -> tuple[Floats, Floats]:
    return np.arctan(z), 1 / (1 + z * z)


LOSSES: Mapping[str, Callable[[Floats], tuple[Floats, Floats]]] = {
    "linear": _linear,
    "soft_l1": _soft_l1,
    "huber": _huber,
    "cauchy": _cauchy,
    "arctan": _arctan,
}
"""ρ and ρ′ by z, as scipy.optimize.least_squares has them."""


class LeastSquaresRule:
    """The sums of residuals, as a rule of blocks.

    Args:
        loss: of the residuals.
        skip_nan: whether points whose data are nan are left out; else they make everything nan.
    """

    def __init__(self, loss: Loss = Loss(), *, skip_nan: bool = False) -> None:  # noqa: B008 - it never changes
        self._loss = loss
        self._skip_nan = skip_nan

    def of_blocks(self, values: Floats, beside: BesideBlocks) -> Floats:
        """The sums of blocks, [sums, results, *blocks], of a function and its derivatives."""
        rows, used = self._rows(values, beside)
        cost: Floats | None = None
        if self._loss.kind != "linear":
            cost, slope = LOSSES[self._loss.kind]((rows[..., 0, :] / self._loss.scale) ** 2)
            rows = rows * np.sqrt(slope)[..., np.newaxis, :]
        products = np.matmul(rows, np.swapaxes(rows, -1, -2))
        first, second = np.triu_indices(len(values))
        sums = np.moveaxis(products[..., first, second], -1, 0)
        if cost is not None:
            sums[0] = self._loss.scale**2 * np.add.reduce(cost, -1)
        return np.concatenate([sums, used[np.newaxis]])

    def _rows(self, values: Floats, beside: BesideBlocks) -> tuple[Floats, Floats]:
        """Residuals and derivatives times the roots of weights, [..., 1 + parameters, points], and how many count.

        A row of zeros makes four of three and eight of seven: OpenBLAS multiplies these in half the time.
        """
        data, weights = beside.data, beside.weights
        assert data is not None, "there are residuals"  # noqa: S101 - narrows the type
        gaps = np.isnan(data)
        count = len(values)
        rows = np.empty((*data.shape[:-1], count + (count % 4 == 3), data.shape[-1]))
        np.subtract(values[0], data, out=rows[..., 0, :])
        rows[..., 1:count, :] = np.moveaxis(values[1:], 0, -2)
        rows[..., count:, :] = 0
        if gaps.any():
            rows = np.where(gaps[..., np.newaxis, :], 0.0 if self._skip_nan else np.nan, rows)
            weights = np.where(gaps, 1.0, weights) if weights is not None and self._skip_nan else weights
        if weights is not None:
            rows *= np.sqrt(weights)[..., np.newaxis, :]
        counted = data.shape[-1] - (np.count_nonzero(gaps, -1) if self._skip_nan else np.zeros(data.shape[:-1]))
        return rows, counted.astype(np.float64)

    def together(self, states: Floats) -> Floats:
        """The sums of all blocks."""
        return added(states)

    def result(self, states: Floats) -> Floats:
        """These are the results."""
        return states
