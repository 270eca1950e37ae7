"""Between which numbers bounds of sums lie, as far as that shows: how many terms there may be at most."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from gridgrad_core.lang.program.nodes import Node

__all__ = ["ANYWHERE", "Range", "Ranges"]

Range = tuple[float, float]
"""The least and the largest number that there may be; whatever it is, nan may be there too."""

ANYWHERE: Range = (-math.inf, math.inf)

_RULES: dict[str, Callable[..., Range]] = {
    "add": lambda x, y: (x[0] + y[0], x[1] + y[1]),
    "sub": lambda x, y: (x[0] - y[1], x[1] - y[0]),
    "neg": lambda x: (-x[1], -x[0]),
    "where": lambda _, x, y: (min(x[0], y[0]), max(x[1], y[1])),
    "maximum": lambda x, y: (max(x[0], y[0]), max(x[1], y[1])),
    "minimum": lambda x, y: (min(x[0], y[0]), min(x[1], y[1])),
    "floor": lambda x: x if not all(map(math.isfinite, x)) else (float(math.floor(x[0])), float(math.floor(x[1]))),
}


class Ranges:
    """The ranges of nodes, found as they are asked for.

    Args:
        nodes: arguments first.
        known: the ranges of inputs by name; others are anywhere.
    """

    def __init__(self, nodes: Sequence[Node], known: Mapping[str, Range]) -> None:
        self._nodes = nodes
        self._known = known
        self._found: dict[int, Range] = {}

    def of(self, index: int) -> Range:
        """The range of a node."""
        stack = [index]
        while stack:
            node = self._nodes[stack[-1]]
            missing = [each for each in node.args if each not in self._found] if node.op in _RULES else []
            if missing:
                stack.extend(missing)
                continue
            self._found[stack.pop()] = self._range(node)
        return self._found[index]

    def _range(self, node: Node) -> Range:
        if node.op == "const":
            return ANYWHERE if math.isnan(node.number) else (node.number, node.number)
        if node.op == "input":
            return self._known.get(str(node.value), ANYWHERE)
        found = _RULES[node.op](*[self._found[each] for each in node.args]) if node.op in _RULES else ANYWHERE
        return ANYWHERE if any(map(math.isnan, found)) else found
