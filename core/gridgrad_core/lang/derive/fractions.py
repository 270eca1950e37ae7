"""Saturated fractions: u/v where v grows as u does, such as x²/(1 + x²), x/√(1 + x²) or 1/(1/x + 1/y).

Their slopes as quotients, (u' - (u/v)·v')/v, are differences of what is almost equal, and noise where the fraction is
saturated. With v = qᵖ, q = c·t + w and u = tᵖ what u'v and uv' have in common cancels while it is symbols:

    (u/v)' = (u'·w - p·u·w')/v/q
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from gridgrad_core.lang.algebra.chain_rule import ChainRule
from gridgrad_core.lang.program.nodes import Node

__all__ = ["Fraction", "Fractions"]

_MOST_TERMS = 6
_SUMS = frozenset({"add", "sub"})
_POWERS = frozenset({"pow", "sqrt", "square"})


class Fraction(NamedTuple):
    """A node as factor·u/v, to be derived by the formula above.

    Args:
        factor: what it is multiplied with; None for 1.
        u: the numerator, a power of a term of `total`.
        v: the denominator, the same power of `total`.
        total: the sum q.
        rest: what it has besides that term, w.
        exponent: the power p.
    """

    factor: int | None
    u: int
    v: int
    total: int
    rest: int
    exponent: float

    @property
    def needed(self) -> tuple[int, ...]:
        """The nodes whose derivatives that of the fraction is made of."""
        return (self.u, self.rest) if self.factor is None else (self.factor, self.u, self.rest)


class Fractions:
    """Finds saturated fractions among a builder's nodes.

    Args:
        algebra: writes nodes.
        nodes: all nodes.
    """

    def __init__(self, algebra: ChainRule, nodes: Sequence[Node]) -> None:
        self._algebra = algebra
        self._nodes = nodes
        self._found: dict[int, Fraction | None] = {}

    def get(self, index: int) -> Fraction | None:
        """A quotient as a saturated fraction, if it is one."""
        if not self._has_sum(self._nodes[index].args[1]):
            return None
        if index not in self._found:
            self._found[index] = next(self._readings(index), None)
        return self._found[index]

    def tangent(self, fraction: Fraction, tangents: Mapping[int, int | None]) -> int | None:
        """Its derivative, from those of what it is made of; None if it is structurally zero."""
        factor, u, v, total, rest, exponent = fraction
        make = self._algebra
        slope, of_rest = tangents[u], tangents[rest]
        own = None if slope is None else make.chained(rest, slope)
        if of_rest is not None:
            product = make.chained(make.mul(make.const(exponent), u), of_rest)
            own = make.negated(product) if own is None else make.difference(own, product)
        quotient = None if own is None else make.quotient(make.quotient(own, v), total)
        if factor is None:
            return quotient
        parts = [] if quotient is None else [make.chained(factor, quotient)]
        if (of_factor := tangents[factor]) is not None:
            parts.append(make.chained(make.div(u, v), of_factor))
        return None if not parts else parts[0] if len(parts) == 1 else make.add(*parts)

    def _has_sum(self, divisor: int) -> bool:
        node = self._nodes[divisor]
        return node.op in _SUMS or (node.op in _POWERS and self._nodes[node.args[0]].op in _SUMS)

    def _readings(self, index: int) -> Iterator[Fraction]:
        factors = self._algebra.factors(index)
        for total, exponent in factors.items():
            if exponent < 0 and self._nodes[total].op in _SUMS:
                terms = self._terms(total)
                for place in range(len(terms) if len(terms) <= _MOST_TERMS else 0):
                    fraction = self._by_term(factors, total, -exponent, terms, place)
                    if fraction is not None:
                        yield fraction

    def _by_term(
        self, factors: Mapping[int, float], total: int, exponent: float, terms: list[tuple[int, float]], place: int
    ) -> Fraction | None:
        make = self._algebra
        term = {base: power for base, power in make.factors(terms[place][0]).items() if make.constant(base) is None}
        if not term or any(factors.get(base) != exponent * power for base, power in term.items()):
            return None
        left = {base: power for base, power in factors.items() if base not in term and base != total}
        factor = self._product(left)
        u = self._product({base: exponent * power for base, power in term.items()})
        return Fraction(
            None if make.constant(factor) == 1 else factor,
            u, make.pow(total, make.const(exponent)), total, self._sum(terms, place), exponent,
        )  # fmt: skip

    def _terms(self, total: int) -> list[tuple[int, float]]:
        """The terms of a sum, each with its sign."""
        terms: list[tuple[int, float]] = []
        stack = [(total, 1.0)]
        while stack and len(terms) <= _MOST_TERMS:
            node, sign = stack.pop()
            op, arguments, _ = self._nodes[node]
            if op in _SUMS:
                stack += [(arguments[1], -sign if op == "sub" else sign), (arguments[0], sign)]
            else:
                terms.append((node, sign))
        return terms

    def _sum(self, terms: list[tuple[int, float]], left_out: int) -> int:
        rest = [(node, sign) for place, (node, sign) in enumerate(terms) if place != left_out]
        node, sign = rest[0]
        total = node if sign > 0 else self._algebra.neg(node)
        for node, sign in rest[1:]:
            total = self._algebra.op("add" if sign > 0 else "sub", total, node)
        return total

    def _product(self, factors: Mapping[int, float]) -> int:
        make = self._algebra
        product = make.const(1.0)
        for base, power in factors.items():
            if power > 0:
                product = make.mul(product, make.pow(base, make.const(power)))
        for base, power in factors.items():
            if power < 0:
                product = make.div(product, make.pow(base, make.const(-power)))
        return product
