"""The guard: whether the terms of separated sums can be computed in any order without a difference.

A product in another order gives the same, but for rounding, as long as all its factors are finite and
no product of some of them overflows or loses digits below the smallest normal number. The exponents
of the factors show it: those of any partial product lie between the sum of the factors' least ones,
if below 0, and the sum of their largest, if above. The exponential of a sum of which the exponentials
of all partial sums are within range is their product. A zero is a zero in any order,
but nothing is divided by it.

A term may vanish below the smallest number where another term of its sum, which is nowhere 0, is so
large everywhere that the difference can't be seen: the tail of a Gaussian, a high power of something
small.

A request is looked at as a whole, so what else is computed with it, and how it is cut, changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gridgrad_worker.engines.structured.planning.plan import ExecutionPlan
from gridgrad_worker.engines.structured.planning.separated_writer import CheckedTerm

__all__ = ["Guard", "Ranges", "merged"]

Ranges = NDArray[np.float64]
"""[3, requests, watched]: the least exponents, 0 or below, the largest, 0 or above, and 1 where there is a zero.

The exponents of what is not finite are infinite.
"""

_RESERVE = 16
"""Exponents kept free, so that sums of many terms can't overflow either."""


class Stacked(Protocol):
    """What has been computed below the grid."""

    def stacked(self, steps: Sequence[int]) -> Tensor:
        """The results of steps of one level, [steps, requests, ...]."""


class Guard:
    """Decides for requests.

    Args:
        plan: whose terms are checked.
        checked: the terms of each sum.
        dtype: computed in.

    Attributes:
        watched: the steps that are looked at, those twice that are factors and exponents.
        sums: for each sum its terms: the positions, in what is watched, of what a term multiplies and of what it
            divides by.
        constants: the exponents of what is watched and constant, by its position.
        limits: the exponents between which terms must stay; and what may vanish, a term whose largest exponent and
            this together are no more than the least of another term of its sum.
        most: for each mask, the most factors and the most exponentials that a term has of its steps.
        furthest_constant: the largest exponent, up or down, of the constants of a term.
        reach: exponents that are no larger than this, added up over a term, are within range in any order.
    """

    def __init__(self, plan: ExecutionPlan, checked: Sequence[Sequence[CheckedTerm]], dtype: torch.dtype) -> None:
        terms = [term for total in checked for term in total]
        plain = sorted({i for term in terms for i in term.factors + term.divisors})
        powers = sorted({i for term in terms for i in term.exponents + term.negative_exponents})
        self.watched = plain + powers
        self._is_power = np.arange(len(self.watched)) >= len(plain)
        self._plan = plan
        factors = {step: n for n, step in enumerate(plain)}
        exponents = {step: len(plain) + n for n, step in enumerate(powers)}
        self.sums = [
            [
                (
                    [*map(factors.__getitem__, t.factors), *map(exponents.__getitem__, t.exponents)],
                    [*map(factors.__getitem__, t.divisors), *map(exponents.__getitem__, t.negative_exponents)],
                )
                for t in total
            ]
            for total in checked
        ]
        above, below = ([term[side] for total in self.sums for term in total] for side in range(2))
        self._above, self._below = _Sums(above, len(self.watched)), _Sums(below, len(self.watched))
        self._divides = np.zeros(len(self.watched), bool)
        self._divides[[factors[i] for term in terms for i in term.divisors]] = True
        self._firsts = np.cumsum([0, *map(len, checked)])[:-1]
        self._sizes = [len(total) for total in checked]
        self._set_limits(dtype)
        self._sort_watched()

    def _set_limits(self, dtype: torch.dtype) -> None:
        """The exponents between which terms must stay."""
        limits = torch.finfo(dtype)
        largest, least = math.log2(limits.max) - _RESERVE, math.log2(limits.tiny) + _RESERVE
        self.limits = (least, largest, least - math.log2(limits.eps) + _RESERVE)
        self.reach = min(largest, -least)

    def _sort_watched(self) -> None:
        """Tells constants, whose exponents are known, from what is measured level by level."""
        positions = range(len(self.watched))
        constant = [self._is_constant(step) for step in self.watched]
        self.constants = {n: self._constant(self.watched[n], n) for n in positions if constant[n]}
        by_mask: dict[int, list[int]] = {}
        for n in positions:
            if not constant[n]:
                by_mask.setdefault(self._plan.steps[self.watched[n]].mask, []).append(n)
        self._by_mask = [(found, [self.watched[n] for n in found]) for found in by_mask.values()]
        plain, powers = ~self._is_power, self._is_power
        self.most = {mask: (self._most(n, plain[n]), self._most(n, powers[n])) for mask, n in by_mask.items()}
        furthest = [max(-low, high) for low, high, _ in self.constants.values()]
        self.furthest_constant = self._most(list(self.constants), furthest)

    def _most(self, positions: Sequence[int], weights: Sequence[float] | NDArray[np.bool_]) -> float:
        """The largest sum of weights, those of what is watched at these positions, that a term has."""
        spread = np.zeros((1, len(self.watched)))
        spread[0, list(positions)] = weights
        return float((self._above.of(spread) + self._below.of(spread)).max(initial=0.0))

    @property
    def kinds(self) -> tuple[list[int], list[int], list[int]]:
        """The steps that are looked at and not constant: factors, divisors, and the arguments of exponentials."""
        kinds = [2 if power else int(divides) for power, divides in zip(self._is_power, self._divides, strict=True)]
        positions = sorted(p for each, _ in self._by_mask for p in each)
        factors, divisors, powers = ([self.watched[p] for p in positions if kinds[p] == kind] for kind in range(3))
        return factors, divisors, powers

    def ranges(self, known: Stacked, requests: int) -> Ranges:
        """The exponents of what is watched.

        Args:
            known: its values over all of a request or a part of it.
            requests: how many there are.
        """
        ranges = np.zeros((3, requests, len(self.watched)))
        for position, value in self.constants.items():
            ranges[:, :, position] = np.array(value)[:, None]
        for positions, steps in self._by_mask:
            ranges[:, :, positions] = self._measured(known.stacked(steps).flatten(2), positions)
        return ranges

    def holds(self, ranges: Ranges) -> NDArray[np.bool_]:
        """For each request, whether all terms stay within range."""
        low, high, zero = ranges
        least, largest, unseen_from = self.limits
        finite = np.isfinite(ranges).all(axis=(0, 2))
        with np.errstate(invalid="ignore"):
            highest = self._above.of(high) - self._below.of(low)
            lowest = self._above.of(low) - self._below.of(high)
            zeros = self._above.of(zero) + self._below.of(zero)
            divisors = self._below.of(high)
        small = lowest >= least
        total = np.maximum.reduceat(np.where(small & (zeros == 0), lowest, -np.inf), self._firsts, axis=1)
        total = np.repeat(total, self._sizes, axis=1)
        # What is lost is less than the smallest normal number times the factors that follow
        unseen = (unseen_from + highest <= total) & (divisors <= largest)
        return np.asarray(finite & ((highest <= largest) & (small | unseen)).all(axis=1))

    def is_power(self, position: int) -> bool:
        """Whether the step at a position of what is watched is the argument of an exponential."""
        return bool(self._is_power[position])

    def _is_constant(self, step: int) -> bool:
        return self._plan.steps[step].op == "const"

    def _constant(self, step: int, position: int) -> tuple[float, float, float]:
        value = self._plan.steps[step].number
        if not math.isfinite(value) or (value == 0 and self._divides[position]):
            return -math.inf, math.inf, 0.0
        exponent = self._exponent(value, position)
        return min(exponent, 0.0), max(exponent, 0.0), float(value == 0 and not self._is_power[position])

    def _exponent(self, value: float, position: int) -> float:
        if self._is_power[position]:
            return value / math.log(2)
        return math.log2(abs(value)) if value else 0.0

    def _measured(self, stacked: Tensor, positions: Sequence[int]) -> NDArray[np.float64]:
        """[3, requests, steps] of values [steps, requests, ...]."""
        if not stacked.shape[2]:
            return np.zeros((3, stacked.shape[1], stacked.shape[0]))
        powers, divides = self._is_power[positions], self._divides[positions]
        least, largest, has_zero = _extremes(stacked, powers)
        bad = ~(np.isfinite(least) & np.isfinite(largest)) | (has_zero & divides[:, None])
        least[bad], largest[bad] = -math.inf, math.inf
        return np.stack([np.minimum(least, 0.0).T, np.maximum(largest, 0.0).T, has_zero.T])


