"""The canonical text of a program: equal programs have the same, and it parses back to an equal one.

A node that is used once is written where it is used, unless the line gets long; one that is used
more often gets a line and a variable. So `t*k + 2*t*k**2` stays as it is, sixty times `x = x*x`
are sixty lines, and no line nests deeper than it is long.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Generator, Iterator
from typing import Protocol

from gridgrad_core.lang.functions.tabulated import ARRAY_ITEM, CALLS, TableSpec
from gridgrad_core.lang.program import limits, numerals
from gridgrad_core.lang.program.made_operation import MadeOperation
from gridgrad_core.lang.program.names import INTRODUCED
from gridgrad_core.lang.program.nodes import CallBuilder, Node
from gridgrad_core.lang.program.operations import ATOM, COMPARISON, INFIXES, PREFIXES, SIGN
from gridgrad_core.lang.program.steps import finished

__all__ = ["Printable", "default_component", "inputs_as_read", "printing", "text_of"]

_LINE = 100
"""Characters up to which a part is written where it is used."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAME_READ = re.compile(r"\b[A-Za-z_][A-Za-z0-9_]*\b(?!\()")


class Printable(Protocol):
    """What is printed: the parts of a `Program`, which says what each is."""

    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]
    components: tuple[str, ...]
    tuple_valued: bool
    inputs: tuple[str, ...]
    tables: tuple[TableSpec, ...]


def text_of(program: Printable) -> str:
    """The canonical text of a program."""
    return finished(printing(program))


def printing(program: Printable) -> Generator[None, None, str]:
    """The canonical text of a program, in steps of a bounded number of nodes."""
    return (yield from _Printer((yield from _opening(program))).run())


def inputs_as_read(program: Printable) -> tuple[str, ...]:
    """The inputs in the order in which the text first names them; in another order, it needs lines that say so."""
    printer = _Printer(finished(_opening(program)))
    finished(printer.run())
    return tuple(sorted(program.inputs, key=printer.places.__getitem__))


def default_component(position: int) -> str:
    """The name of a component that is no variable."""
    return f"f{position}"


def _assigned_components(program: Printable) -> dict[str, int]:
    """The components that need a variable of their name, and their nodes."""
    if not program.tuple_valued:
        return {}
    named = zip(program.components, program.outputs, strict=True)
    return {
        name: node
        for position, (name, node) in enumerate(named)
        if name not in (default_component(position), program.nodes[node].value)
    }


@dataclasses.dataclass(slots=True)
class _Opened:
    """A program in which nothing is an operation that the text makes for itself: all is there as it is written."""

    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]
    components: tuple[str, ...]
    tuple_valued: bool
    inputs: tuple[str, ...]
    tables: tuple[TableSpec, ...]


def _opening(program: Printable) -> Generator[None, None, Printable]:
    """The program as its text has it."""
    for start in range(0, len(program.nodes), limits.STEP_NODES):
        yield
        if {type(node.op) for node in program.nodes[start : start + limits.STEP_NODES]} != {str}:
            return (yield from _opened(program))
    return program


def _opened(program: Printable) -> Generator[None, None, _Opened]:
    tabled = (name for table in program.tables for name in table.names)
    builder, places = CallBuilder(program.inputs, (*program.components, *tabled)), list[int]()
    for index, node in enumerate(program.nodes):
        if not index % limits.STEP_NODES:
            builder.follow()
            yield
        args = tuple([places[argument] for argument in node.args])
        if isinstance(node.op, MadeOperation):
            places.append(node.op.opened(builder, args))
        else:
            places.append(builder.take(node._replace(args=args)))
    outputs = tuple(places[output] for output in program.outputs)
    components, is_tuple = program.components, program.tuple_valued
    return _Opened(tuple(builder.nodes), outputs, components, is_tuple, program.inputs, program.tables)


