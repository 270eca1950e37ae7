"""Derivatives of operations with a sub-program, by derivatives of that.

Of `solve` by the implicit function theorem: where F(x, p) = 0, ∂F/∂x·x' = -∂F/∂p·p'. Both are what the residual's own
derivatives are at the solution, and so expressions like any other, with derivatives of their own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence

from gridgrad_core.lang.algebra.chain_rule import ChainRule
from gridgrad_core.lang.local.determinant import determinant, without
from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.program.canonical import collecting
from gridgrad_core.lang.program.nodes import Builder, Node
from gridgrad_core.lang.program.steps import finished

__all__ = ["Implicit"]

Slopes = Mapping[str, Sequence[int | None]]
"""For each input of a sub-program, the slope of each of its outputs by it; None where it is structurally zero."""


class Implicit:
    """The derivatives of operations with a sub-program.

    Args:
        algebra: writes them down.
        builder: where they are.
        derive: the derivative of a node of a builder by an input of it.
    """

    def __init__(self, algebra: ChainRule, builder: Builder, derive: Callable[[Builder, int, str], int | None]) -> None:
        self._algebra = algebra
        self._builder = builder
        self._derive = derive
        self._slopes: dict[tuple[str, str], tuple[list[Node], list[int | None]]] = {}

    def tangent(self, index: int, node: Node, tangents: Mapping[int, int]) -> int:
        """The derivative of an operation.

        Args:
            index: its place.
            node: of the operation.
            tangents: the derivatives of the arguments that have one, by their positions.
        """
        op = node.op
        assert isinstance(op, LocalOperation)  # noqa: S101 - narrows the type
        known = dict(zip(op.function.params, node.args, strict=True))
        for which, name in enumerate(op.names):
            known[name] = index if which == op.which else self._algebra.plain(op.sibling(which), *node.args)
        rows = [[*each] for each in zip(*(self._at(op, name, known) for name in op.names), strict=True)]
        pushed = [(self._at(op, op.function.params[i], known), tangent) for i, tangent in tangents.items()]
        right = [self._sum([(slopes[row], tangent) for slopes, tangent in pushed]) for row in range(len(rows))]
        return self._solved(rows, right, op.which)

    def _solved(self, rows: list[list[int | None]], right: list[int | None], which: int) -> int:
        """The solution of a small linear system, with the other sign, by Cramer's rule."""
        algebra = self._algebra
        made = functools.partial(determinant, add=algebra.add, mul=algebra.mul, neg=algebra.neg, one=algebra.const(1.0))
        below = made(rows)
        terms: list[tuple[int | None, int]] = []
        for row, known in enumerate(right):
            minor = made(without(rows, row, which))
            if known is not None and minor is not None:
                terms.append((minor, known if (row + which) % 2 == 0 else algebra.negated(known)))
        above = self._sum(terms)
        if above is None:
            above = algebra.const(0.0)
        return algebra.negated(algebra.quotient(above, algebra.const(0.0) if below is None else below))

    def _sum(self, terms: Sequence[tuple[int | None, int]]) -> int | None:
        products = [self._algebra.chained(slope, tangent) for slope, tangent in terms if slope is not None]
        return functools.reduce(self._algebra.add, products) if products else None

    def _at(self, op: LocalOperation, name: str, known: Mapping[str, int]) -> list[int | None]:
        """The slopes of a sub-program's outputs by one of its inputs, at the solution."""
        nodes, outputs = self._derived(op, name)
        places: list[int] = []
        for node in nodes:
            if node.op == "const":
                places.append(self._algebra.const(node.number))
            elif node.op == "input":
                places.append(known[str(node.value)])
            elif isinstance(node.op, LocalOperation):
                places.append(node.op.applied(self._builder, [places[argument] for argument in node.args]))
            else:
                places.append(self._algebra.op(node.op, *[places[argument] for argument in node.args]))
        return [None if output is None else places[output] for output in outputs]

    def _derived(self, op: LocalOperation, name: str) -> tuple[list[Node], list[int | None]]:
        key = (op.sibling(0), name)
        if key not in self._slopes:
            builder = Builder()
            for node in op.body.nodes:
                builder.take(node)
            slopes = [self._derive(builder, output, name) for output in op.body.outputs]
            nodes, places = finished(collecting(builder.nodes, [slope for slope in slopes if slope is not None]))
            self._slopes[key] = nodes, [None if slope is None else places[slope] for slope in slopes]
        return self._slopes[key]
