"""Nodes that are written with Python's operators, so that a method of the literature reads like one."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence

from gridgrad_core.lang.program.nodes import Builder, Node

__all__ = ["Quantities", "Quantity", "all_of", "total"]


class Quantity:
    """A number or a condition.

    Args:
        builder: has its node.
        node: its index.
    """

    __slots__ = ("builder", "node")

    def __init__(self, builder: Builder, node: int) -> None:
        self.builder = builder
        self.node = node

    def _op(self, op: str, *others: Quantity | float) -> Quantity:
        nodes = [other.node if isinstance(other, Quantity) else self.builder.const(other) for other in others]
        return Quantity(self.builder, self.builder.op(op, self.node, *nodes))

    def __add__(self, other: Quantity | float) -> Quantity:
        return self._op("add", other)

    def __sub__(self, other: Quantity | float) -> Quantity:
        return self._op("sub", other)

    def __mul__(self, other: Quantity | float) -> Quantity:
        return self._op("mul", other)

    def __truediv__(self, other: Quantity | float) -> Quantity:
        return self._op("div", other)

    def __neg__(self) -> Quantity:
        return self._op("neg")

    def __abs__(self) -> Quantity:
        return self._op("abs")

    def __lt__(self, other: Quantity | float) -> Quantity:
        return self._op("lt", other)

    def __le__(self, other: Quantity | float) -> Quantity:
        return self._op("le", other)

    def __gt__(self, other: Quantity | float) -> Quantity:
        return self._op("gt", other)

    def equals(self, other: Quantity | float) -> Quantity:
        """Whether both are the same number."""
        return self._op("eq", other)

    def __and__(self, other: Quantity) -> Quantity:
        return self._op("and", other)

    def __or__(self, other: Quantity) -> Quantity:
        return self._op("or", other)

    def __invert__(self) -> Quantity:
        return self._op("not")

    def is_whole(self) -> Quantity:
        """Whether it is an integer."""
        return self._op("floor").equals(self) & self.is_finite()

    def is_finite(self) -> Quantity:
        """Whether it is neither nan nor infinite."""
        return self._op("isfinite")

    def larger(self, other: Quantity | float) -> Quantity:
        """The larger of both."""
        return self._op("maximum", other)

    def smaller(self, other: Quantity | float) -> Quantity:
        """The smaller of both."""
        return self._op("minimum", other)

    def then(self, chosen: Quantity | float, other: Quantity | float) -> Quantity:
        """One of two numbers, by whether this condition holds."""
        return self._op("where", chosen, other)


class Quantities:
    """A program that is being written.

    Attributes:
        builder: takes the nodes.
    """

    def __init__(self) -> None:
        self.builder = Builder()

    def input(self, name: str) -> Quantity:
        """An input."""
        return Quantity(self.builder, self.builder.input(name))

    def const(self, value: float) -> Quantity:
        """A number."""
        return Quantity(self.builder, self.builder.const(value))

    def splice(self, nodes: Sequence[Node], known: Mapping[str, Quantity]) -> list[Quantity]:
        """Nodes of another program, with terms for its inputs; other inputs keep their names."""
        places: list[int] = []
        for node in nodes:
            if node.op == "input":
                name = str(node.value)
                places.append(known[name].node if name in known else self.builder.input(name))
            else:
                places.append(self.builder.take(node._replace(args=tuple([places[a] for a in node.args]))))
        return [Quantity(self.builder, place) for place in places]


def all_of(conditions: Iterable[Quantity]) -> Quantity:
    """Whether all of some conditions hold."""
    return functools.reduce(Quantity.__and__, conditions)


def total(numbers: Iterable[Quantity]) -> Quantity:
    """The sum of some numbers."""
    return functools.reduce(Quantity.__add__, numbers)
