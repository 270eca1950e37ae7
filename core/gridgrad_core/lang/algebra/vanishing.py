"""Choices of 0 where a factor is 0: `where(e == 0, 0, e*t)`, as derivatives of exponentials beside a pole are written.

They differ from `e*t` only where t is not finite, and there the guard keeps sums as they are written. So sums are
separated as if these choices were not there.
"""

from __future__ import annotations

from collections.abc import Sequence

from gridgrad_core.lang.program.nodes import Node

__all__ = ["VanishingChoices", "looks_vanishing"]

_DEEPEST = 24


def looks_vanishing(nodes: Sequence[Node], index: int) -> bool:
    """Whether a node is 0 where another is 0, and a third one elsewhere.

    Args:
        nodes: of a program.
        index: which of them.
    """
    op, arguments, _ = nodes[index]
    if op != "where" or not _is_zero(nodes[arguments[1]]):
        return False
    condition = nodes[arguments[0]]
    return condition.op == "eq" and _is_zero(nodes[condition.args[1]])


def _is_zero(node: Node) -> bool:
    return node.op == "const" and node.number == 0


class VanishingChoices:
    """Finds them.

    Args:
        nodes: of a program.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        self._has: dict[tuple[int, int], bool] = {}

    def chosen(self, index: int) -> int | None:
        """What a node is but for such a choice; None if it is none."""
        if not looks_vanishing(self._nodes, index):
            return None
        condition, _, other = self._nodes[index].args
        return other if self._has_factor(other, self._nodes[condition].args[0]) else None

    def _has_factor(self, index: int, factor: int, depth: int = 0) -> bool:
        """Whether a node, or each term of a sum, is a product with a factor."""
        key = index, factor
        if key not in self._has:
            self._has[key] = depth < _DEEPEST and self._finds_factor(index, factor, depth + 1)
        return self._has[key]

    def _finds_factor(self, index: int, factor: int, depth: int) -> bool:
        op, arguments, _ = self._nodes[index]
        if index == factor:
            return True
        if op == "mul":
            return any(self._has_factor(argument, factor, depth) for argument in arguments)
        if op in ("div", "neg"):
            return self._has_factor(arguments[0], factor, depth)
        if op in ("add", "sub"):
            return all(self._has_factor(argument, factor, depth) for argument in arguments)
        return looks_vanishing(self._nodes, index) and self._has_factor(arguments[2], factor, depth)
