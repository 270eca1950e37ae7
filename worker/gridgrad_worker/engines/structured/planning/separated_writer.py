"""Writes separated programs: factored sums as products of sums, or as matrix products."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from gridgrad_core.lang.program.nodes import Builder, Node
from gridgrad_worker.engines.structured.planning.factored_sum import FactoredSum
from gridgrad_worker.engines.structured.planning.plan import SEPARATED
from gridgrad_worker.engines.structured.planning.terms import Exponential, Factor, Term

__all__ = ["CheckedTerm", "SeparatedWriter"]

_LARGEST_EXPONENT = 800
"""Of a constant, up or down, that others are multiplied into."""


class CheckedTerm(NamedTuple):
    """The factors of a term, as nodes: what is multiplied, what is divided by, and the arguments of exponentials."""

    factors: tuple[int, ...]
    divisors: tuple[int, ...]
    exponents: tuple[int, ...]
    negative_exponents: tuple[int, ...]


class SeparatedWriter:
    """Writes a separated program.

    Args:
        nodes: of the program that is separated.
        masks: of its nodes.

    Attributes:
        builder: has what was written.
        places: where it has each node that was written.
        checked: the terms of each sum that was changed.
        ranks: the number of terms of each matrix product.
    """

    def __init__(self, nodes: Sequence[Node], masks: Sequence[int]) -> None:
        self.builder = Builder()
        self.places: dict[int, int] = {}
        self.checked: list[tuple[CheckedTerm, ...]] = []
        self.ranks: list[int] = []
        # Terms of one sum are often those of others too, as derivatives of one exponential are
        self._sums: dict[tuple[Term, ...], int] = {}
        self._products: dict[tuple[tuple[Factor, ...], tuple[Factor, ...]], int] = {}
        self._checked: dict[tuple[tuple[Factor, ...], tuple[Factor, ...]], CheckedTerm] = {}
        self._nodes = nodes
        self._masks = masks

    def write(self, index: int, form: FactoredSum | None) -> None:
        """Writes a node, after all that it needs."""
        node = self._nodes[index]
        if form is not None:
            self.places[index] = self._form(form)
        elif node.op == "input":
            self.places[index] = self.builder.input(str(node.value))
        elif node.op == "const":
            self.places[index] = self.builder.const(node.number)
        else:
            self.places[index] = self.builder.op(node.op, *(self.places[a] for a in node.args))

    def _form(self, form: FactoredSum) -> int:
        self.checked.append(tuple(dict.fromkeys(map(self._checks, form.terms))))
        pairs = [(self._sum(left), self._sum(right)) for left, right in form.pairs]
        if form.passes(self._masks) <= form.matrix_product_cost:
            total = self._termwise(form, pairs)
        else:
            self.ranks.append(len(pairs))
            total = self.builder.op(SEPARATED, *(u for u, _ in pairs), *(v for _, v in pairs))
        return self._added([(False, total), *((term.negative, self._product(term)) for term in form.rest)])

    def _termwise(self, form: FactoredSum, pairs: Sequence[tuple[int, int]]) -> int:
        written = [self._pair(sides, places) for sides, places in zip(form.pairs, pairs, strict=True)]
        return self._added(sorted(written, key=lambda pair: pair[0]))

    def _pair(self, sides: tuple[tuple[Term, ...], tuple[Term, ...]], places: tuple[int, int]) -> tuple[bool, int]:
        """The product of two sums, and whether it is subtracted: what is multiplied by 1 or -1 is not multiplied."""
        (left, right), (u, v) = map(_sign, sides), places
        if left:
            return left < 0, v
        return (right < 0, u) if right else (False, self.builder.op("mul", u, v))

    def _sum(self, terms: tuple[Term, ...]) -> int:
        """A sum, beginning with a term that is not subtracted if there is one."""
        total = self._sums.get(terms)
        if total is None:
            ordered = sorted(terms, key=_is_negative) if len(terms) > 1 else terms
            total = self._sums[terms] = self._added([(term.negative, self._product(term)) for term in ordered])
        return total

    def _added(self, terms: Sequence[tuple[bool, int]]) -> int:
        """The sum of nodes, those subtracted that say so."""
        (negative, total), *rest = terms
        if negative:
            total = self.builder.op("neg", total)
        for subtracted, term in rest:
            total = self.builder.op("sub" if subtracted else "add", total, term)
        return total

    def _product(self, term: Term) -> int:
        """A product without its sign, what is constant first."""
        key = term.factors, term.divisors
        product = self._products.get(key)
        if product is None:
            product = self._products[key] = self._quotient(*map(self._multiplied, key))
        return product

    def _quotient(self, above: int | None, below: int | None) -> int:
        above = self.builder.const(1.0) if above is None else above
        return above if below is None else self.builder.op("div", above, below)

    def _multiplied(self, factors: Sequence[Factor]) -> int | None:
        nodes = self.builder.nodes
        places = sorted([self.places[f] if isinstance(f, int) else self._exponential(f) for f in factors])
        numbers = [nodes[place].number for place in places if nodes[place].op == "const"]
        written = places
        if numbers and (constant := _constant(numbers)) is not None:
            written = [place for place in places if nodes[place].op != "const"]
            if constant != 1.0 or not written:
                written.insert(0, self.builder.const(constant))
        if not written:
            return None
        total = written[0]
        for place in written[1:]:
            total = self.builder.op("mul", total, place)
        return total

    def _exponential(self, factor: Exponential) -> int:
        return self.builder.op("exp", self._sum(factor.parts))

    def _checks(self, term: Term) -> CheckedTerm:
        key = term.factors, term.divisors
        checks = self._checked.get(key)
        if checks is None:
            plain = [tuple([self.places[f] for f in each if isinstance(f, int)]) for each in key]
            exponents = [tuple([self._sum(f.parts) for f in each if isinstance(f, Exponential)]) for each in key]
            checks = self._checked[key] = CheckedTerm(*plain, *exponents)
        return checks


def _is_negative(term: Term) -> bool:
    return term.negative


def _sign(terms: tuple[Term, ...]) -> int:
    """1 or -1 where a sum is that number, one term without factors; else 0: 1 + 1 is neither."""
    if len(terms) != 1 or terms[0].factors or terms[0].divisors:
        return 0
    return -1 if terms[0].negative else 1


def _constant(numbers: Sequence[float]) -> float | None:
    """The product of some numbers; None if it comes near the ends of the normal ones.

    Exponents are added, so that no product on the way overflows or loses digits where the whole does not.
    """
    if len(numbers) == 1:
        return numbers[0]
    parts = [math.frexp(number) for number in numbers]
    exponent = sum(power for _, power in parts)
    if abs(exponent) > _LARGEST_EXPONENT:
        return None
    return math.ldexp(math.prod(fraction for fraction, _ in parts), exponent)
