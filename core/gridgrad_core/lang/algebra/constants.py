"""Which nodes are constant, and what they come to: `2/3` is one, though it is an operation."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator

from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.operations import ARITHMETIC

__all__ = ["Constants"]

_LARGEST_EXPONENT = 1024
_FOLDED = {op: ARITHMETIC[op] for op in ("add", "sub", "mul", "div", "neg", "pow")}


class Constants:
    """The constants among a builder's nodes.

    Args:
        builder: has the nodes; others may add to it.

    Attributes:
        get: the value of a node that is known to be constant, else None.
    """

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._values: dict[int, float] = {}
        self._read = 0
        self.get: Callable[[int], float | None] = self._values.get

    def reading(self) -> Generator[None, None, None]:
        """Learns, in steps, which of the nodes added by others are constant."""
        nodes = self._builder.nodes
        while self._read < len(nodes):
            for index in range(self._read, min(self._read + limits.STEP_NODES, len(nodes))):
                self._learn(index)
                self._read = index + 1
            yield

    def add(self, value: float) -> int:
        """The node of a number."""
        node = self._builder.const(value)
        self._values[node] = float(value)
        return node

    def computed(self, op: str, arguments: tuple[int, ...]) -> float | None:
        """What an operation on constants comes to in float64.

        None where an argument is no constant, the result not finite, or the operation none of +, -, *, /, a sign and
        an integer power.
        """
        known = self._values
        for node in arguments:
            if node not in known:  # most often, and so first
                return None
        if op not in _FOLDED:
            return None
        values = [known[node] for node in arguments]
        if op == "pow" and not (values[1].is_integer() and abs(values[1]) <= _LARGEST_EXPONENT):
            return None
        try:
            value = _FOLDED[op](*values)
        except (ArithmeticError, ValueError):
            return None
        return value if math.isfinite(value) else None

    def _learn(self, index: int) -> None:
        node = self._builder.nodes[index]
        if node.op == "const":
            self._values[index] = node.number
        elif node.op in _FOLDED:
            value = self.computed(node.op, node.args)
            if value is not None:
                self._values[index] = value
