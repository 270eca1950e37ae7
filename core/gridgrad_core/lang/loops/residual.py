"""A residual at a try of its unknowns: its values, its slopes, and how far rounding may have moved them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gridgrad_core.lang.derive.forward_mode import Tangents
from gridgrad_core.lang.local.determinant import determinant, without
from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.loops.quantity import Quantities, Quantity, total
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.nodes import Builder, Node
from gridgrad_core.lang.program.steps import finished

__all__ = ["Residual", "Rounding", "sizes_of"]

Rows = list[list[Quantity | None]]


class Rounding(NamedTuple):
    """What rounding makes of a number.

    Args:
        eps: of the dtype, the distance from 1 to the next number.
        tiny: below which numbers lose their digits, or become 0.
    """

    eps: float
    tiny: float


class Residual:
    """The residuals of a `solve` at a try.

    Args:
        terms: the program that it is written in.
        operation: the `solve`.
        at: the try, a number for each unknown.
        rounding: of the dtype.

    Attributes:
        values: of the residuals.
        noise: how far rounding may have moved each: by the size of its terms, and by the rounding of the unknowns.
        slope: the determinant of the slopes by the unknowns; of a single one its slope.
        step: Newton's, which is subtracted.
        reach: how far the noise moves each unknown.
    """

    def __init__(
        self, terms: Quantities, operation: LocalOperation, at: Sequence[Quantity], rounding: Rounding
    ) -> None:
        source, values, slopes, sizes = _derived(operation)
        found = terms.splice(source, dict(zip(operation.names, at, strict=True)))
        rows: Rows = [[None if slope is None else found[slope] for slope in row] for row in slopes]
        self.values = [found[value] for value in values]
        self.noise = [
            total([found[size], *(abs(x * slope) for x, slope in zip(at, row, strict=True) if slope is not None)])
            * rounding.eps
            + rounding.tiny
            for size, row in zip(sizes, rows, strict=True)
        ]
        self.slope = _determinant(rows) or terms.const(0.0)
        inverse = terms.const(1.0) / self.slope
        self.step, self.reach = [], []
        for unknown in range(len(rows)):
            weights = [_cofactor(rows, row, unknown, terms) for row in range(len(rows))]
            parts = [(w, f, n) for w, f, n in zip(weights, self.values, self.noise, strict=True) if w is not None]
            zero = terms.const(0.0)
            self.step.append(total([w * f for w, f, _ in parts] or [zero]) * inverse)
            self.reach.append(total([abs(w) * n for w, _, n in parts] or [zero]) * abs(inverse))
        self._inverse, self._at, self._eps = inverse, at, rounding.eps

    def is_last(self, before: Quantity, moved: Quantity) -> Quantity:
        """Whether the step of a single unknown ends the search, so that no further look is needed.

        With a the share by which the slope has changed on the way here, d the step and w the way, d leaves some
        a*d**2/(2*w). Where steps converge by squares d is at most 2*a*w, so that a**2*d bounds it.

        Args:
            before: the slope where the step before has begun.
            moved: how far that led.
        """
        size, changed = abs(self.step[0]), abs((self.slope - before) * self._inverse)
        little = size * changed * changed <= abs(self._at[0]) * (self._eps * 0.25)
        return (size <= abs(moved) * changed * 2.0) & little


def _determinant(rows: Rows, one: Quantity | None = None) -> Quantity | None:
    return determinant(rows, Quantity.__add__, Quantity.__mul__, Quantity.__neg__, one)


def _cofactor(rows: Rows, row: int, column: int, terms: Quantities) -> Quantity | None:
    found = _determinant(without(rows, row, column), terms.const(1.0))
    return found if found is None or (row + column) % 2 == 0 else -found


def _derived(operation: LocalOperation) -> tuple[list[Node], tuple[int, ...], list[list[int | None]], list[int]]:
    """The nodes of residuals and their slopes; where the values, the slopes and the sizes are among them."""
    builder = Builder()
    for node in operation.body.nodes:
        builder.take(node)
    tangents = Tangents(builder, limits.MAX_DERIVED)
    outputs = operation.body.outputs
    slopes = [[finished(tangents.deriving(output, name)) for name in operation.names] for output in outputs]
    sizes = sizes_of(builder, operation.body.nodes)
    return builder.nodes, outputs, slopes, [sizes[output] for output in outputs]


def sizes_of(builder: Builder, nodes: Sequence[Node]) -> Mapping[int, int]:
    """How large each number is without what cancels in it: sums of the sizes of their terms.

    Args:
        builder: has the nodes at their places, and takes those of the sizes.
        nodes: arguments first.
    """
    sizes: dict[int, int] = {}
    is_sum: set[int] = set()
    for index, (op, args, _) in enumerate(nodes):
        if op in ("add", "sub"):
            is_sum.add(index)
            sizes[index] = builder.op("add", sizes[args[0]], sizes[args[1]])
        elif op in ("neg", "mul", "div") and any(argument in is_sum for argument in args):
            is_sum.add(index)
            sizes[index] = sizes[args[0]] if op == "neg" else builder.op(op, *_parts(builder, op, args, sizes))
        else:
            sizes[index] = builder.op("abs", index)
    return sizes


def _parts(builder: Builder, op: str, args: Sequence[int], sizes: Mapping[int, int]) -> tuple[int, int]:
    return sizes[args[0]], sizes[args[1]] if op == "mul" else builder.op("abs", args[1])
