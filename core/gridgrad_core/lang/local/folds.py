"""Derivatives of sums, products and integrals: sums and integrals of derivatives.

Of a sum that of its terms, all arguments together, so that one loop has the whole derivative. Of an integral too, and
at its bounds the integrand (Leibniz's rule). Of a product without a factor that is 0 it is the product times the sum
of b'/b; where one is, the sum over the factors of b' times all others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gridgrad_core.lang.algebra.chain_rule import ChainRule
from gridgrad_core.lang.local.closing import closing
from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.program.nodes import Builder, Node
from gridgrad_core.lang.program.steps import finished

__all__ = ["Folds"]


class Folds:
    """The derivatives of sums, products and integrals.

    Args:
        algebra: writes them down.
        builder: where they are.
        derive: the derivative of a node of a builder by an input of it.
    """

    def __init__(self, algebra: ChainRule, builder: Builder, derive: Callable[[Builder, int, str], int | None]) -> None:
        self._algebra = algebra
        self._builder = builder
        self._derive = derive

    def tangent(self, index: int, node: Node, tangents: Mapping[int, int]) -> int | None:
        """The derivative of an operation.

        Args:
            index: its place.
            node: of the operation.
            tangents: the derivatives of the arguments that have one, by their positions.
        """
        op = node.op
        assert isinstance(op, LocalOperation)  # noqa: S101 - narrows the type
        known = dict(zip(op.function.params, node.args, strict=True))
        inner = _copied(op)
        slope = self._of_term(op, inner, known, tangents)
        if op.kind == "prod":
            return None if slope is None else self._of_product(op, index, inner, slope, known)
        ends = node.args[: op.leading]
        found = None if slope is None else self._folded(op, op.kind, inner, slope, known, ends)
        for end in (1, 0) if op.kind == "integrate" else ():
            if end in tangents:
                value = op.term(self._builder, known | {op.names[0]: node.args[end]})
                edge = self._algebra.chained(value, tangents[end])
                edge = edge if end else self._algebra.negated(edge)
                found = edge if found is None else self._algebra.add(found, edge)
        return found

    def _of_term(
        self, op: LocalOperation, inner: Builder, known: dict[str, int], tangents: Mapping[int, int]
    ) -> int | None:
        """The derivative of a term, in its builder, where those of its arguments are inputs."""
        algebra, total = ChainRule(inner), None
        for position, tangent in tangents.items():
            name = op.function.params[position]
            slope = self._derive(inner, op.body.outputs[0], name) if position >= op.leading else None
            if slope is None:
                continue
            finished(algebra.reading())
            if self._algebra.constant(tangent) != 1:
                known[f"slope {name}"] = tangent
                slope = algebra.chained(slope, inner.input(f"slope {name}"))
            total = slope if total is None else algebra.add(total, slope)
        return total

    def _folded(
        self,
        op: LocalOperation,
        kind: str,
        inner: Builder,
        term: int,
        known: Mapping[str, int],
        ends: tuple[int, ...],
    ) -> int:
        """The sum or integral of a term that was written in a builder of its own."""
        closed = finished(closing(inner.nodes, [term], op.names, op.leading))
        made = LocalOperation(kind, closed.body, op.names, op.leading, op.which, op.rounds)
        places: dict[int, int] = {}
        for argument in closed.arguments:
            self._bring(inner, argument, known, places)
        return made.applied(self._builder, [*ends, *(places[argument] for argument in closed.arguments)])

    def _bring(self, inner: Builder, root: int, known: Mapping[str, int], places: dict[int, int]) -> None:
        """Writes a node of another builder down, with what is known for its inputs."""
        stack = [root]
        while stack:
            node = inner.nodes[stack[-1]]
            missing = [argument for argument in node.args if argument not in places]
            if missing:
                stack.extend(missing)
                continue
            index = stack.pop()
            args = [places[argument] for argument in node.args]
            if node.op == "const":
                places[index] = self._algebra.const(node.number)
            elif node.op == "input":
                places[index] = known[str(node.value)]
            elif isinstance(node.op, LocalOperation):
                places[index] = node.op.applied(self._builder, args)
            else:
                places[index] = self._algebra.op(node.op, *args)

    def _of_product(self, op: LocalOperation, index: int, inner: Builder, slope: int, known: dict[str, int]) -> int:
        algebra, ends = self._algebra, (known["0"], known["1"])
        ratios = self._folded(op, "sum", inner, inner.op("div", slope, op.body.outputs[0]), known, ends)
        # Where a factor is 0 the others are multiplied for each; elsewhere that sum is empty
        vanishes = algebra.op("eq", index, algebra.const(0.0))
        last = algebra.where(vanishes, ends[1], algebra.sub(ends[0], algebra.const(1.0)))
        name = f"{op.names[0]}_factor"
        while self._builder.has_input(name):  # in a derivative of such a sum
            name += "_"
        outer = LocalOperation("sum", op.body, (name,), op.leading, 0, op.rounds)
        each, term = _others(op, inner, slope, outer.names[0])
        slow = self._folded(outer, "sum", each, term, known, (ends[0], last))
        return algebra.where(vanishes, slow, algebra.mul(index, ratios))


def _copied(op: LocalOperation) -> Builder:
    builder = Builder()
    for node in op.body.nodes:
        builder.take(node)
    return builder


def _others(op: LocalOperation, inner: Builder, slope: int, name: str) -> tuple[Builder, int]:
    """The derivative of one factor times all others, of which an index of another name tells; and its builder."""
    builder, places = Builder(), list[int]()
    for node in inner.nodes:
        if node.op == "input" and node.value == op.names[0]:
            places.append(builder.input(name))
        else:
            places.append(builder.take(node._replace(args=tuple([places[argument] for argument in node.args]))))
    place, one = builder.input(name), builder.const(1.0)
    captured = [builder.input(each) for each in op.body.inputs[1:]]
    before = builder.op(op, builder.input("0"), builder.op("sub", place, one), *captured)
    after = builder.op(op, builder.op("add", place, one), builder.input("1"), *captured)
    return builder, builder.op("mul", places[slope], builder.op("mul", before, after))
