"""Programs that can be derived by the values of tables.

A table that is linear in its values is V + Σ c·B, where B is its derivative by a value and c by how much that value is
moved. So the derivatives by the c, where they are 0, are those by the values, of any order and mixed with others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gridgrad_core.lang.functions.tabulated import CALLS, TableSpec
from gridgrad_core.lang.local.closing import closing
from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.program.canonical import collecting
from gridgrad_core.lang.program.nodes import Builder, Node
from gridgrad_core.lang.program.printer import inputs_as_read
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished

__all__ = ["MovedTable", "with_values_moved"]


class MovedTable(NamedTuple):
    """What a component of a table is moved by.

    Args:
        inputs: the names of the inputs by how much each of its values is moved.
        first: the number of the first component of the tables that say what each counts; the others follow.
    """

    inputs: Sequence[str]
    first: int


def with_values_moved(program: Program, moved: Mapping[int, MovedTable], basis: Sequence[TableSpec]) -> Program:
    """The same program with inputs by which the values of tables are moved.

    Args:
        program: that calls tables.
        moved: those that are moved, by the numbers of their components.
        basis: the tables that say what each value counts; they are numbered after those of the program.
    """
    builder = Builder()
    places = _written(builder, program.nodes, moved)
    nodes, kept = finished(collecting(builder.nodes, [places[output] for output in program.outputs]))
    inputs = tuple([str(node.value) for node in nodes if node.op == "input"])
    outputs = tuple([kept[places[output]] for output in program.outputs])
    parts = tuple(nodes), outputs, program.components, program.tuple_valued
    tables = (*program.tables, *basis)
    made = Program(*parts, inputs_as_read(Program(*parts, inputs, tables)), tables)
    made.assigned = program.assigned
    return made


def _written(builder: Builder, nodes: Sequence[Node], moved: Mapping[int, MovedTable]) -> list[int]:
    """The places in a builder of nodes with tables that are moved."""
    places: list[int] = []
    for node in nodes:
        args = tuple([places[argument] for argument in node.args])
        if isinstance(node.op, LocalOperation) and node.op.used & CALLS.keys():
            places.append(_moved_inside(builder, node.op, args, moved))
            continue
        places.append(builder.take(node._replace(args=args)))
        table = moved.get(int(builder.nodes[args[0]].number)) if node.op in CALLS else None
        if table is not None:
            places[-1] = _moved(builder, node.op, args, table, places[-1])
    return places


def _moved_inside(
    builder: Builder, operation: LocalOperation, args: Sequence[int], moved: Mapping[int, MovedTable]
) -> int:
    """An operation with a sub-program that calls tables; the inputs by which they are moved become its arguments."""
    inner = Builder()
    places = _written(inner, operation.body.nodes, moved)
    outputs = [places[output] for output in operation.body.outputs]
    names, leading = operation.names, operation.leading
    closed = finished(closing(inner.nodes, outputs, names, leading))
    made = LocalOperation(operation.kind, closed.body, names, leading, operation.which, operation.rounds)
    given = dict(zip(operation.function.params, args, strict=True))
    read = [str(inner.nodes[argument].value) for argument in closed.arguments]
    kept = [given[name] if name in given else builder.input(name) for name in read]
    return made.applied(builder, [*args[:leading], *kept])


def _moved(builder: Builder, op: str, args: Sequence[int], table: MovedTable, value: int) -> int:
    for number, name in enumerate(table.inputs, table.first):
        counts = builder.op(op, builder.const(float(number)), *args[1:])
        value = builder.op("add", value, builder.op("mul", builder.input(name), counts))
    return value
