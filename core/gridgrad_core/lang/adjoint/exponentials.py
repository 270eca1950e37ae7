"""Exponentials of sums as products of exponentials of fewer dims: exp(u(t) + v(k)) is exp(u)·exp(v).

So adjoints of what stands in them are products too, which are summed without a plane of the grid. They are the same to
rounding only while no factor is large: the other one may then vanish, though the product does not.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from gridgrad_core.lang.adjoint.dim_sums import Masks
from gridgrad_core.lang.algebra.simplify import Algebra
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.program import Program

__all__ = ["with_products"]

_MOST_TERMS = 64
_SUMS = frozenset({"add", "sub"})


def with_products(program: Program, builder: Builder, algebra: Algebra, masks: Masks) -> tuple[list[int], list[int]]:
    """Gives a builder the nodes of a program with its exponentials of sums as products.

    Args:
        program: the program.
        builder: takes the nodes.
        algebra: writes them.
        masks: of the nodes.

    Returns:
        The outputs, and the factors of which none may be large.
    """
    places: list[int] = []
    watched: list[int] = []
    for node in program.nodes:
        place = builder.take(node._replace(args=tuple([places[each] for each in node.args])))
        if node.op == "exp" and masks[place].bit_count() > 1:
            factors = _factors(builder, algebra, masks, place)
            watched += factors
            place = functools.reduce(algebra.mul, factors) if factors else place
        places.append(place)
    return [places[output] for output in program.outputs], watched


def _factors(builder: Builder, algebra: Algebra, masks: Masks, exponential: int) -> list[int]:
    """The exponentials of the terms of the same dims of an exponent; none if one has all dims."""
    (exponent,) = builder.nodes[exponential].args
    groups: dict[int, list[int]] = {}
    for count, (sign, term) in enumerate(_terms(builder, exponent, 1.0)):
        if masks[term] == masks[exponential] or count == _MOST_TERMS:
            return []
        groups.setdefault(masks[term], []).append(algebra.mul(algebra.const(sign), term))
    if len(groups) > 1 and 0 in groups:
        groups[next(mask for mask in groups if mask)] += groups.pop(0)
    sums = [functools.reduce(algebra.add, group) for group in groups.values()]
    return [builder.op("exp", each) for each in sums]


def _terms(builder: Builder, node: int, sign: float) -> Iterator[tuple[float, int]]:
    """The terms of a sum, each with its factor."""
    stack = [(sign, node)]
    while stack:
        factor, index = stack.pop()
        op, arguments, _ = builder.nodes[index]
        if op in _SUMS:
            stack.append((factor if op == "add" else -factor, arguments[1]))
            stack.append((factor, arguments[0]))
        elif op == "neg":
            stack.append((-factor, arguments[0]))
        elif op == "mul" and builder.nodes[arguments[0]].op == "const":
            stack.append((factor * builder.nodes[arguments[0]].number, arguments[1]))
        else:
            yield factor, index
