"""A sum, factored: products of sums whose dims lie before and after a split, and what can't be written so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gridgrad_worker.engines.structured.planning.terms import Exponential, Factor, Term

__all__ = ["RANKS_PER_PASS", "FactoredSum", "mask_of"]

RANKS_PER_PASS = 16
"""A matrix product takes about as long as one operation on the grid, and as another for so many terms."""


class FactoredSum(NamedTuple):
    """How to write a sum: that of left * right, each of them sums of terms, and what can't be separated.

    Args:
        split: the dim from which on those of the right sides begin.
        pairs: the left and the right side of each product.
        terms: the terms of the sum that are in the products.
        rest: the other ones.
    """

    split: int
    pairs: tuple[tuple[tuple[Term, ...], tuple[Term, ...]], ...]
    terms: tuple[Term, ...]
    rest: tuple[Term, ...]

    def cost(self, masks: Sequence[int]) -> float:
        """In operations on the grid."""
        if not self.pairs:
            return float(len(self.rest))
        return len(self.rest) + min(self.passes(masks), self.matrix_product_cost)

    def passes(self, masks: Sequence[int]) -> int:
        """How many operations on the grid the products take without a matrix product."""
        mixed = sum(not (_is_scalar(left, masks) or _is_scalar(right, masks)) for left, right in self.pairs)
        return mixed + len(self.pairs) - 1

    @property
    def matrix_product_cost(self) -> float:
        """How many operations on the grid take as long as the products do in one matrix product."""
        return 1 + len(self.pairs) / RANKS_PER_PASS


def _is_scalar(terms: Sequence[Term], masks: Sequence[int]) -> bool:
    """Whether a sum has no dims, so that what it multiplies stays on the dims that it has."""
    return all(mask_of(factor, masks) == 0 for term in terms for factor in term.factors + term.divisors)


def mask_of(factor: Factor, masks: Sequence[int]) -> int:
    """The dims that a factor depends on, by the masks of the nodes."""
    return factor.mask if isinstance(factor, Exponential) else masks[factor]