class _Sums:
    """Sums of some columns of an array: one sum for each term.

    Args:
        columns: for each term, which.
        width: how many columns there are.
    """

    def __init__(self, columns: Sequence[Sequence[int]], width: int) -> None:
        # A further column of zeros begins each sum, since numpy sums no empty ones
        self._columns = np.array([column for each in columns for column in (width, *each)])
        self._firsts = np.cumsum([0, *(len(each) + 1 for each in columns)])[:-1]

    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """[requests, terms] of values [requests, columns]."""
        extended = np.concatenate([values, np.zeros((len(values), 1))], axis=1)
        sums: NDArray[np.float64] = np.add.reduceat(extended[:, self._columns], self._firsts, axis=1)
        return sums


def merged(first: Ranges, second: Ranges) -> Ranges:
    """The exponents of two parts of one request."""
    return np.stack([np.minimum(first[0], second[0]), np.maximum(first[1], second[1]), np.maximum(first[2], second[2])])


def _extremes(
    stacked: Tensor, powers: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """The least and largest exponents of factors and of exponentials, and whether there is a zero."""
    least, largest = np.empty((2, *stacked.shape[:2]))
    has_zero = np.zeros(stacked.shape[:2], bool)
    for is_power in (False, True):
        rows = np.flatnonzero(powers == is_power)
        if not rows.size:
            continue
        values = stacked if rows.size == len(stacked) else stacked[torch.from_numpy(rows)]
        low, high = (
            each.double().numpy(force=True) for each in torch.aminmax(values if is_power else values.abs(), dim=2)
        )
        if is_power:
            least[rows], largest[rows] = low / math.log(2), high / math.log(2)
            continue
        has_zero[rows] = zero = low == 0
        if zero.any():
            values = values[torch.from_numpy(zero)].abs()
            low[zero] = torch.where(values == 0, 1.0, values).amin(1).double().numpy(force=True)
            high = np.where(high == 0, 1.0, high)
        least[rows], largest[rows] = np.log2(low), np.log2(high)
    return least, largest, has_zero
