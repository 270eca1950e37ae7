"""Typed operations: every node gets arguments of the kind that its operation takes.

A boolean that is used as a number becomes `where(c, 1, 0)`, a number that is used as a condition
`x != 0`, and an argument that must be a constant integer is computed here.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from gridgrad_core.lang.functions.function import Function, Kind
from gridgrad_core.lang.functions.orthogonal import OF_NEGATIVE_ORDER
from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.program.made_operation import MadeOperation
from gridgrad_core.lang.program.nodes import Builder, Node
from gridgrad_core.lang.program.operations import ARITHMETIC
from gridgrad_core.lang.program.syntax_error import Mistake

__all__ = ["TypedBuilder", "Value", "written"]

_LONG = 10**15

_NUMBER: Kind = "number"


class Value(NamedTuple):
    """What a part of the text computes.

    Args:
        node: its node; -1 for a tuple.
        start: the offset of its first character.
        kind: whether the node is a number or a boolean.
        name: its name, when it is an input or a variable standing alone.
        items: the elements of a tuple, else None.
    """

    node: int
    start: int
    kind: Kind = "number"
    name: str = ""
    items: tuple[Value, ...] | None = None


class TypedBuilder:
    """Adds typed operations to a builder."""

    def __init__(self, of_rule: bool = False) -> None:
        self._of_rule = of_rule  # in a rule an order is not known yet
        self.builder = Builder()
        # What nodes without inputs are, for where a constant integer is wanted; they stay as they were written
        self._constants: dict[int, float] = {}

    def constant(self, value: float, start: int) -> Value:
        """A number of the text."""
        return Value(self._const(value), start)

    def input(self, name: str, start: int) -> Value:
        """An input of the text."""
        return Value(self.builder.input(name), start, name=name)

    def apply(self, function: Function, arguments: tuple[Value, ...], start: int) -> Value:
        """A function or operator of as many arguments as it has parameters."""
        kinds = function.kinds or (_NUMBER,) * len(arguments)
        if function.name in OF_NEGATIVE_ORDER and (known := self.known(arguments[1])) is not None and known < 0:
            return self._of_negative_order(function, arguments, start)
        nodes = [
            self._as_kind(value, kind, function, place)
            for place, (value, kind) in enumerate(zip(arguments, kinds, strict=True))
        ]
        return Value(self._op(function.name, *nodes), start, function.result)

    def _of_negative_order(self, function: Function, arguments: tuple[Value, ...], start: int) -> Value:
        """A multiple of the function of the order without its sign."""
        degree, order, *others = arguments
        turned = self.prefix("neg", order.start, order)
        value = self.apply(function, (degree, turned, *others), start)
        n, m = self._order(degree, function, 0), self._order(turned, function, 1)
        if m > n:
            found = f"{function.name} of the degree {n} and the order {-m}"
            raise Mistake(order.start, found, f"write {-n} at least for the order")
        factor = OF_NEGATIVE_ORDER[function.name](n, m)
        return self.operator("mul", start, self.constant(factor, start), value)

    def operator(self, op: str, start: int, *arguments: Value) -> Value:
        """The operator of that name in the table."""
        return self.apply(FUNCTIONS[op], arguments, start)

    def prefix(self, op: str, start: int, value: Value) -> Value:
        """The sign "plus" or "neg", or "not". A sign before a constant is part of the constant."""
        if op == "plus":
            return Value(self.number(value), start)
        constant = self._constants.get(value.node)
        if op == "neg" and constant is not None and self.builder.nodes[value.node].op == "const":
            return self.constant(-constant, start)
        return self.operator(op, start, value)

    def again(self, node: Node, arguments: tuple[int, ...]) -> int:
        """An operation that is there already on other arguments, as the text would have given it with these."""
        constant = self._constants.get(arguments[0]) if node.op == "neg" else None
        if constant is not None and self.builder.nodes[arguments[0]].op == "const":
            return self._const(-constant)
        if isinstance(node.op, MadeOperation):
            return node.op.applied(self.builder, arguments)
        return self._op(node.op, *arguments)

    def number(self, value: Value) -> int:
        """The node of a value as a number."""
        if value.items is not None:
            raise Mistake(value.start, "a tuple inside an expression", "write a tuple only as the whole last line")
        if value.kind != "boolean":
            return value.node
        return self._op("where", value.node, self._const(1.0), self._const(0.0))

    def _as_kind(self, value: Value, kind: Kind, function: Function, place: int) -> int:
        if kind == "boolean":
            return value.node if value.kind == "boolean" else self._op("ne", self.number(value), self._const(0.0))
        if kind == "constant" and not self._of_rule:
            self._check_constant(value, function, place)
        return self._const(float(self._order(value, function, place))) if kind == "integer" else self.number(value)

    def _check_constant(self, value: Value, function: Function, place: int) -> None:
        """An order by which there is no derivative: a number that is known."""
        known = self.known(value)
        if known is None or not math.isfinite(known):
            name = function.params[place]
            found = f"the argument {name} of {function.name} is no constant, and it has no derivative by it"
            raise Mistake(value.start, found, f"write a number, as in {_example(function)}")
        if abs(known) > function.largest:
            why = "of which the digits would be lost" if function.halves else "which would take long"
            found = f"{function.name}({known:g}, x), {why}"
            raise Mistake(value.start, found, f"write {-function.largest} to {function.largest}")
        if function.halves and not (2 * known).is_integer():
            found = f"{function.name}({known:g}, x), whose order is no multiple of 1/2"
            raise Mistake(value.start, found, f"write one, such as {math.floor(2 * known) / 2:g}")

    def _order(self, value: Value, function: Function, place: int) -> int:
        """A constant integer up to which the function is right."""
        order = self.integer(value, function, place)
        if order > function.largest:
            found = f"{function.name}({written(order)}, x), of which the digits would be lost"
            raise Mistake(value.start, found, f"write {function.largest} at most")
        return order

    def known(self, value: Value) -> float | None:
        """What a value is that is made of numbers alone; None if it is not."""
        return self._constants.get(self.number(value))

    def integer(self, value: Value, function: Function, place: int | None = None) -> int:
        """A value as the constant integer that a function asks for, in that place where it asks for several."""
        constant = self.constant_integer(value)
        if constant is None:
            raise Mistake(value.start, *_not_an_integer(function, place))
        return constant

    def constant_integer(self, value: Value) -> int | None:
        """A value as a constant integer of 0 or more; None if it is none."""
        constant = self._constants.get(self.number(value), math.nan)
        return int(constant) if constant.is_integer() and constant >= 0 else None

    def _const(self, value: float) -> int:
        node = self.builder.const(value)
        self._constants[node] = value
        return node

    def _op(self, op: str, *nodes: int) -> int:
        node = self.builder.op(op, *nodes)
        if op in ARITHMETIC and node not in self._constants:
            self._fold(op, node, nodes)
        return node

    def _fold(self, op: str, node: int, nodes: tuple[int, ...]) -> None:
        if not all(n in self._constants for n in nodes):
            return
        try:
            self._constants[node] = ARITHMETIC[op](*(self._constants[n] for n in nodes))
        except (ArithmeticError, ValueError):
            self._constants[node] = math.nan


def written(order: int) -> str:
    """An order as a message has it, however large it is."""
    return f"{order:,}" if order < _LONG else f"{order:.3g}"


def _example(function: Function) -> str:
    """A call with numbers where it takes no others."""
    numbers = {"integer": "2", "constant": "2.5"}
    given = [numbers.get(kind, name) for name, kind in zip(function.params, function.kinds, strict=True)]
    return f"{function.name}({', '.join(given)})"


def _not_an_integer(function: Function, place: int | None) -> tuple[str, str]:
    wanted = function.params[function.kinds.index("integer") if place is None else place]
    found = f"the argument {wanted} of {function.name} is no constant integer of 0 or more"
    return found, f"write a number for it, as in {_example(function)}"
