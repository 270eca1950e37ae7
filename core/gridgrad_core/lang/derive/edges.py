"""Products of slopes that are 0·∞ at the edge of a domain, where one of both is known to win.

Slopes that vanish exponentially beat poles: exp(-1/x²) is 0 at 0 with all its derivatives. And where base and exponent
of a power go to 0 together, as in xˣ, it falls as steeply as ln x does.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from gridgrad_core.lang.algebra.chain_rule import ChainRule
from gridgrad_core.lang.program.nodes import Node

__all__ = ["VANISHING", "poles", "power_tangent", "vanishing"]

VANISHING = frozenset({"exp", "exp2", "expm1", "sech", "tanh", "sigmoid", "erf", "erfc", "norm_pdf", "norm_cdf"})
"""The functions whose slopes vanish exponentially at one end or at both."""

_DEEPEST = 4


def poles(algebra: ChainRule, nodes: Sequence[Node], node: Node) -> tuple[int, ...]:
    """What a function's argument divides by, if those are inputs, or products of powers and multiples of them.

    Where one of them is 0 the function's slopes have a pole: in log(x)/(y*sqrt(z)) where y or z is. Exponentials count
    only where that is all that the argument depends on. Gaussians and exp(-t/tau) are factors of many sums, which are
    separated as long as they are factors in the derivatives too.

    Args:
        algebra: knows what is constant.
        nodes: all nodes.
        node: one of the functions in `VANISHING`.
    """
    return _poles(algebra, nodes, node.args[0], only=node.op.startswith("exp"))


def _poles(algebra: ChainRule, nodes: Sequence[Node], x: int, only: bool, depth: int = 0) -> tuple[int, ...]:
    """Those of an argument; with `only`, if it has nothing else."""
    op, arguments, _value = nodes[x]
    divisor = -1
    if op == "neg" or (op == "mul" and algebra.constant(arguments[0]) is not None):
        return _poles(algebra, nodes, arguments[-1], only, depth + 1) if depth < _DEEPEST else ()
    if op in ("add", "sub"):
        if only or depth == _DEEPEST:
            return ()
        both = [divisor for term in arguments for divisor in _poles(algebra, nodes, term, only, depth + 1)]
        return tuple(dict.fromkeys(both))
    if op in ("div", "reciprocal"):
        alone = op == "reciprocal" or algebra.constant(arguments[0]) is not None
        divisor = arguments[-1] if alone or not only else divisor
    elif op == "pow" and (algebra.constant(arguments[1]) or 0.0) < 0:
        divisor = arguments[0]
    return (divisor,) if divisor >= 0 and _is_of_inputs(algebra, nodes, divisor) else ()


def vanishing(algebra: ChainRule, divisors: Sequence[int], op: str, slope: int, tangent: int) -> int:
    """The product of a slope that vanishes exponentially and a derivative that may be infinite there.

    Args:
        algebra: writes nodes.
        divisors: where one of these is 0 the product is; of an exponential, which may be infinite too, where it is 0.
        op: the function.
        slope: its slope.
        tangent: the derivative of its argument.
    """
    zero = algebra.const(0.0)
    if op.startswith("exp"):
        return algebra.where(algebra.op("eq", slope, zero), zero, algebra.chained(slope, tangent))
    condition = functools.reduce(algebra.either, [algebra.op("eq", divisor, zero) for divisor in divisors])
    return algebra.guarded(condition, algebra.chained(slope, tangent))


def power_tangent(algebra: ChainRule, power: int, node: Node, tangents: Mapping[int, int]) -> int:
    """The derivative of x**y where both depend on the input: by y it is ln(x)·x**y at (0, 0) too, and not 0."""
    (x, y), make, zero = node.args, algebra.op, algebra.const(0.0)
    at_zero = make("eq", x, zero)
    lower = make("pow", x, make("sub", y, algebra.const(1.0)))
    by_x = make("where", make("and", at_zero, make("eq", y, zero)), zero, make("mul", y, lower))
    by_y = make("where", make("and", at_zero, make("gt", y, zero)), zero, make("mul", make("log", x), power))
    return algebra.add(algebra.chained(by_x, tangents[0]), algebra.chained(by_y, tangents[1]))


def _is_of_inputs(algebra: ChainRule, nodes: Sequence[Node], x: int) -> bool:
    """Whether a node is an input, or a product of powers and multiples of inputs."""
    powers = [(base, power) for base, power in algebra.factors(x).items() if algebra.constant(base) is None]
    return bool(powers) and all(power > 0 and _is_product(algebra, nodes, base) for base, power in powers)


def _is_product(algebra: ChainRule, nodes: Sequence[Node], base: int) -> bool:
    return nodes[base].op == "input" or (nodes[base].op == "mul" and _is_of_inputs(algebra, nodes, base))
