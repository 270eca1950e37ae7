"""What some operations are derived as: the same function, spelled so that its slopes stay finite and keep their digits.

Values are computed as they are written. Derivatives are those of the spelling that is better to derive:

* what can't be negative is its own absolute value, and its own maximum with 0;
* n/(1 + eᵘ) is n·sigmoid(-u), ln(1 + eᵘ) softplus(u), n/(eᵘ - 1) is written with e⁻ᵘ where u > 0, and n/cosh(u)^p is
  n·sech(u)^p: the exponential may overflow, and inf/inf is nan;
* x/hypot(x, y) is direction(x, y), and tanh(u)/u is tanhc(u), as are other quotients that are 0/0 and smooth;
* (u²)^p is |u|^(2p), √u² is |u|, √(k·u²) is √k·|u|, and (u² + v²)^p with a broken p > 1 is hypot(u, v)^(2p);
* √(1 - cos(u)) is √2·|sin(u/2)|, cos(n·arccos(u)) a polynomial of u, and sin(arccos(u))² is √(1 - u²)² (`angles`);
* clip(x, low, high) with bounds that are no constants is min(max(x, low), high) where low < high, else high.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from gridgrad_core.lang.algebra.angles import multiple_angle, power_of_sine, root_of_square
from gridgrad_core.lang.algebra.simplify import Algebra
from gridgrad_core.lang.derive.removable import langevin, removable
from gridgrad_core.lang.program.nodes import Node

__all__ = ["SPELLINGS", "spelling"]

_NEVER_NEGATIVE = frozenset({
    "square", "abs", "exp", "exp2", "sqrt", "hypot", "cosh", "sech", "sigmoid", "softplus", "norm_pdf", "norm_cdf",
    "erfc", "erfcx", "arccosh", "arccos", "relu", "gammainc", "gammaincc", "gammaincinv", "i0", "k0", "k1", "kn",
    "beta", "betainc", "student_t_cdf", "bivariate_norm_cdf", "voigt_profile",
    "exp1", "expn", "ellipk", "ellipe", "ellipkm1", "elliprf", "elliprd",
})  # fmt: skip
_DEEPEST = 20
_FEW = 4  # products within each other


def spelling(algebra: Algebra, nodes: Sequence[Node], index: int) -> int | None:
    """The node that a node is derived as; None if it is derived as it is written.

    Args:
        algebra: writes nodes.
        nodes: all nodes.
        index: a node of an operation in `SPELLINGS`.
    """
    return SPELLINGS[nodes[index].op](algebra, nodes, nodes[index])


def _never_negative(algebra: Algebra, nodes: Sequence[Node], x: int, depth: int = 0) -> bool:
    """Whether a node is 0 or more, or nan, whatever the inputs are, as far as that can be seen."""
    op, arguments, _ = nodes[x]
    constant = algebra.constant(x)
    if constant is not None or op in _NEVER_NEGATIVE or depth > _DEEPEST:
        return op in _NEVER_NEGATIVE or (constant is not None and constant >= 0)
    if op == "mul" and arguments[0] == arguments[1]:
        return True
    if op == "pow":
        exponent = algebra.constant(arguments[1])
        return exponent is not None and (exponent % 2 == 0 or not exponent.is_integer())
    if op in ("add", "mul", "div", "minimum"):
        return all(_never_negative(algebra, nodes, argument, depth + 1) for argument in arguments)
    return False


def _positive_part(algebra: Algebra, nodes: Sequence[Node], node: Node) -> int | None:
    for x, other in (node.args, node.args[::-1]):
        if algebra.constant(other) == 0 and _never_negative(algebra, nodes, x):
            return x
    return None


def _ramp(algebra: Algebra, nodes: Sequence[Node], node: Node) -> int | None:
    return node.args[0] if _never_negative(algebra, nodes, node.args[0]) else None


def _root(algebra: Algebra, nodes: Sequence[Node], node: Node) -> int | None:
    """√u² as |u|, √u⁴ as u²."""
    return _power_of_power(algebra, nodes, node.args[0], 0.5)


def _power(algebra: Algebra, nodes: Sequence[Node], node: Node) -> int | None:
    """(u²)^p as |u|^(2p), (u² + v²)^p as hypot(u, v)^(2p)."""
    exponent = algebra.constant(node.args[1])
    if exponent is None:
        return None
    if (sine := power_of_sine(algebra, nodes, node)) is not None or exponent.is_integer():
        return sine
    distance = _distance(algebra, nodes, nodes[node.args[0]]) if exponent > 1 else None
    if distance is not None:
        return algebra.op("pow", distance, algebra.const(2 * exponent))
    return _power_of_power(algebra, nodes, node.args[0], exponent)


def _distance(algebra: Algebra, nodes: Sequence[Node], x: Node) -> int | None:
    """The root of a sum of two squares."""
    parts = [_squared(algebra, nodes, argument) for argument in x.args] if x.op == "add" else [None]
    known = [part for part in parts if part is not None]
    return algebra.op("hypot", *known) if len(known) == len(parts) else None


def _squared(algebra: Algebra, nodes: Sequence[Node], index: int) -> int | None:
    """What a node is the square of."""
    x = nodes[index]
    if x.op in ("mul", "div") and x.args[0] != x.args[1]:
        roots = [_root_of_factor(algebra, nodes, argument) for argument in x.args]
        known = [root for root in roots if root is not None]
        return algebra.op(x.op, *known) if len(known) == len(roots) else None
    is_square = x.op == "square" or (x.op == "mul" and x.args[0] == x.args[1])
    return x.args[0] if is_square or (x.op == "pow" and algebra.constant(x.args[1]) == 2) else None


def _root_of_factor(algebra: Algebra, nodes: Sequence[Node], index: int) -> int | None:
    """That of a square or of a positive constant."""
    number = algebra.constant(index)
    if number is None:
        return _squared(algebra, nodes, index)
    return algebra.const(math.sqrt(number)) if number > 0 else None


def _power_of_power(algebra: Algebra, nodes: Sequence[Node], x: int, exponent: float) -> int | None:
    op, arguments, _ = nodes[x]
    if op == "mul" and arguments[0] == arguments[1]:
        inner: float | None = 2.0
    elif op == "square":
        inner = 2.0
    else:
        inner = algebra.constant(arguments[1]) if op == "pow" else None
    if inner is not None and inner % 2 == 0:
        total = inner * exponent
        base = arguments[0] if total % 2 == 0 else algebra.op("abs", arguments[0])
        return algebra.op("pow", base, algebra.const(total))
    root = root_of_square(algebra, nodes, x)
    if root is not None:
        return algebra.pow(algebra.op("abs", root), algebra.const(2 * exponent))
    return _power_of_product(algebra, nodes, x, exponent) if op in ("mul", "div") else None


def _power_of_product(algebra: Algebra, nodes: Sequence[Node], x: int, exponent: float) -> int | None:
    """(k·u²)^p as k^p·|u|^(2p)."""
    rest = roots = algebra.const(1.0)
    for factor, divides in _factors(nodes, x):
        root = _squared(algebra, nodes, factor) if algebra.constant(factor) is None else None
        if root is None:
            root = root_of_square(algebra, nodes, factor)
        make = algebra.div if divides else algebra.mul
        if root is None:
            rest = make(rest, factor)
        else:
            roots = make(roots, algebra.pow(algebra.op("abs", root), algebra.const(2 * exponent)))
    number = algebra.constant(rest)
    if algebra.constant(roots) is not None or (number is not None and not number > 0):
        return None
    return algebra.mul(
        algebra.op("sqrt", rest) if exponent == 0.5 else algebra.pow(rest, algebra.const(exponent)), roots
    )


def _factors(nodes: Sequence[Node], x: int, divides: bool = False, depth: int = 0) -> Iterator[tuple[int, bool]]:
    """The nodes that are multiplied, and those that are divided by."""
    op, arguments, _ = nodes[x]
    if op not in ("mul", "div") or arguments[0] == arguments[1] or depth == _FEW:
        yield x, divides
        return
    yield from _factors(nodes, arguments[0], divides, depth + 1)
    yield from _factors(nodes, arguments[1], divides != (op == "div"), depth + 1)


def _logarithm(algebra: Algebra, nodes: Sequence[Node], node: Node) -> int | None:
    """ln(1 + eᵘ) as softplus(u)."""
    exponent = _of_one_and_exponential(algebra, nodes, node.args[0])
    return None if exponent is None else algebra.op("softplus", exponent)


def _quotient(algebra: Algebra, nodes: Sequence[Node], node: Node) -> int | None:
    """Over 1 + eᵘ, eᵘ - 1, a power of cosh u, and x over hypot(x, y): what can't overflow below the bar."""
    x, divisor = node.args
    exponent = _of_one_and_exponential(algebra, nodes, divisor)
    if exponent is not None:
        return _logistic(algebra, nodes, x, exponent)
    smooth = removable(algebra, nodes, x, divisor)
    if smooth is not None:
        return smooth
    exponent = _of_exponential_less_one(algebra, nodes, divisor)
    if exponent is not None:
        return algebra.mul(x, _occupation(algebra, exponent))
    op, arguments, _ = nodes[divisor]
    if op == "hypot" and x in arguments:
        return algebra.op("direction", x, arguments[1] if x == arguments[0] else arguments[0])
    power = 1.0 if op == "cosh" else algebra.constant(arguments[1]) if op == "pow" else None
    cosh = divisor if op == "cosh" else arguments[0] if op == "pow" else -1
    if power is None or cosh < 0 or nodes[cosh].op != "cosh":
        return None
    angle = nodes[cosh].args[0]
    if power == 1 and nodes[x] == Node("sinh", (angle,)):
        return algebra.op("tanh", angle)
    return algebra.mul(x, algebra.pow(algebra.op("sech", angle), algebra.const(power)))


