"""From the nodes that the parser built to a Program: what is used, in the order of its use."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Generator, Iterable, Sequence

from gridgrad_core.lang.functions.tabulated import TableSpec, called_tables
from gridgrad_core.lang.program import limits, printer
from gridgrad_core.lang.program.made_operation import MadeOperation
from gridgrad_core.lang.program.nodes import Node
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.syntax_error import Mistake
from gridgrad_core.lang.program.typed_builder import TypedBuilder, Value

__all__ = ["assembling", "collecting"]

_SLICE = 2**16
_TAKEN = Node("taken")


def assembling(
    operations: TypedBuilder, result: Value, order: Iterable[str], tables: tuple[TableSpec, ...] = ()
) -> Generator[None, None, Program]:
    """Makes the program in steps; its canonical text and its digest are then known.

    Args:
        operations: what was built.
        result: the value of the last statement, a number, a condition or a tuple.
        order: the inputs in the order in which the text first names them, used or not.
        tables: what it may call.
    """
    values = (result,) if result.items is None else result.items
    outputs = [operations.number(value) for value in values]
    while operations.builder.forget(limits.STEP_NODES):
        yield
    nodes, places = yield from collecting(operations.builder.nodes, outputs)
    used = {node.value for node in nodes if node.op == "input"}
    yield
    program = Program(
        nodes=tuple(nodes),
        outputs=tuple(places[output] for output in outputs),
        components=("f",) if result.items is None else _components(values),
        tuple_valued=result.items is not None,
        inputs=tuple(name for name in order if name in used),
        tables=tables,
    )
    _check_names(program)
    _check_made(program)
    yield from _describe(program)
    return program


def collecting(
    nodes: Sequence[Node], outputs: Sequence[int], *, spent: list[Node] | None = None
) -> Generator[None, None, tuple[list[Node], Sequence[int]]]:
    """The nodes that the outputs use, in the order of a walk from them that takes arguments first.

    Args:
        nodes: nodes, used or not.
        outputs: indices of some of them.
        spent: the same list, if nobody needs it any more: nodes are taken out of it, so that few are there twice.

    Returns:
        The nodes in their new order, and the new place of each by its old index; -1 for one that is not used.
    """
    ordered: list[Node] = []
    places = array("i", [-1]) * len(nodes)
    stack = list(reversed(outputs))
    count = 0
    while stack:
        count += 1
        if not count % limits.STEP_NODES:
            yield
        index = stack[-1]
        if places[index] >= 0:
            stack.pop()
            continue
        node = nodes[index]
        missing = [argument for argument in node.args if places[argument] < 0]
        if missing:
            stack.extend(reversed(missing))
        else:
            stack.pop()
            places[index] = len(ordered)
            ordered.append(_moved(node, places))
            if spent is not None:
                spent[index] = _TAKEN
    return ordered, places


def _check_names(program: Program) -> None:
    """Refuses a table that is called as the canonical text calls a function, which a text may know by other names."""
    hidden = called_tables(program.tables).keys() & {node.op for node in program.nodes} if program.tables else ()
    for name in hidden:
        found = f"a table {name} in a text that uses the function {name}, by another name or for a derivative"
        raise Mistake(0, found, "rename the table")


def _check_made(program: Program) -> None:
    """Refuses more calls with a sub-program than can be parsed again."""
    # Looked at without a call, since there may be very many: most operations are plain names
    others = [node.op for node in program.nodes if node.op.__class__ is not str]
    calls = sum(operation.calls for operation in others if isinstance(operation, MadeOperation))
    if calls > limits.MAX_LOCAL_CALLS:
        found = f"{calls:,} calls of solve, sum, prod and integrate when derivatives and short sums are written out"
        raise Mistake(0, found, f"split the function into several requests; at most {limits.MAX_LOCAL_CALLS} in each")


def _moved(node: Node, places: Sequence[int]) -> Node:
    args = tuple([places[argument] for argument in node.args])
    return node if args == node.args else Node(node.op, args)


def _components(values: Iterable[Value]) -> tuple[str, ...]:
    """Each component is called like the variable that it is; else, or for a second time, f0, f1, ... by position."""
    names = [value.name for value in values]
    taken = set(names)
    for position, name in enumerate(names):
        if name and name not in names[:position]:
            continue
        name = printer.default_component(position)
        while name in taken:
            name += "_"
        taken.add(name)
        names[position] = name
    return tuple(names)


def _describe(program: Program) -> Generator[None, None, None]:
    text = yield from printer.printing(program)
    if len(text) > limits.MAX_TEXT:
        found = f"an expression of {len(text):,} characters when it is written out"
        raise Mistake(0, found, f"use shorter names or fewer operations; at most {limits.MAX_TEXT:,} characters")
    digest = hashlib.sha256()
    for start in range(0, len(text), _SLICE):
        yield
        digest.update(text[start : start + _SLICE].encode())
    program.describe(text, digest.hexdigest())
