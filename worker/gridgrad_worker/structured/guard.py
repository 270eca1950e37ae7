"""The guard: whether the terms of separated sums can be computed in any order without a difference.

A product in another order gives the same, but for rounding, as long as all its factors are finite and
no product of some of them overflows or loses digits below the smallest normal number. The exponents
of the factors show it: those of any partial product lie between the sum of the factors' least ones,
if below 0, and the sum of their largest, if above. The exponential of a sum of which the exponentials
of all partial sums are within range is their product. A zero is a zero in any order.

An entry is looked at as a whole, so what else is computed with it, and how it is cut, changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gridgrad_worker.structured.plan import Plan
from gridgrad_worker.structured.separate import Checked

__all__ = ["Guard", "Ranges", "merged"]

Ranges = NDArray[np.float64]
"""[2, entries, watched]: the least exponents, 0 or below, and the largest, 0 or above; inf if one has none."""

_RESERVE = 16
"""Exponents kept free, so that sums of many terms can't overflow either."""


class Guard:
    """Decides for entries.

    Args:
        plan: whose terms are checked.
        checked: the terms.
        dtype: computed in.
    """

    def __init__(self, plan: Plan, checked: Sequence[Checked], dtype: torch.dtype) -> None:
        plain = {i for each in checked for i in each.factors + each.divisors}
        powers = {i for each in checked for i in each.exponents + each.negative_exponents}
        self.watched = sorted(plain) + sorted(powers)
        self._powers = np.arange(len(self.watched)) >= len(plain)
        self._plan = plan
        place = {step: position for position, step in enumerate(sorted(plain))}
        place_of_power = {step: len(plain) + position for position, step in enumerate(sorted(powers))}
        self._above = np.zeros((len(self.watched), len(checked)))
        self._below = np.zeros((len(self.watched), len(checked)))
        for term, each in enumerate(checked):
            for places, steps, counts in (
                (place, each.factors, self._above),
                (place, each.divisors, self._below),
                (place_of_power, each.exponents, self._above),
                (place_of_power, each.negative_exponents, self._below),
            ):
                for step in steps:
                    counts[places[step], term] += 1
        limits = torch.finfo(dtype)
        self._largest = math.log2(limits.max) - _RESERVE
        self._least = math.log2(limits.tiny) + _RESERVE

    def ranges(self, known: Mapping[int, Tensor], entries: int) -> Ranges:
        """The exponents of what is watched.

        Args:
            known: its values, [entries, one length for each dim of the grid], over all of an entry or a part.
            entries: how many there are.
        """
        ranges = np.zeros((2, entries, len(self.watched)))
        by_shape: dict[tuple[int, ...], list[int]] = {}
        for position, step in enumerate(self.watched):
            if self._plan.steps[step].op == "const":
                ranges[:, :, position] = np.array(self._constant(step, position))[:, None]
            else:
                by_shape.setdefault(tuple(known[step].shape), []).append(position)
        for positions in by_shape.values():
            stacked = torch.stack([known[self.watched[p]] for p in positions]).flatten(2)
            ranges[:, :, positions] = self._measured(stacked, self._powers[positions])
        return ranges

    def holds(self, ranges: Ranges) -> NDArray[np.bool_]:
        """For each entry, whether all terms stay within range."""
        low, high = ranges
        with np.errstate(invalid="ignore"):
            highest = high @ self._above - low @ self._below
            lowest = low @ self._above - high @ self._below
            fine: NDArray[np.bool_] = ((highest <= self._largest) & (lowest >= self._least)).all(1)
        return fine & np.isfinite(ranges).all((0, 2))

    def _constant(self, step: int, position: int) -> tuple[float, float]:
        value = float(self._plan.steps[step].value or 0.0)
        if not math.isfinite(value):
            return -math.inf, math.inf
        exponent = value / math.log(2) if self._powers[position] else math.log2(abs(value)) if value else 0.0
        return min(exponent, 0.0), max(exponent, 0.0)

    def _measured(self, stacked: Tensor, powers: NDArray[np.bool_]) -> NDArray[np.float64]:
        """[2, entries, steps] of values [steps, entries, ...]."""
        if not stacked.shape[2]:
            return np.zeros((2, stacked.shape[1], stacked.shape[0]))
        least, largest = _extremes(stacked, powers)
        least[powers] /= math.log(2)
        largest[powers] /= math.log(2)
        bad = ~(np.isfinite(least) & np.isfinite(largest))
        least[bad], largest[bad] = -math.inf, math.inf
        return np.stack([np.minimum(least, 0.0).T, np.maximum(largest, 0.0).T])


def merged(first: Ranges, second: Ranges) -> Ranges:
    """The exponents of two parts of one entry."""
    return np.stack([np.minimum(first[0], second[0]), np.maximum(first[1], second[1])])


def _extremes(stacked: Tensor, powers: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The least and largest exponents of factors, and of powers the least and largest values."""
    least = np.empty(stacked.shape[:2])
    largest = np.empty(stacked.shape[:2])
    for kind in (False, True):
        rows = np.flatnonzero(powers == kind)
        if not rows.size:
            continue
        values = stacked[torch.from_numpy(rows)]
        if not kind:
            values = values.abs()
            values = torch.where(values == 0, 1.0, values)
        smallest, greatest = torch.aminmax(values, dim=2)
        low, high = smallest.double().numpy(force=True), greatest.double().numpy(force=True)
        with np.errstate(invalid="ignore"):
            least[rows], largest[rows] = (low, high) if kind else (np.log2(low), np.log2(high))
    return least, largest