class _Printer:
    def __init__(self, program: Printable) -> None:
        self._program = program
        self._first_lines: list[str] = []
        self._lines: list[str] = []
        # What stands for each node where it is used, and how strongly what holds it together binds. Two
        # lists of what Python's garbage collector passes over: it would take milliseconds for one of pairs.
        self._texts: list[str] = []
        self._powers: list[int] = []
        self._uses = [0] * len(program.nodes)
        self._tables = [name for table in program.tables for name in table.names]
        self._outputs = frozenset(program.outputs)
        self._assigned = _assigned_components(program)
        self._variables: dict[int, str] = {}
        for name, index in self._assigned.items():
            if program.nodes[index].args:
                self._variables.setdefault(index, name)
        taken = {*program.inputs, *program.components}
        if isinstance(program, _Opened):
            taken.update(str(node.value) for node in program.nodes if node.op == "input")
        self.places: dict[str, int] = {}
        self._fresh = (name for name in map(INTRODUCED.format, itertools.count(1)) if name not in taken)

    def run(self) -> Generator[None, None, str]:
        yield from self._count_uses()
        for index, node in enumerate(self._program.nodes):
            if not index % limits.STEP_NODES:
                yield
            text, power = self._operation(index, node) if node.args else self._leaf(node)
            self._texts.append(text)
            self._powers.append(power)
        for name, index in self._assigned.items():
            if self._variables.get(index) != name:
                self._lines.append(f"{name} = {self._texts[index]}")
        lines = [*self._first_lines, *self._lines, self._result()]
        yield
        self.places = yield from self._places_of_inputs(lines)
        lines[:0] = [f"{name} = {name}" for name in _out_of_order(self._program.inputs, self.places)]
        return "\n".join(lines)

    def _count_uses(self) -> Iterator[None]:
        for index, node in enumerate(self._program.nodes):
            if not index % limits.STEP_NODES:
                yield
            for argument in node.args:
                self._uses[argument] += 1
        for output in self._program.outputs:
            self._uses[output] += 1

    def _leaf(self, node: Node) -> tuple[str, int]:
        text = numerals.written(node.value) if isinstance(node.value, float) else str(node.value)
        sign = text.startswith("-")
        if text.lstrip("-") in self._assigned:
            # A variable will hide the name that is read here, so it is read before
            variable = next(self._fresh)
            self._first_lines.append(f"{variable} = {text}")
            return variable, ATOM
        return text, SIGN if sign else ATOM

    def _operation(self, index: int, node: Node) -> tuple[str, int]:
        """What stands for an operation where it is used, after giving it a line if it needs one."""
        if node.op == ARRAY_ITEM.name and self._tables:
            return self._leaf(Node("input", (), self._tables[int(self._program.nodes[node.args[0]].number)]))
        text, power = self._written(node)
        if node.op == "tuple":
            return text, power
        variable = self._variables.get(index)
        if variable is None:
            short = len(text) <= _LINE or index in self._outputs
            if not self._uses[index] or (self._uses[index] == 1 and short):
                return text, power
            variable = next(self._fresh)
        self._lines.append(f"{variable} = {text}")
        return variable, ATOM

    def _written(self, node: Node) -> tuple[str, int]:
        """An operation in terms of what stands for its arguments, and how strongly it binds."""
        if node.op in PREFIXES:
            sign, power = PREFIXES[node.op]
            return f"{sign}{self._within(power, node.args[0])}", power
        if node.op in CALLS and self._tables:
            return self._table_call(node), ATOM
        if node.op not in INFIXES:
            name = "" if node.op == "tuple" else node.op
            return f"{name}({', '.join([self._texts[argument] for argument in node.args])})", ATOM
        sign, power = INFIXES[node.op]
        # Binding to the left, but for powers, where a sign may stand on the right, and comparisons
        left = power + 1 if node.op == "pow" or power == COMPARISON else power
        right = SIGN if node.op == "pow" else power + 1
        return f"{self._within(left, node.args[0])}{sign}{self._within(right, node.args[1])}", power

    def _table_call(self, node: Node) -> str:
        """A table of its arguments, and the orders of its derivative if it is one."""
        count = len(node.args) // 2
        number, *orders = [int(self._program.nodes[i].number) for i in node.args[: count + 1]]
        arguments = [self._texts[i] for i in node.args[count + 1 :]] + ([*map(str, orders)] if any(orders) else [])
        return f"{self._tables[number]}({', '.join(arguments)})"

    def _within(self, power: int, index: int) -> str:
        """What stands for a node where something of this power pulls at it."""
        return self._texts[index] if self._powers[index] >= power else f"({self._texts[index]})"

    def _result(self) -> str:
        program = self._program
        if not program.tuple_valued:
            return self._texts[program.outputs[0]]
        named = zip(program.components, program.outputs, strict=True)
        elements = [self._element(name, index) for name, index in named]
        return ", ".join(elements) if len(elements) > 1 else f"({elements[0]},)"

    def _element(self, component: str, index: int) -> str:
        if component in self._assigned or component == self._program.nodes[index].value:
            return component
        text = self._texts[index]
        # A name alone would name the component
        return f"+{text}" if _NAME.fullmatch(text) else text

    def _places_of_inputs(self, lines: list[str]) -> Generator[None, None, dict[str, int]]:
        """The inputs, numbered in the order in which the lines first name them."""
        missing = set(self._program.inputs)
        places: dict[str, int] = {}
        for number, line in enumerate(lines):
            if not number % limits.STEP_NODES:
                yield
            if not missing:
                break
            for name in _NAME_READ.findall(line):
                if name in missing:
                    missing.remove(name)
                    places[name] = len(places)
        return places


def _out_of_order(inputs: tuple[str, ...], places: dict[str, int]) -> tuple[str, ...]:
    """The first inputs, up to the last one that comes after its successor.

    A line `x = x` for each changes nothing but who comes first.
    """
    for position in range(len(inputs) - 1, 0, -1):
        if places[inputs[position - 1]] > places[inputs[position]]:
            return inputs[:position]
    return ()
