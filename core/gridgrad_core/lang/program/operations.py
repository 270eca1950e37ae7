"""The operators of the language: how each is written, how strongly it binds, and what it is of two numbers.

The parser, the printer and what computes constants read the same rows.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import NamedTuple

__all__ = [
    "AND",
    "ARITHMETIC",
    "ATOM",
    "COMPARISON",
    "COMPARISONS",
    "FLOOR",
    "INFIXES",
    "NOT",
    "POWER",
    "PREFIXES",
    "SIGN",
    "TERNARY",
    "Operator",
]

FLOOR, TERNARY, OR, AND, NOT, COMPARISON, SUM, PRODUCT, SIGN, POWER, ATOM = range(11)
"""How strongly things bind, from what only its own end closes to what nothing can pull apart. Python's order."""


class Operator(NamedTuple):
    """How an operator is written.

    Args:
        sign: what stands before or between its operands, with its spaces.
        power: how strongly it binds.
    """

    sign: str
    power: int


PREFIXES = {"not": Operator("not ", NOT), "neg": Operator("-", SIGN)}
"""The operations that are written before their operand, by name."""

INFIXES = {
    "or": Operator(" or ", OR),
    "and": Operator(" and ", AND),
    "lt": Operator(" < ", COMPARISON),
    "le": Operator(" <= ", COMPARISON),
    "gt": Operator(" > ", COMPARISON),
    "ge": Operator(" >= ", COMPARISON),
    "eq": Operator(" == ", COMPARISON),
    "ne": Operator(" != ", COMPARISON),
    "add": Operator(" + ", SUM),
    "sub": Operator(" - ", SUM),
    "mul": Operator("*", PRODUCT),
    "div": Operator("/", PRODUCT),
    "floordiv": Operator("//", PRODUCT),
    "mod": Operator(" % ", PRODUCT),
    "pow": Operator("**", POWER),
}
"""The operations that are written between their operands, by name."""

ARITHMETIC: dict[str, Callable[..., float]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "neg": operator.neg,
    "pow": math.pow,
}
"""What the operations on numbers are in float64; where the language has inf or nan they may raise."""

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "eq": operator.eq,
    "ne": operator.ne,
}
"""What the comparisons are."""
