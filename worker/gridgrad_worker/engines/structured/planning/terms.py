"""Terms: a node as a sum of products of factors that each depend on few dims.

Sums are taken apart, and products within them. A product is multiplied out over a sum only by what
the sum is to be written down with anyway, so Σ|term| stays that of what the caller wrote. The
exponential of a sum is the product of exponentials.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Addend", "Exponential", "Factor", "Term", "Trail", "one_factor", "operations_of"]


class Exponential(NamedTuple):
    """exp of a sum.

    Args:
        parts: its terms, each a term of factors that are nodes.
        mask: the dims that they depend on.
    """

    parts: tuple[Term, ...]
    mask: int


Factor = int | Exponential
"""A node, or an exponential for which there is no node yet."""


class Term(NamedTuple):
    """A product of factors, divided by others.

    Args:
        negative: whether it is subtracted.
        factors: what is multiplied.
        divisors: what is divided by.
    """

    negative: bool = False
    factors: tuple[Factor, ...] = ()
    divisors: tuple[Factor, ...] = ()

    def times(self, other: Term) -> Term:
        """The product of both."""
        return Term(self.negative != other.negative, self.factors + other.factors, self.divisors + other.divisors)


class Trail(NamedTuple):
    """The operations that a term was read from: some, and those of the trail that they were reached by."""

    operations: frozenset[int]
    before: Trail | None


class Addend(NamedTuple):
    """A term of a sum.

    Args:
        node: where it was found.
        scale: what it is multiplied by besides.
        product: the node as a product.
        trail: the operations on several dims that are not needed if the sum is written as terms.
    """

    node: int
    scale: Term
    product: Term
    trail: Trail | None

    @property
    def term(self) -> Term:
        """All of it as a product."""
        return self.scale.times(self.product)

    @property
    def whole(self) -> Term:
        """All of it, the node as it is."""
        return self.scale.times(Term(factors=(self.node,)))


def operations_of(addends: Iterable[Addend]) -> set[int]:
    """The operations that terms were read from, each part of a trail walked once."""
    found: set[int] = set()
    walked: set[int] = set()
    for addend in addends:
        trail = addend.trail
        while trail is not None and id(trail) not in walked:
            walked.add(id(trail))
            found |= trail.operations
            trail = trail.before
    return found


def one_factor(factor: Factor, divides: bool) -> Term:
    """A term of one factor, multiplied or divided by."""
    return Term(divisors=(factor,)) if divides else Term(factors=(factor,))
