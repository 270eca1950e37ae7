"""Quotients that are 0/0 at a point and smooth there, as functions of the language: tanh(u)/u is tanhc(u).

By the quotient rule their derivatives lose digits beside that point, and the higher ones all of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from gridgrad_core.lang.algebra.simplify import Algebra
from gridgrad_core.lang.program.nodes import Node

__all__ = ["langevin", "removable"]

_OF_NUMERATOR = {"sin": "sinc", "tanh": "tanhc", "expm1": "exprel", "log1p": "log1prel"}
"""f(u)/u by f."""


def removable(algebra: Algebra, nodes: Sequence[Node], x: int, divisor: int) -> int | None:
    """x over a divisor, if it is a function f(u)/u or u/f(u) of the language times what is left of both.

    Args:
        algebra: writes nodes.
        nodes: all nodes.
        x: the numerator.
        divisor: the denominator.
    """
    vanishing, below = _vanishing(algebra, nodes, x), _exponential_less_one(algebra, nodes, divisor)
    if vanishing is not None:
        name, argument, sign = vanishing
        scale = _ratio(algebra, argument, divisor)
        if name == "sinc":
            argument = algebra.mul(algebra.const(1 / math.pi), argument)
    elif below is not None:
        (argument, sign), name = below, "bernoulli"
        scale = _ratio(algebra, x, argument)
    else:
        return None
    if scale is None:
        return None
    return algebra.mul(algebra.mul(algebra.const(sign), scale), algebra.op(name, argument))


def langevin(algebra: Algebra, nodes: Sequence[Node], node: Node) -> int | None:
    """coth(u) - 1/u, or 1/tanh(u) - 1/u or cosh(u)/sinh(u) - 1/u."""
    first, second = (nodes[argument] for argument in node.args)
    argument = _inverse(algebra, second)
    if argument is None or first.op not in ("div", "reciprocal", "coth"):
        return None
    if first == Node("coth", (argument,)):
        return algebra.op("langevin", argument)
    tangent, hyperbolic = _inverse(algebra, first), (Node("cosh", (argument,)), Node("sinh", (argument,)))
    is_coth = tangent is not None and nodes[tangent] == Node("tanh", (argument,))
    if not is_coth and tuple(nodes[each] for each in first.args) != hyperbolic:
        return None
    return algebra.op("langevin", argument)


def _exponential_less_one(algebra: Algebra, nodes: Sequence[Node], x: int) -> tuple[int, float] | None:
    """The u of eᵘ - 1 and 1, or of 1 - eᵘ and -1."""
    op, arguments, _ = nodes[x]
    if op == "expm1":
        return arguments[0], 1.0
    for (exponential, one), sign in ((arguments, 1.0), (arguments[::-1], -1.0)) if op == "sub" else ():
        if algebra.constant(one) == 1 and nodes[exponential].op == "exp":
            return nodes[exponential].args[0], sign
    return None


def _vanishing(algebra: Algebra, nodes: Sequence[Node], x: int) -> tuple[str, int, float] | None:
    """The function of f(u)/u, u, and the sign of f."""
    op, arguments, _ = nodes[x]
    if op in _OF_NUMERATOR:
        return _OF_NUMERATOR[op], arguments[0], 1.0
    if op == "log" and nodes[arguments[0]].op == "add":
        terms = nodes[arguments[0]].args
        for one, other in (terms, terms[::-1]):
            if algebra.constant(one) == 1:
                return "log1prel", other, 1.0
    found = _exponential_less_one(algebra, nodes, x)
    return None if found is None else ("exprel", *found)


def _inverse(algebra: Algebra, node: Node) -> int | None:
    """The u of 1/u."""
    if node.op == "reciprocal" or (node.op == "div" and algebra.constant(node.args[0]) == 1):
        return node.args[-1]
    return None


def _ratio(algebra: Algebra, x: int, y: int) -> int | None:
    """A quotient of two products that have a factor in common which is no constant, without it."""
    if x == y:
        return algebra.const(1.0)
    above, below = algebra.factors(x), algebra.factors(y)
    common = [base for base, power in above.items() if power > 0 and below.get(base, 0) > 0]
    if all(algebra.constant(base) is not None for base in common):
        return None
    ratio = algebra.const(1.0)
    powers = {base: above.get(base, 0) - below.get(base, 0) for base in (*above, *below)}
    for base, power in powers.items():
        if power > 0:
            ratio = algebra.mul(ratio, algebra.pow(base, algebra.const(power)))
    for base, power in powers.items():
        if power < 0:
            ratio = algebra.div(ratio, algebra.pow(base, algebra.const(-power)))
    return ratio
