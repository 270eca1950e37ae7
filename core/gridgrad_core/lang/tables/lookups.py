"""Calls of tables as look-ups: where the arguments lie among the knots, and the polynomial there.

The polynomial of a cell has (degree + 1)^dims coefficients, each of products of powers of the distances from the cell's
first knots, and is evaluated by Horner's rule. Its coefficients are read once, whatever derivatives are computed. What
depends on one argument alone, its cell and its distance, depends on no more dims than that does.

Beyond the degree derivatives are 0; what is held outside has the derivative 0 there; and nan stays nan.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from gridgrad_core.lang.functions.tabulated import CALLS, OUTSIDE, TableSpec
from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.program.nodes import Builder, Node
from gridgrad_core.lang.program.program import Program

__all__ = ["with_lookups"]

_HELD = OUTSIDE.index("clamp")


def with_lookups(program: Program) -> Program:
    """The same program with look-ups for calls of tables.

    Args:
        program: with calls of its tables, or without.
    """
    return _written(program, program.tables, {}) if program.tables else program


def _written(program: Program, tables: Sequence[TableSpec], known: dict[str, str]) -> Program:
    """The same program with look-ups, in operations with a sub-program too; what became of those is kept in known."""
    builder = Builder()
    writer = _Writer(builder, tables)
    places: list[int] = []
    for node in program.nodes:
        args = tuple([places[i] for i in node.args])
        if isinstance(node.op, LocalOperation) and node.op.used & CALLS.keys() and node.op not in known:
            op = node.op
            body = _written(op.body, tables, known)
            known[op] = LocalOperation(op.kind, body, op.names, op.leading, op.which, op.rounds)
        taken = node._replace(op=known.get(node.op, node.op), args=args)
        places.append(writer.call(args) if node.op in CALLS else builder.take(taken))
    outputs = tuple(places[i] for i in program.outputs)
    return Program(
        tuple(builder.nodes), outputs, program.components, program.tuple_valued, program.inputs, program.tables
    )


class _Along(NamedTuple):
    """An argument of a call along the axis of its table.

    Args:
        given: as it is given.
        place: what is looked up: as given, or where that is outside of the knots what counts there.
        cell: the number of the knot before it.
        distance: from there.
    """

    given: int
    place: int
    cell: int
    distance: int


class _Writer:
    """Writes look-ups.

    Args:
        builder: takes them.
        tables: what is called.
    """

    def __init__(self, builder: Builder, tables: Sequence[TableSpec]) -> None:
        self._builder = builder
        self._specs = [(number, spec) for number, spec in enumerate(tables) for _ in spec.names]

    def call(self, args: Sequence[int]) -> int:
        """The value of a call of these arguments."""
        dims = len(args) // 2
        number, *orders = [int(self._nodes[i].number) for i in args[: dims + 1]]
        table, spec = self._specs[number]
        along = [self._along(table, axis, spec, x) for axis, x in enumerate(args[dims + 1 :])]
        value = self._polynomial(number, spec.degree, orders, along, ())
        if spec.outside == OUTSIDE[_HELD]:
            for order, each in zip(orders, along, strict=True):
                value = self._held(value, each) if order else value
        return value

    @property
    def _nodes(self) -> list[Node]:
        return self._builder.nodes

    def _along(self, table: int, axis: int, spec: TableSpec, x: int) -> _Along:
        of_axis = self._const(table), self._const(axis)
        outside = OUTSIDE.index(spec.outside)
        place = self._builder.op("table_place", *of_axis, self._const(outside), x) if outside else x
        cell = self._builder.op("table_cell", *of_axis, place)
        distance = self._builder.op("sub", place, self._builder.op("table_knot", *of_axis, cell))
        return _Along(x, place, cell, distance)

    def _polynomial(
        self, number: int, degree: int, orders: Sequence[int], along: Sequence[_Along], powers: tuple[int, ...]
    ) -> int:
        """The polynomial in the distances along the axes after the first ones, whose powers are known."""
        axis = len(powers)
        if axis == len(along):
            return self._item(number, degree, powers, [each.cell for each in along])
        distance, order = along[axis].distance, orders[axis]
        if order > degree:
            return self._builder.op("sub", distance, distance)  # 0, or nan
        terms = [
            self._times(math.perm(power, order), self._polynomial(number, degree, orders, along, (*powers, power)))
            for power in range(order, degree + 1)
        ]
        total = terms.pop()
        if not terms:  # a constant, which is nan where the argument is
            return self._builder.op("add", total, self._builder.op("sub", distance, distance))
        while terms:
            total = self._builder.op("add", self._builder.op("mul", total, distance), terms.pop())
        return total

    def _item(self, number: int, degree: int, powers: tuple[int, ...], cells: Sequence[int]) -> int:
        place = 0
        for power in powers:
            place = place * (degree + 1) + power
        return self._builder.op(f"table_item_{len(cells)}", self._const(number), self._const(place), *cells)

    def _times(self, factor: int, value: int) -> int:
        return value if factor == 1 else self._builder.op("mul", value, self._const(factor))

    def _held(self, value: int, along: _Along) -> int:
        """A derivative by an argument beyond whose ends the table is held."""
        inside = self._builder.op("eq", along.place, along.given)
        return self._builder.op("where", inside, value, self._builder.op("sub", along.place, along.place))

    def _const(self, value: int) -> int:
        return self._builder.const(float(value))
