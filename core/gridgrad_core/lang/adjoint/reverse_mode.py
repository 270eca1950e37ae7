"""Reverse mode on nodes: the adjoints of inputs, from the rules by which forward mode derives.

The adjoint of a node is the sum over the nodes made of it of their adjoints times their slopes by it. Slopes are what
forward mode gives where the derivative of one argument is 1, so both modes have one table of rules, and the same
choices at corners: what is not chosen has the adjoint 0, whatever it is multiplied with.

Where an argument has fewer dims than what is made of it, its adjoint is summed over the others at once, and goes on
with few numbers. Until then an adjoint is kept as a node times factors of fewer dims. So the adjoints of a hundred
coefficients in a sum of a hundred products are one plane, summed against a hundred vectors.

A. Griewank and A. Walther, Evaluating Derivatives, 2nd ed. (2008), chapter 3.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gridgrad_core.lang.adjoint.dim_sums import DimSums, Masks
from gridgrad_core.lang.adjoint.exponentials import with_products
from gridgrad_core.lang.algebra.chain_rule import CHOICES
from gridgrad_core.lang.derive.forward_mode import Tangents
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished

__all__ = ["Adjoints", "ReverseMode"]

_MOST_PARTS = 8
"""Of an adjoint; more are added up."""


class Adjoints(NamedTuple):
    """The gradient of Σ cotangent·f, as nodes.

    Args:
        value: the sum itself.
        gradient: for each input that it is by, the node of its gradient, on the dims of the input or fewer; None for a
            structural zero.
    """

    value: int
    gradient: Mapping[str, int | None]


class _Part(NamedTuple):
    """A summand of an adjoint: a node times factors of fewer dims, one for each mask."""

    plane: int
    factors: Mapping[int, int]


class ReverseMode:
    """Derives a program backwards.

    Args:
        program: what to derive.
        cotangents: of its components, a program with as many; None for ones.
        inputs: the mask of each input.
        limit: how many nodes may be written down.
        multiplying: whether exponentials of sums are derived as products of exponentials of fewer dims.

    Attributes:
        builder: has the nodes.
        masks: of the nodes.
        sums: those over dims.
        watched: the factors of such products, which are right while none of these is large.
    """

    def __init__(
        self,
        program: Program,
        cotangents: Program | None,
        inputs: Mapping[str, int],
        limit: int = limits.MAX_DERIVED,
        *,
        multiplying: bool = False,
    ) -> None:
        self.builder = Builder()
        self._values = _taken(program, self.builder)
        self._given = _taken(cotangents, self.builder) if cotangents else None
        self.masks = Masks(self.builder, inputs)
        self._full = functools.reduce(lambda x, y: x | y, inputs.values(), 0)
        self._tangents = Tangents(self.builder, limit)
        self._algebra = self._tangents.algebra
        self.sums = DimSums(self.builder, self._algebra, self.masks, inputs.keys())
        self._nodes = self.builder.nodes
        self._parts: dict[int, dict[int, list[_Part]]] = {}
        finished(self._tangents.reading())
        self._outputs, self.watched = self._values, list[int]()
        if multiplying:
            self._outputs, self.watched = with_products(program, self.builder, self._algebra, self.masks)

    def derive(self, wrt: Sequence[str]) -> Adjoints:
        """The adjoints of inputs.

        Raises:
            TooLargeError: more nodes were needed than the limit.
        """
        finished(self._tangents.reading())
        one = self._algebra.const(1.0)
        cotangents = self._given or [one] * len(self._values)
        values = [self._weighed(*each) for each in zip(self._values, cotangents, strict=True)]
        order, arguments = self._ordered(frozenset(wrt))
        for output, cotangent in zip(self._outputs, cotangents, strict=True):
            if output in arguments:
                self._add(output, _Part(cotangent, {}), self._full)
        gradient: dict[str, int | None] = dict.fromkeys(wrt)
        for index in order:
            parts = self._gathered(index)
            if self._nodes[index].op == "input":
                gradient[str(self._nodes[index].value)] = self._total(parts)
            else:
                self._hand_on(index, parts, arguments[index])
        return Adjoints(functools.reduce(self._algebra.add, values), gradient)

    def _weighed(self, output: int, cotangent: int) -> int:
        """Σ cotangent·f of one component, its points one by one."""
        if self._nodes[cotangent].op == "input" and self.masks[output] == self._full:
            return self.sums.of_pair(output, cotangent, self._full)
        return self.sums.of_product([self._algebra.chained(output, cotangent)], self._full)

    def _ordered(self, wrt: frozenset[str]) -> tuple[list[int], dict[int, tuple[int, ...]]]:
        """The nodes that depend on these inputs, each before its arguments, and those of each that do too."""
        found: dict[int, tuple[int, ...]] = {}
        arguments: dict[int, tuple[int, ...]] = {}
        order: list[int] = []
        stack = list(self._outputs)
        while stack:
            index = stack[-1]
            if index not in found:
                found[index] = self._tangents.arguments(index)
            missing = [each for each in found[index] if each not in found]
            if missing:
                stack.extend(missing)
                continue
            stack.pop()
            moving = tuple([each for each in found[index] if each in arguments])
            node = self._nodes[index]
            if index not in arguments and (moving or (node.op == "input" and node.value in wrt)):
                arguments[index] = moving
                order.append(index)
        return order[::-1], arguments

    def _hand_on(self, index: int, parts: list[_Part], arguments: Sequence[int]) -> None:
        """Gives each argument of a node its share of the adjoint."""
        mask = self.masks[index]
        for argument in arguments:
            slope = self._tangents.slope(index, argument) if parts else None
            if slope is None:
                continue
            lower, whole = self._split(slope, mask)
            # Products of several summands would become more and more of them
            for part in parts if self._algebra.constant(slope) is not None else self._merged(parts):
                self._add(argument, self._times(part, slope, lower, whole), mask)

    def _add(self, node: int, part: _Part, mask: int) -> None:
        """Adds a summand that varies along these dims to an adjoint."""
        self._parts.setdefault(node, {}).setdefault(mask, []).append(part)

    def _gathered(self, index: int) -> list[_Part]:
        """The adjoint of a node, to which all nodes made of it have added, on its own dims."""
        mask, gathered = self.masks[index], list[_Part]()
        for own, parts in self._parts.pop(index, {}).items():
            parts = self._alike(parts)
            if over := own & ~mask:
                parts = [_Part(self.sums.of_product([p.plane, *p.factors.values()], over), {}) for p in parts]
            gathered += parts
        gathered = self._alike(gathered)
        return gathered if len(gathered) <= _MOST_PARTS else self._merged(gathered)

    def _times(self, part: _Part, slope: int, lower: Sequence[int], whole: int | None) -> _Part:
        """A summand times a slope, which is a product of nodes of fewer dims and one of all."""
        if self._algebra.constant(slope) == 1:
            return part
        if self._nodes[part.plane].op in CHOICES or self._nodes[slope].op in CHOICES:
            return _Part(self._algebra.chained(slope, self._value(part)), {})
        factors = dict(part.factors)
        for each in lower:
            mask = self.masks[each]
            factors[mask] = self._algebra.mul(factors[mask], each) if mask in factors else each
        plane = part.plane if whole is None else self._algebra.chained(whole, part.plane)
        return _Part(plane, factors)

    def _split(self, slope: int, mask: int) -> tuple[list[int], int | None]:
        """A slope as factors of fewer dims than a mask, and one of all of them."""
        lower: list[int] = []
        whole: int | None = None
        stack = [slope]
        while stack:
            index = stack.pop()
            op, arguments, _ = self._nodes[index]
            if self.masks[index] != mask:
                lower.append(index)
            elif op == "mul":
                stack.extend(arguments)
            elif op == "neg":
                lower.append(self._algebra.const(-1.0))
                stack.extend(arguments)
            else:
                whole = index if whole is None else self._algebra.mul(whole, index)
        return lower, whole

    def _alike(self, parts: Sequence[_Part]) -> list[_Part]:
        """Summands with those together that differ in one factor, or in their nodes alone."""
        by_plane: dict[tuple[int, int], _Part] = {}
        others: list[_Part] = []
        for part in parts:
            if len(part.factors) > 1 or self._nodes[part.plane].op in CHOICES:
                others.append(part)
                continue
            ((mask, factor),) = part.factors.items() or [(0, self._algebra.const(1.0))]
            if known := by_plane.get((part.plane, mask)):
                factor = self._algebra.total(known.factors[mask], factor)
            by_plane[part.plane, mask] = _Part(part.plane, {mask: factor})
        plain = [each for (_, mask), each in by_plane.items() if not mask]
        factored = [each for (_, mask), each in by_plane.items() if mask]
        merged = [plain[0]] if len(plain) == 1 else [_Part(self._sum(plain), {})] if plain else []
        return [*merged, *factored, *self._choices(others)]

    def _choices(self, parts: Sequence[_Part]) -> list[_Part]:
        """Summands with those together that are choices by one condition."""
        found: dict[object, _Part] = {}
        for part in parts:
            node = self._nodes[part.plane]
            if node.op not in CHOICES or part.factors:
                found[len(found), "factored"] = part
                continue
            key = (node.args[0], *[self._algebra.constant(side) == 0 for side in node.args[1:]])
            if key in found:
                found[key] = _Part(self._algebra.choice_sum(found[key].plane, part.plane), {})
            else:
                found[key] = part
        return [*found.values()]

    def _merged(self, parts: Sequence[_Part]) -> list[_Part]:
        """Summands that are one, but for choices, which stay outermost."""
        if len(parts) == 1:
            return [*parts]
        choices = [each for each in parts if self._nodes[each.plane].op in CHOICES]
        others = [each for each in parts if self._nodes[each.plane].op not in CHOICES]
        if len(choices) > _MOST_PARTS:
            return [_Part(self._sum(parts), {})]
        return ([_Part(self._sum(others), {})] if others else []) + choices

    def _total(self, parts: Sequence[_Part]) -> int | None:
        return self._sum(parts) if parts else None

    def _sum(self, parts: Sequence[_Part]) -> int:
        return functools.reduce(self._algebra.total, [self._value(part) for part in parts])

    def _value(self, part: _Part) -> int:
        """A summand as one node."""
        ordered = sorted(part.factors.items(), key=lambda each: each[0].bit_count())
        factors = [factor for _, factor in ordered if self._algebra.constant(factor) != 1]
        if not factors:
            return part.plane
        return self._algebra.chained(functools.reduce(self._algebra.mul, factors), part.plane)


def _taken(program: Program, builder: Builder) -> list[int]:
    """Gives a builder the nodes of a program; where its outputs are then."""
    places: list[int] = []
    for node in program.nodes:
        places.append(builder.take(node._replace(args=tuple([places[each] for each in node.args]))))
    return [places[output] for output in program.outputs]
