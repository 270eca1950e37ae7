"""Conditions and what is chosen by them, with those that are known decided.

Comparisons of constants are decided, and so is what is made of conditions that are.
"""

from __future__ import annotations

from collections.abc import Callable

from gridgrad_core.lang.algebra.constants import Constants
from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.operations import COMPARISONS

__all__ = ["FALSE", "TRUE", "Conditions"]

TRUE, FALSE = -1, -2
"""What stands for a condition that is decided; no node, since the language has no such constants."""


class Conditions:
    """Adds conditions and choices to a builder, as few as it can.

    Args:
        builder: where the nodes go.

    Attributes:
        reading: learns, in steps, which of the nodes added by others are constant.
        constant: the value of a node that is known to be constant, else None.
        const: the node of a number.
    """

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._nodes = builder.nodes
        self._constants = Constants(builder)
        self.reading = self._constants.reading
        self.constant = self._constants.get
        self.const = self._constants.add
        self._write: Callable[..., int] = builder.op

    def where(self, condition: int, x: int, y: int) -> int:
        """The choice; as a derivative, what the side not taken would be is never looked at."""
        if condition in (TRUE, FALSE):
            return x if condition == TRUE else y
        x, y = self._side(condition, x, 1), self._side(condition, y, 2)
        return x if x == y else self._write("where", condition, x, y)

    def _side(self, condition: int, x: int, place: int) -> int:
        """What a side of a choice is where it counts, if it is a choice by the same condition."""
        op, arguments, _ = self._nodes[x]
        return arguments[place] if op == "where" and arguments[0] == condition else x

    def both(self, x: int, y: int) -> int:
        """Whether both conditions hold."""
        if FALSE in (x, y):
            return FALSE
        if TRUE in (x, y):
            return y if x == TRUE else x
        return self._builder.op("and", x, y)

    def either(self, x: int, y: int) -> int:
        """Whether one condition holds, or both."""
        if TRUE in (x, y):
            return TRUE
        if FALSE in (x, y):
            return y if x == FALSE else x
        return self._builder.op("or", x, y)

    def no(self, x: int) -> int:
        """Whether a condition does not hold."""
        if x in (TRUE, FALSE):
            return FALSE if x == TRUE else TRUE
        return self._builder.op("not", x)

    def compare(self, name: str, x: int, y: int) -> int:
        """A comparison; of constants it is decided."""
        if name == "ne" and self._is_condition(x):
            # A rule of the table reads the condition of a choice like a number
            return x
        first, second = self.constant(x), self.constant(y)
        if first is None or second is None:
            return self._builder.op(name, x, y)
        return TRUE if COMPARISONS[name](first, second) else FALSE

    def _is_condition(self, x: int) -> bool:
        op = self._nodes[x].op
        return op in FUNCTIONS and FUNCTIONS[op].result == "boolean"
