"""The derivatives of max, min, clip and relu: choices between the derivatives of what they select from."""

from __future__ import annotations

from collections.abc import Mapping

from gridgrad_core.lang.algebra.chain_rule import ChainRule
from gridgrad_core.lang.algebra.choices import ordered
from gridgrad_core.lang.program.nodes import Node

__all__ = ["SELECTIONS", "Selections"]

SELECTIONS = frozenset({"maximum", "minimum", "fmax", "fmin", "clip", "relu"})
"""The functions whose derivatives are written here; of the others' selections the rules of the table say enough."""

_LARGER = ("maximum", "fmax")
_NAN_LOSES = ("fmax", "fmin")


class Selections:
    """Writes the derivatives of selections.

    Args:
        algebra: writes nodes.
        nodes: all nodes.
    """

    def __init__(self, algebra: ChainRule, nodes: list[Node]) -> None:
        self._algebra = algebra
        self._nodes = nodes

    def tangent(self, node: Node, tangents: Mapping[int, int | None]) -> int | None:
        """The derivative of a selection, from those of its arguments; None if it is structurally zero."""
        slopes = [tangents[argument] for argument in node.args]
        if all(slope is None for slope in slopes):
            return None
        known = [self._algebra.const(0.0) if slope is None else slope for slope in slopes]
        if node.op == "relu":
            return self._larger(node.args[0], self._algebra.const(0.0), known[0], self._algebra.const(0.0))
        if node.op == "clip":
            return self._clipped(node.args, known)
        return self._extreme(node, *known)

    def _clipped(self, arguments: tuple[int, ...], slopes: list[int]) -> int | None:
        """That of clip(x, low, high) with constant bounds; others are spelled as min(max(x, low), high)."""
        (x, low, high), (by_x, by_low, by_high) = arguments, slopes
        least, most = self._algebra.constant(low), self._algebra.constant(high)
        if least is not None and most is not None and least >= most:
            return None
        return self._larger(high, x, self._larger(x, low, by_x, by_low), by_high)

    def _extreme(self, node: Node, by_x: int, by_y: int) -> int:
        x, y = node.args
        nan_loses = node.op if node.op in _NAN_LOSES else ""
        if self._nodes[x].op == node.op:
            key, turned = ordered(x, y, nan_loses)
            terms, one = self._terms(x, node.op), self._algebra.const(1.0)
            # Weights go with the sides, and min has the derivative of its second argument where its first is larger
            turned = turned == (node.op in _LARGER)
            self._algebra.choices.weigh(key, *((one, terms) if turned else (terms, one)))
        above, below = (by_x, by_y) if node.op in _LARGER else (by_y, by_x)
        return self._larger(x, y, above, below, nan_loses)

    def _larger(self, x: int, y: int, above: int, below: int, nan_loses: str = "") -> int:
        """The choice of `above` where x > y, of `below` where x < y."""
        key, turned = ordered(x, y, nan_loses)
        sides = (below, above) if turned else (above, below)
        return self._algebra.choices.made(key, *sides)

    def _terms(self, x: int, op: str) -> int:
        """How many of the terms of max(a, b, c) have its value: written from the innermost outwards."""
        folded = []
        while self._nodes[x].op == op:
            folded.append(self._nodes[x].args)
            x = self._nodes[x].args[0]
        make, one = self._algebra.op, self._algebra.const(1.0)
        terms = one
        for first, second in reversed(folded):
            tie = make("where", make("eq", first, second), make("add", terms, one), one)
            terms = make("where", make("gt" if op in _LARGER else "lt", first, second), terms, tie)
        return terms
