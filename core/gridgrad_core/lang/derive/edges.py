"""Products of slopes that are 0·∞ at the edge of a domain, where one of both is known to win.

Slopes that vanish exponentially beat poles: exp(-1/x²) is 0 at 0 with all its derivatives. And where base and exponent
of a power go to 0 together, as in xˣ, it falls as steeply as ln x does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gridgrad_core.lang.algebra.chain_rule import ChainRule
from gridgrad_core.lang.program.nodes import Node

__all__ = ["VANISHING", "has_pole", "power_tangent", "vanishing"]

VANISHING = frozenset({"exp", "exp2", "expm1", "sech", "tanh", "sigmoid", "erf", "erfc", "norm_pdf", "norm_cdf"})
"""The functions whose slopes vanish exponentially at one end or at both."""

_DEEPEST = 4


def has_pole(algebra: ChainRule, nodes: Sequence[Node], node: Node, name: str) -> bool:
    """Whether a function's argument divides by an input, a power or a multiple of one: slopes have poles.

    Exponentials count only where that is the input that they are derived by: exp(-t/tau) is a factor of many sums,
    which are separated as long as it is one in their derivatives too.

    Args:
        algebra: knows what is constant.
        nodes: all nodes.
        node: one of the functions in `VANISHING`.
        name: the input that is derived by.
    """
    pole = _pole(algebra, nodes, node.args[0])
    return pole is not None and (pole == name or not node.op.startswith("exp"))


def _pole(algebra: ChainRule, nodes: Sequence[Node], x: int, depth: int = 0) -> str | None:
    op, arguments, _ = nodes[x]
    if depth == _DEEPEST:
        return None
    if op == "neg":
        return _pole(algebra, nodes, arguments[0], depth + 1)
    if op == "mul" and algebra.constant(arguments[0]) is not None:
        return _pole(algebra, nodes, arguments[1], depth + 1)
    if op in ("div", "reciprocal"):
        return _only_input(algebra, nodes, arguments[-1])
    exponent = algebra.constant(arguments[1]) if op == "pow" else None
    return _only_input(algebra, nodes, arguments[0]) if exponent is not None and exponent < 0 else None


def vanishing(algebra: ChainRule, slope: int, tangent: int) -> int:
    """The product of a slope that vanishes exponentially and a derivative that may be infinite there."""
    zero = algebra.const(0.0)
    return algebra.where(algebra.op("eq", slope, zero), zero, algebra.chained(slope, tangent))


def power_tangent(algebra: ChainRule, power: int, node: Node, tangents: Mapping[int, int]) -> int:
    """The derivative of x**y where both depend on the input: by y it is ln(x)·x**y at (0, 0) too, and not 0."""
    (x, y), make, zero = node.args, algebra.op, algebra.const(0.0)
    at_zero = make("eq", x, zero)
    lower = make("pow", x, make("sub", y, algebra.const(1.0)))
    by_x = make("where", make("and", at_zero, make("eq", y, zero)), zero, make("mul", y, lower))
    by_y = make("where", make("and", at_zero, make("gt", y, zero)), zero, make("mul", make("log", x), power))
    return algebra.add(algebra.chained(by_x, tangents[0]), algebra.chained(by_y, tangents[1]))


def _only_input(algebra: ChainRule, nodes: Sequence[Node], x: int) -> str | None:
    """The input of which a node is a power or a multiple."""
    bases = [(base, power) for base, power in algebra.factors(x).items() if algebra.constant(base) is None]
    if len(bases) != 1 or bases[0][1] <= 0 or nodes[bases[0][0]].op != "input":
        return None
    return str(nodes[bases[0][0]].value)
