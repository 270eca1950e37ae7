"""Identities of angles: what is the square of a half angle's sine, and what is a polynomial of a cosine.

1 - cos(u) is 2·sin(u/2)², whose root has slopes where √(1 - cos(u)) has 0/0. And cos(n·arccos(u)) is Chebyshev's Tₙ(u),
whose slope at -1 is n² or -n², where sin(n·π) over a root of 0 is what rounding of π makes of it. See the NIST Digital
Library of Mathematical Functions, 4.21.2, 18.5.1 and 18.9.1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from gridgrad_core.lang.algebra.simplify import Algebra
from gridgrad_core.lang.program.nodes import Node

__all__ = ["Multiple", "multiple_angle", "multiple_of_angle", "power_of_sine", "root_of_square", "sine_of_inverse"]

_MOST = 32
"""Multiples of an angle that are written as polynomials."""

_SINES = {"sin": "arccos", "cos": "arcsin"}
"""What is √(1 - u²) of which inverse of u."""

_BY_ONE_LESS = {"cos": "sin", "sin": "cos"}
"""The root of 1 - f(u)² by f."""


def root_of_square(algebra: Algebra, nodes: Sequence[Node], x: int) -> int | None:
    """The r of c ∓ c·cos(u), cosh(u) - 1, 1 - cos(u)² and their like, which are r²; None of what is none of them.

    Args:
        algebra: writes nodes.
        nodes: all nodes.
        x: a node.
    """
    op, arguments, _ = nodes[x]
    if op == "add":
        first, second = arguments if algebra.constant(arguments[0]) is not None else arguments[::-1]
        return _of_cosine(algebra, nodes, first, second, "cos")
    if op != "sub":
        return None
    first, second = arguments
    if algebra.constant(second) == 1 and nodes[first].op == "cosh":
        return _half(algebra, "sinh", nodes[first].args[0], 1.0)
    inner = nodes[second].args[0] if _is_square(algebra, nodes[second]) else -1
    if algebra.constant(first) == 1 and inner >= 0 and nodes[inner].op in _BY_ONE_LESS:
        return algebra.op(_BY_ONE_LESS[nodes[inner].op], *nodes[inner].args)
    return _of_cosine(algebra, nodes, first, second, "sin")


def _of_cosine(algebra: Algebra, nodes: Sequence[Node], x: int, y: int, root: str) -> int | None:
    """The root of c and a cosine times c."""
    number = algebra.constant(x)
    if number is None or number <= 0:
        return None
    times, cosine = _multiple(algebra, nodes, y)
    if times != number or nodes[cosine].op != "cos":
        return None
    return _half(algebra, root, nodes[cosine].args[0], number)


def _half(algebra: Algebra, function: str, angle: int, number: float) -> int:
    half = algebra.op(function, algebra.mul(algebra.const(0.5), angle))
    return algebra.mul(algebra.const(math.sqrt(2 * number)), half)


def _is_square(algebra: Algebra, x: Node) -> bool:
    if x.op == "pow":
        return algebra.constant(x.args[1]) == 2
    return x.op == "square" or (x.op == "mul" and x.args[0] == x.args[1])


class Multiple(NamedTuple):
    """A cosine or sine that is plus or minus Chebyshev's polynomial of so many degrees.

    Args:
        of: the polynomial's argument.
        degree: 1 or more.
        negative: whether it is minus.
    """

    of: int
    degree: int
    negative: bool


def multiple_of_angle(algebra: Algebra, nodes: Sequence[Node], node: Node) -> Multiple | None:
    """What cos(n·arccos(u)), cosh(n·arccosh(u)), and sin or cos of n·arcsin(u) for an odd or even n are.

    Args:
        algebra: knows what is constant.
        nodes: all nodes.
        node: of any operation.
    """
    if node.op not in ("cos", "cosh", "sin"):
        return None
    times, angle = _multiple(algebra, nodes, node.args[0])
    inverse, arguments, _ = nodes[angle]
    if inverse not in ("arccos", "arccosh", "arcsin") or not times.is_integer() or not 1 <= abs(times) <= _MOST:
        return None
    count = int(times)
    if (node.op, inverse) in (("cos", "arccos"), ("cosh", "arccosh")):
        return Multiple(arguments[0], abs(count), False)
    if inverse != "arcsin" or node.op != ("sin" if count % 2 else "cos"):
        return None
    return Multiple(arguments[0], abs(count), count % 4 in (2, 3))


def multiple_angle(algebra: Algebra, nodes: Sequence[Node], node: Node) -> int | None:
    """That as a polynomial, by Tₙ₊₁ = 2x·Tₙ - Tₙ₋₁, and sin(arccos(u)) as a root of one; None of what is none.

    Args:
        algebra: writes nodes.
        nodes: all nodes.
        node: of any operation.
    """
    found = multiple_of_angle(algebra, nodes, node)
    if found is None:
        return sine_of_inverse(algebra, nodes, node)
    before, last, twice = algebra.const(1.0), found.of, algebra.mul(algebra.const(2.0), found.of)
    for _ in range(found.degree - 1):
        before, last = last, algebra.sub(algebra.mul(twice, last), before)
    return algebra.neg(last) if found.negative else last


def power_of_sine(algebra: Algebra, nodes: Sequence[Node], node: Node) -> int | None:
    """A power of sin(arccos(u)) or cos(arcsin(u)) as one of √(1 - u²); None of what is none.

    At -1 the slope of sin(arccos(u))² is 2, where sin(π) over a root of 0 is what rounding of π makes of it.

    Args:
        algebra: writes nodes.
        nodes: all nodes.
        node: of any operation.
    """
    root = sine_of_inverse(algebra, nodes, nodes[node.args[0]]) if node.op in ("pow", "square") else None
    return None if root is None else algebra.op(node.op, root, *node.args[1:])


def sine_of_inverse(algebra: Algebra, nodes: Sequence[Node], node: Node) -> int | None:
    """sin(arccos(u)) or cos(arcsin(u)) as √(1 - u²); None of what is none.

    Args:
        algebra: writes nodes.
        nodes: all nodes.
        node: of any operation.
    """
    inverse = _SINES.get(node.op)
    if inverse is None or nodes[node.args[0]].op != inverse:
        return None
    one, (u,) = algebra.const(1.0), nodes[node.args[0]].args
    return algebra.op("sqrt", algebra.mul(algebra.sub(one, u), algebra.add(one, u)))


def _multiple(algebra: Algebra, nodes: Sequence[Node], x: int) -> tuple[float, int]:
    """A node as a constant times another one."""
    op, arguments, _ = nodes[x]
    if op == "neg":
        times, angle = _multiple(algebra, nodes, arguments[0])
        return -times, angle
    for constant, other in (arguments, arguments[::-1]) if op == "mul" else ():
        number = algebra.constant(constant)
        if number is not None:
            return number, other
    return 1.0, x
