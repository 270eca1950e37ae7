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


def has_pole(algebra: ChainRule, nodes: Sequence[Node], node: Node) -> bool:
    """Whether a function's argument divides by an input, or a power or a multiple of one: its slopes have a pole there.

    Exponentials count only where that is all that the argument depends on. Gaussians and exp(-t/tau) are factors of
    many sums, which are separated as long as they are factors in the derivatives too.

    Args:
        algebra: knows what is constant.
        nodes: all nodes.
        node: one of the functions in `VANISHING`.
    """
    x = node.args[0]
    for _ in range(_DEEPEST):
        op, arguments, _value = nodes[x]
        if op in ("neg", "mul") and (op == "neg" or algebra.constant(arguments[0]) is not None):
            x = arguments[-1]
        elif op in ("div", "reciprocal"):
            alone = op == "reciprocal" or algebra.constant(arguments[0]) is not None
            return _is_input(algebra, nodes, arguments[-1]) and (alone or not node.op.startswith("exp"))
        else:
            exponent = algebra.constant(arguments[1]) if op == "pow" else None
            return exponent is not None and exponent < 0 and _is_input(algebra, nodes, arguments[0])
    return False


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


def _is_input(algebra: ChainRule, nodes: Sequence[Node], x: int) -> bool:
    """Whether a node is an input, or a power or a multiple of one."""
    bases = [(base, power) for base, power in algebra.factors(x).items() if algebra.constant(base) is None]
    return len(bases) == 1 and bases[0][1] > 0 and nodes[bases[0][0]].op == "input"
