"""What is kept of blocks, how that is put together, and what it comes to.

Everything is float64, whatever is computed in. What is kept is an array [states, results, blocks].

Invariants:
* What is kept of a block follows from its numbers alone, wherever it lies in memory and beside what else.
* Blocks are put together two by two from the first on, so that a range of them whose bounds are multiples of its
  length, a power of two, comes to the same by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from gridgrad_core.reduction import REDUCTIONS

__all__ = ["RULES", "BesideBlocks", "BlockRule", "added"]

Floats = NDArray[np.float64]

_LARGE, _LARGE_SCALE = 2.0**480, 2.0**-520
_SMALL, _SMALL_SCALE = 2.0**-480, 2.0**600


class BesideBlocks(NamedTuple):
    """What there is of blocks besides their values.

    Args:
        first_points: which of all points that go into a result the first of each block is, [*blocks].
        weights: what each point counts, [*blocks, points] or with results before; None for 1.
        data: what residuals are taken from, [results, *blocks, points]; None where there are none.
    """

    first_points: NDArray[np.int64]
    weights: Floats | None = None
    data: Floats | None = None


class BlockRule(Protocol):
    """A reduction, as it is computed."""

    def of_blocks(self, values: Floats, beside: BesideBlocks) -> Floats:
        """What is kept of blocks.

        Args:
            values: [planes, results, *blocks, points].
            beside: what there is of the blocks besides.

        Returns:
            [states, results, *blocks].
        """

    def together(self, states: Floats) -> Floats:
        """What is kept of all blocks, [states, results], by what is kept of each, [states, results, blocks]."""

    def result(self, states: Floats) -> Floats:
        """The results [planes, results] by what is kept of all blocks, [states, results]."""


def added(states: Floats) -> Floats:
    """Adds the blocks two by two, and so on until one is left."""
    while states.shape[-1] > 1:
        even = states.shape[-1] // 2 * 2
        added = states[..., 0:even:2] + states[..., 1:even:2]
        states = added if even == states.shape[-1] else np.concatenate([added, states[..., even:]], -1)
    left: Floats = states[..., 0]
    return left


class _Sum:
    def of_blocks(self, values: Floats, beside: BesideBlocks) -> Floats:
        return _sums(values if beside.weights is None else values * beside.weights)

    def together(self, states: Floats) -> Floats:
        return added(states)

    def result(self, states: Floats) -> Floats:
        return states


class _Mean(_Sum):
    """Keeps the sum of the weights in a state of its own, the last."""

    def of_blocks(self, values: Floats, beside: BesideBlocks) -> Floats:
        sums = super().of_blocks(values, beside)
        weights = beside.weights
        total = np.full(values.shape[2:-1], float(values.shape[-1])) if weights is None else _sums(weights)
        return np.concatenate([sums, np.broadcast_to(total, (1, *sums.shape[1:]))])

    def result(self, states: Floats) -> Floats:
        mean: Floats = states[:-1] / states[-1]
        return mean


class _Norm(_Sum):
    """Keeps three sums of squares: of what is neither large nor small, and of both of these, scaled.

    J. L. Blue, A Portable Fortran Program to Find the Euclidean Norm of a Vector, ACM TOMS 4 (1978) 15.
    """

    def of_blocks(self, values: Floats, beside: BesideBlocks) -> Floats:
        if beside.weights is not None:
            values = values * np.sqrt(beside.weights)
        size = np.abs(values)
        large, small = size > _LARGE, (size < _SMALL) & (size > 0)
        if not large.any() and not small.any():
            none = np.zeros(values.shape[:-1])
            return np.concatenate([_sums(values * values), none, none])
        usual = np.where(large | small, 0.0, values)
        scaled = (np.where(large, values, 0.0) * _LARGE_SCALE, np.where(small, values, 0.0) * _SMALL_SCALE)
        return np.concatenate([_sums(each * each) for each in (usual, *scaled)])

    def result(self, states: Floats) -> Floats:
        usual, large, small = np.split(states, 3)
        found: Floats = np.sqrt(usual + small / _SMALL_SCALE / _SMALL_SCALE)
        found = np.where(usual == 0, np.sqrt(small) / _SMALL_SCALE, found)
        with_large = np.sqrt(large + usual * _LARGE_SCALE * _LARGE_SCALE) / _LARGE_SCALE
        return np.where((large == 0) | np.isnan(usual), found, with_large)


class _CountNonfinite(_Sum):
    def of_blocks(self, values: Floats, beside: BesideBlocks) -> Floats:  # noqa: ARG002 - a BlockRule takes it
        return _sums((~np.isfinite(values)).astype(np.float64))


class _Extreme(_Sum):
    def __init__(self, extreme: Callable[..., Floats]) -> None:
        self._extreme = extreme

    def of_blocks(self, values: Floats, beside: BesideBlocks) -> Floats:  # noqa: ARG002 - a BlockRule takes it
        # Which of 0 and -0 comes first would tell how they lay together
        return self._extreme(values, -1) + 0.0

    def together(self, states: Floats) -> Floats:
        return self._extreme(states, -1)


class _Position(_Sum):
    """Keeps the values, then which of all points they are of; the first of several, and the first nan before any."""

    def __init__(self, find: Callable[..., NDArray[np.intp]]) -> None:
        self._find = find

    def of_blocks(self, values: Floats, beside: BesideBlocks) -> Floats:
        found = self._find(values, -1)
        value = np.take_along_axis(values, found[..., np.newaxis], -1)[..., 0]
        return np.concatenate([value, (found + beside.first_points).astype(np.float64)])

    def together(self, states: Floats) -> Floats:
        values, points = np.split(states, 2)
        found = self._find(values, -1)[..., np.newaxis]
        return np.concatenate([np.take_along_axis(each, found, -1)[..., 0] for each in (values, points)])

    def result(self, states: Floats) -> Floats:
        found: Floats = np.split(states, 2)[1]
        return found


def _sums(values: Floats) -> Floats:
    """The sum of each block: numpy's, which is pairwise along an axis that is contiguous."""
    sums: Floats = np.add.reduce(values, -1)
    return sums


RULES: Mapping[str, BlockRule] = {
    "sum": _Sum(),
    "mean": _Mean(),
    "min": _Extreme(np.minimum.reduce),
    "max": _Extreme(np.maximum.reduce),
    "argmin": _Position(np.argmin),
    "argmax": _Position(np.argmax),
    "norm": _Norm(),
    "count_nonfinite": _CountNonfinite(),
}
"""All of a value and its derivatives, by name."""

if set(RULES) != set(REDUCTIONS):
    raise AssertionError(f"{set(RULES) ^ set(REDUCTIONS)} have a name and no rule, or no name")
