"""Sums over dims in programs of grids: each an input of what is computed after it, on the dims that are left.

Of a product each factor is summed on no more dims than it has: Σ u(t)·g(t, k)·v(k) over k is u(t) times a product of a
matrix and a vector, and what does not depend on k at all counts as often as k has values.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from gridgrad_core.lang.algebra.chain_rule import ChainRule
from gridgrad_core.lang.program.nodes import Builder

__all__ = ["DimSum", "DimSums", "Masks"]


class Masks:
    """The dims that each node of a builder depends on, a bit each.

    Args:
        builder: has the nodes, and may get more.
        inputs: the mask of each input, those of sums among them.
    """

    def __init__(self, builder: Builder, inputs: Mapping[str, int]) -> None:
        self._nodes = builder.nodes
        self._inputs = dict(inputs)
        self._known: list[int] = []

    def give(self, name: str, mask: int) -> None:
        """Says the mask of a new input."""
        self._inputs[name] = mask

    def __getitem__(self, node: int) -> int:
        for each in self._nodes[len(self._known) : node + 1]:
            mask = self._inputs.get(str(each.value), 0) if each.op == "input" else 0
            self._known.append(functools.reduce(operator.or_, [self._known[place] for place in each.args], mask))
        return self._known[node]


class DimSum(NamedTuple):
    """A sum over dims.

    Args:
        name: of the input that stands for it.
        plane: what is summed.
        factor: what it is multiplied with; None for 1.
        over: the dims that are summed over, of the two.
    """

    name: str
    plane: int
    factor: int | None
    over: int


class DimSums:
    """Writes sums over dims.

    Args:
        builder: has the nodes.
        algebra: writes them.
        masks: of the nodes.
        names: of the inputs that there are.

    Attributes:
        by_name: the sums by the names of the inputs that stand for them.
        lengths: the names of the inputs that are the lengths of dims, by dim.
    """

    def __init__(self, builder: Builder, algebra: ChainRule, masks: Masks, names: Collection[str]) -> None:
        self._builder = builder
        self._algebra = algebra
        self._masks = masks
        self._found: dict[tuple[int, int | None, int], int] = {}
        self.by_name: dict[str, DimSum] = {}
        self.lengths: dict[int, str] = {}
        self._prefix = ""
        while any(name.startswith((f"sum{self._prefix}_", f"length{self._prefix}_")) for name in names):
            self._prefix += "_"

    def of_product(self, factors: Sequence[int], over: int) -> int:
        """A product summed over dims.

        Args:
            factors: of the product.
            over: the dims, of which no factor need have any.
        """
        inside = self._merged([each for each in factors if self._masks[each] & over])
        outside = [each for each in factors if not self._masks[each] & over]
        varying = self._together(inside)
        lengths = [self._length(dim) for dim in range(over.bit_length()) if (over & ~varying) >> dim & 1]
        sums = []
        while inside:
            group = self._connected(inside, over)
            inside = [each for each in inside if each not in group]
            sums.append(self._of_group(group, over & self._together(group)))
        return self.product([*sums, *outside, *lengths])

    def product(self, factors: Sequence[int]) -> int:
        """The product of nodes, those of few dims first."""
        ordered = sorted(factors, key=lambda node: (self._masks[node].bit_count(), node))
        return functools.reduce(self._algebra.mul, ordered) if ordered else self._algebra.const(1.0)

    def of_pair(self, plane: int, factor: int | None, over: int) -> int:
        """The sum of a node, or of its product with another one, as an input."""
        key = plane, factor, over
        if key not in self._found:
            name = f"sum{self._prefix}_{len(self._found)}"
            self._found[key] = self._builder.input(name)
            both = self._masks[plane] | (0 if factor is None else self._masks[factor])
            self._masks.give(name, both & ~over)
            self.by_name[name] = DimSum(name, *key)
        return self._found[key]

    def _of_group(self, group: Sequence[int], over: int) -> int:
        """The sum of a product whose factors share dims that are summed over."""
        main, *others = sorted(group, key=lambda node: -self._masks[node].bit_count())
        if not others:
            return self.of_pair(main, None, over)
        if own := over & self._masks[main] & ~self._together(others):
            return self.of_product([self.of_pair(main, None, own), *others], over & ~own)
        for factor in others:
            rest = [each for each in others if each != factor]
            mask = self._masks[factor]
            alone = over & mask & ~self._together(rest)
            if alone and not mask & ~self._masks[main]:
                return self.of_product([self.of_pair(main, factor, alone), *rest], over & ~alone)
        return self.of_product([self._algebra.mul(main, others[0]), *others[1:]], over)

    def _merged(self, factors: Sequence[int]) -> list[int]:
        """Factors with those together that have the same dims."""
        by_mask: dict[int, int] = {}
        for each in factors:
            mask = self._masks[each]
            by_mask[mask] = self._algebra.mul(by_mask[mask], each) if mask in by_mask else each
        return [*by_mask.values()]

    def _connected(self, nodes: Sequence[int], over: int) -> list[int]:
        """The first of some nodes with all that share dims with it, or with one of these."""
        group, dims = [nodes[0]], self._masks[nodes[0]] & over
        while more := [each for each in nodes if each not in group and self._masks[each] & dims]:
            group += more
            dims |= self._together(more) & over
        return group

    def _together(self, nodes: Sequence[int]) -> int:
        return functools.reduce(operator.or_, [self._masks[each] for each in nodes], 0)

    def _length(self, dim: int) -> int:
        return self._builder.input(self.lengths.setdefault(dim, f"length{self._prefix}_{dim}"))
