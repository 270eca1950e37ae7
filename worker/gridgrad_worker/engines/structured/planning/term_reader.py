"""Reads the nodes of a program as sums of terms, in bounded time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from gridgrad_core.lang.algebra.vanishing import VanishingChoices
from gridgrad_core.lang.program.nodes import Node
from gridgrad_worker.engines.structured.planning.terms import Addend, Exponential, Factor, Term, Trail, one_factor

__all__ = ["TermReader"]

_PRODUCTS = frozenset({"mul", "div", "neg"})
_SUMS = frozenset({"add", "sub", "neg"})
_MOST_STEPS = 1000
_MOST_FACTORS = 64


class TermReader:
    """Reads nodes as terms.

    What is shared is read again wherever it is used, so that reading is bounded.

    Args:
        nodes: of a program, arguments first.
        masks: of the nodes.

    Attributes:
        steps: how many nodes were looked at, again and again; the caller bounds it.
        sums: those that were taken apart for the terms last read.
    """

    def __init__(self, nodes: Sequence[Node], masks: Sequence[int]) -> None:
        self.steps = 0
        self.sums: set[int] = set()
        self._nodes = nodes
        self._masks = masks
        self._products: dict[int, tuple[Term, frozenset[int]]] = {}
        self._separable: dict[int, bool] = {}
        self._vanishing = VanishingChoices(nodes)

    def passes(self, node: int) -> bool:
        """Whether a node is a choice that is left out in terms."""
        return self._vanishing.chosen(node) is not None

    def terms(self, node: int) -> list[Addend] | None:
        """A node as a sum; None if that is read from more operations than there are.

        Args:
            node: of several dims.
        """
        most = self.steps + _MOST_STEPS + 4 * len(self._nodes)
        self.sums = set()
        found: list[Addend] = []
        stack = [(node, Term(), cast("Trail | None", None))]
        while stack:
            index, scale, trail = stack.pop()
            self.steps += 1
            addends = self._addends(index, scale)
            if addends is not None:
                self.sums.add(index)
                longer = Trail(frozenset((index,)), trail)
                for each, term in reversed(addends):
                    stack.append((each, term, longer))
                continue
            product, operations = self.product(index)
            longer = Trail(operations, trail)
            inner = self._sum_within(product)
            if inner is None:
                found.append(Addend(index, scale, product, longer))
            else:
                rest = product._replace(factors=tuple(f for f in product.factors if f != inner))
                stack.append((inner, scale.times(rest), longer))
            if self.steps > most or len(scale.factors) > _MOST_FACTORS:
                return None
        return found

    def product(self, node: int) -> tuple[Term, frozenset[int]]:
        """A node as a product of factors, and the operations on several dims that they were read from."""
        known = self._products.get(node)
        if known is None:
            known = self._products[node] = self._product(node)
        return known

    def _product(self, node: int) -> tuple[Term, frozenset[int]]:
        nodes, masks = self._nodes, self._masks
        negative = False
        sides: tuple[list[Factor], list[Factor]] = [], []
        read: set[int] = set()
        stack = [(node, False)]
        while stack:
            index, divides = stack.pop()
            self.steps += 1
            op, args, _ = nodes[index]
            mask = masks[index]
            several = mask & (mask - 1) != 0
            split = self._exponentials(args[0], read) if several and op == "exp" else None
            if split is not None:
                sides[divides].extend(split)
            elif op == "where" and not divides and (chosen := self._vanishing.chosen(index)) is not None:
                stack.append((chosen, divides))
            elif mask == 0 or op not in _PRODUCTS:
                sides[divides].append(index)
                continue
            elif op == "neg":
                negative = not negative
                stack.append((args[0], divides))
            else:
                stack.append((args[1], divides != (op == "div")))
                stack.append((args[0], divides))
            if several:
                read.add(index)
            if len(stack) + len(sides[0]) + len(sides[1]) > _MOST_FACTORS:
                return one_factor(node, False), frozenset()
        return Term(negative, tuple(sides[0]), tuple(sides[1])), frozenset(read)

    def _addends(self, index: int, scale: Term) -> list[tuple[int, Term]] | None:
        op, args, _ = self._nodes[index]
        if self._masks[index].bit_count() < 2:
            return None
        if op == "where" and (chosen := self._vanishing.chosen(index)) is not None:
            return [(chosen, scale)]
        if op not in _SUMS:
            return None
        opposite = scale._replace(negative=not scale.negative)
        if op == "neg":
            return [(args[0], opposite)]
        return [(args[0], scale), (args[1], scale if op == "add" else opposite)]

    def _sum_within(self, product: Term) -> int | None:
        """The one sum of several dims in a product whose other factors depend on few."""
        masks = self._masks
        several = [f for f in product.factors if (m := masks[f] if isinstance(f, int) else f.mask) & (m - 1)]
        if len(several) != 1 or any(self._depth(f) > 1 for f in product.divisors):
            return None
        (inner,) = several
        if isinstance(inner, Exponential) or self._nodes[inner].op not in ("add", "sub"):
            return None
        return inner if self._is_separable(inner) else None

    def _is_separable(self, node: int) -> bool:
        """Whether a sum has a product of different dims, and nothing but such products and factors."""
        known = self._separable.get(node)
        if known is None:
            known = self._separable[node] = self._looks_separable(node)
        return known

    def _looks_separable(self, node: int) -> bool:
        most = self.steps + _MOST_STEPS + 4 * len(self._nodes)
        stack, mixed = [node], False
        while stack and self.steps < most:
            index = stack.pop()
            self.steps += 1
            addends = self._addends(index, Term())
            if addends is not None:
                stack.extend(each for each, _ in addends)
                continue
            product, _ = self.product(index)
            if any(self._depth(f) > 1 for f in product.factors + product.divisors):
                return False
            mixed = mixed or self._masks[index].bit_count() > 1
        return mixed and not stack

    def _depth(self, factor: Factor) -> int:
        return (factor.mask if isinstance(factor, Exponential) else self._masks[factor]).bit_count()

    def _exponentials(self, argument: int, read: set[int]) -> list[Exponential] | None:
        """exp of a sum of terms of one dim each, as a product; None if it is no such sum."""
        seen: set[int] = set()
        parts: dict[int, list[Term]] = {}
        stack = [(argument, Term())]
        while stack:
            index, scale = stack.pop()
            self.steps += 1
            if len(seen) > _MOST_FACTORS:
                return None
            op, args, _ = self._nodes[index]
            addends = self._addends(index, scale)
            if self._masks[index].bit_count() > 1:
                seen.add(index)
            if addends is not None:
                stack.extend(reversed(addends))
            elif self._masks[index].bit_count() < 2:
                parts.setdefault(self._masks[index], []).append(scale.times(Term(factors=(index,))))
            elif op in ("mul", "div") and self._masks[args[1]] == 0:
                stack.append((args[0], scale.times(one_factor(args[1], op == "div"))))
            elif op == "mul" and self._masks[args[0]] == 0:
                stack.append((args[1], scale.times(one_factor(args[0], False))))
            else:
                return None
        read |= seen
        return [Exponential(tuple(terms), mask) for mask, terms in parts.items()]
