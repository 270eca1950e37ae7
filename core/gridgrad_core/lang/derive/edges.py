"""Products of slopes that are 0·∞ at the edge of a domain, where one of both is known to win.

Slopes that vanish exponentially beat poles: exp(-1/x²) is 0 at 0 with all its derivatives. And where base and exponent
of a power go to 0 together, as in xˣ, it falls as steeply as ln x does.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence

from gridgrad_core.lang.algebra.chain_rule import ChainRule
from gridgrad_core.lang.program.nodes import Node

__all__ = ["VANISHING", "poles", "power_tangent", "vanishing"]

_EXPONENTIALS = frozenset({"exp", "exp2", "expm1", "pow"})
VANISHING = _EXPONENTIALS | {"sech", "tanh", "sigmoid", "erf", "erfc", "norm_pdf", "norm_cdf"}
"""The functions whose slopes vanish exponentially at one end or at both; powers do by an exponent."""

_DEEPEST = 6
_SUMS, _POWERS = frozenset({"add", "sub"}), frozenset({"pow", "square"})
_PASSED = {"add": 2, "sub": 2, "mul": 2, "neg": 1, "div": 1, "square": 1}
"""How many arguments of an operation may make it infinite; of powers it is the base where the exponent is positive."""


def poles(algebra: ChainRule, nodes: Sequence[Node], node: Node) -> tuple[int, ...]:
    """What a function's argument divides by, if those are inputs, or products of powers and multiples of them.

    Where one of them is 0 the function's slopes have a pole: in log(x)/(y*sqrt(z)) where y or z is.

    Args:
        algebra: knows what is constant.
        nodes: all nodes.
        node: one of the functions in `VANISHING`.
    """
    if node.op == "pow" and algebra.constant(node.args[0]) is None:
        return ()
    return tuple(dict.fromkeys(_poles(algebra, nodes, node.args[-1])))


def _poles(algebra: ChainRule, nodes: Sequence[Node], x: int, depth: int = 0) -> Iterator[int]:
    """Those of an argument; within powers of sums none, of which there are many that are no poles of the whole."""
    op, arguments, _value = nodes[x]
    power = (algebra.constant(arguments[1]) or 0.0) if op == "pow" else 0.0
    divisor = arguments[-1] if op in ("div", "reciprocal") else arguments[0] if power < 0 else -1
    if divisor >= 0 and _is_of_inputs(algebra, nodes, divisor):
        yield divisor
    within = arguments[: _PASSED.get(op, int(power > 0))]
    if depth < _DEEPEST and not (op in _POWERS and nodes[arguments[0]].op in _SUMS):
        for argument in dict.fromkeys(within):
            yield from _poles(algebra, nodes, argument, depth + 1)


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
    if op in _EXPONENTIALS:
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