def _logistic(algebra: Algebra, nodes: Sequence[Node], x: int, exponent: int) -> int:
    """x over 1 + eᵘ."""
    op, arguments, _ = nodes[x]
    exponential = Node("exp", (exponent,))
    if nodes[x] == exponential:
        return algebra.op("sigmoid", exponent)
    for place in (0, 1) if op == "mul" else ():
        if nodes[arguments[place]] == exponential:
            return algebra.mul(arguments[1 - place], algebra.op("sigmoid", exponent))
    return algebra.mul(x, algebra.op("sigmoid", algebra.neg(exponent)))


def _occupation(algebra: Algebra, exponent: int) -> int:
    """1/(eᵘ - 1), by what is small of eᵘ and e⁻ᵘ."""
    # As powers, since quotients by expm1 would be spelled like this again
    make, minus, inverse = algebra.op, algebra.neg(exponent), algebra.const(-1.0)
    above = algebra.neg(algebra.mul(make("exp", minus), algebra.pow(make("expm1", minus), inverse)))
    below = algebra.pow(make("expm1", exponent), inverse)
    return make("where", make("gt", exponent, algebra.const(0.0)), above, below)


def _of_one_and_exponential(algebra: Algebra, nodes: Sequence[Node], x: int) -> int | None:
    """The u of 1 + eᵘ."""
    op, arguments, _ = nodes[x]
    for one, other in (arguments, arguments[::-1]) if op == "add" else ():
        if algebra.constant(one) == 1 and nodes[other].op == "exp":
            return nodes[other].args[0]
    return None


def _of_exponential_less_one(algebra: Algebra, nodes: Sequence[Node], x: int) -> int | None:
    """The u of eᵘ - 1."""
    op, arguments, _ = nodes[x]
    if op == "expm1":
        return arguments[0]
    if op == "sub" and algebra.constant(arguments[1]) == 1 and nodes[arguments[0]].op == "exp":
        return nodes[arguments[0]].args[0]
    return None


def _clip(algebra: Algebra, _nodes: Sequence[Node], node: Node) -> int | None:
    x, low, high = node.args
    if algebra.constant(low) is not None and algebra.constant(high) is not None:
        return None
    inside = algebra.op("minimum", algebra.op("maximum", x, low), high)
    return algebra.op("where", algebra.op("lt", low, high), inside, high)


SPELLINGS: dict[str, Callable[[Algebra, Sequence[Node], Node], int | None]] = {
    "abs": _ramp,
    "clip": _clip,
    "cos": multiple_angle,
    "cosh": multiple_angle,
    "div": _quotient,
    "log": _logarithm,
    "maximum": _positive_part,
    "pow": _power,
    "relu": _ramp,
    "sin": multiple_angle,
    "sqrt": _root,
    "square": power_of_sine,
    "sub": langevin,
}
"""By operation."""
