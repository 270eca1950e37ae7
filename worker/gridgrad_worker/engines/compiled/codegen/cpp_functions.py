"""The functions of the language that a program uses, in C++, each defined once, and its look-ups in tables.

Tables lie behind the inputs of a tile: of each the knots of its axes and its components.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import torch

from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.functions.tabulated import ARRAY_ITEM, LOOKUPS, OUTSIDE, TableSpec
from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.loops.loop import Loop, state_name
from gridgrad_core.lang.loops.lowering import loop_of
from gridgrad_core.lang.loops.pick import Pick
from gridgrad_core.lang.program.made_operation import MadeOperation, sums_over_arrays
from gridgrad_core.lang.program.nodes import Node
from gridgrad_core.lang.program.program import Program
from gridgrad_worker.engines.compiled.codegen.cpp_table import WRITTEN
from gridgrad_worker.engines.compiled.codegen.torch_recorder import Recorded, literal, power, record
from gridgrad_worker.torch_ops.looped_value import rounding_of

__all__ = ["CppFunctions", "ProgramLines", "TableReader", "count_arrays"]

_DIGITS = 17
"""Of a name that is a digest: enough that no two of one program are alike."""

_LONG = 24
"""Operations from which on a function is called, and not written where it is used."""

_POSITION = "const Position& position"


class CppFunctions:
    """The functions of the language that a program uses, in C++.

    Args:
        dtype: computed in.
        static: how the definition of a long one begins.
        tables: with the arrays that programs sum over.

    Attributes:
        definitions: their text.
        special: whether any of them needs `cpp/special.h`.
        library: those that need the library of special functions.
    """

    def __init__(self, dtype: torch.dtype, static: str = "static", tables: TableReader | None = None) -> None:
        self.definitions: list[str] = []
        self.special = False
        self.library: list[str] = []
        self._dtype = dtype
        self._static = static
        self._tables = tables or TableReader((), 0)
        self._known: dict[tuple[str, tuple[int, ...]], Recorded] = {}

    def recorded(self, op: str, integers: tuple[int, ...]) -> Recorded:
        """A function; defines it when it is first asked for."""
        key = (op, integers)
        if key not in self._known:
            made = self._made(op) if isinstance(op, MadeOperation) else record(op, integers, self._dtype)
            self._known[key] = made
            self.special = self.special or made.special
            if made.library:
                self.library.append(op)
            if len(made.lines) > 1 and op not in WRITTEN:
                here = f"{_POSITION}, " if _reads_tables(op) else ""
                self.definitions.append(_definition(self._name(op, integers), made, self._static, here))
        return self._known[key]

    def call(self, op: str, integers: tuple[int, ...], arguments: Sequence[str]) -> str:
        """The expression of a function of arguments."""
        if op in WRITTEN:
            return WRITTEN[op].format(*arguments)
        if op in LOOKUPS:
            return self._tables.call(op, integers, arguments)
        made = self.recorded(op, integers)
        if len(made.lines) > 1:
            here = ["position"] if _reads_tables(op) else []
            return f"{self._name(op, integers)}({', '.join([*here, *arguments])})"
        expression = made.lines[0].partition(" = ")[2].rstrip(";") if made.lines else made.result
        return re.sub(r"\bp(\d+)\b", lambda found: arguments[int(found[1])], expression)

    def _made(self, operation: MadeOperation) -> Recorded:
        """An operation that a text makes for itself as a function; what it calls is defined before it."""
        if isinstance(operation, Pick):
            return Recorded(("Vector",), "Vector", tuple(_picking(operation)), "result")
        assert isinstance(operation, LocalOperation)  # noqa: S101 - narrows the type
        kinds = ("Vector",) * len(operation.function.params)
        if operation.arrays:
            return Recorded(kinds, "Vector", tuple(_sum_lines(operation, self)), "result")
        loop = loop_of(operation, rounding_of(self._dtype))
        return Recorded(kinds, "Vector", tuple(_loop_lines(loop, len(kinds), self)), "result")

    def item(self, number: int) -> str:
        """The number of an array at the place that a loop is at."""
        return f"broadcast(numbers({self._tables.array(number)})[place])"

    def count(self, number: int) -> str:
        """How many numbers an array has."""
        return f"{self._tables.array(number)}.count"

    def groups(self, number: int) -> str:
        """The places of an array that have the same numbers."""
        return self._tables.groups(number)

    def _name(self, op: str, integers: tuple[int, ...]) -> str:
        if isinstance(op, MadeOperation):
            return "of_" + op.replace(" ", "_")[: op.index(" ") + _DIGITS]
        return "_".join(["of", op, *map(str, integers)])


def _reads_tables(op: str) -> bool:
    """Whether an operation sums over arrays or looks up tables inside; then it is told where it is computed."""
    return isinstance(op, MadeOperation) and (
        any(sums_over_arrays([Node(op)])) or not LOOKUPS.keys().isdisjoint(op.used)
    )


def _definition(name: str, made: Recorded, static: str, here: str) -> str:
    kind = static if len(made.lines) > _LONG else "INLINE"
    parameters = ", ".join(f"{kind} p{n}" for n, kind in enumerate(made.kinds))
    body = "".join(f"    {line}\n" for line in made.lines)
    return f"{kind} {made.kind} {name}({here}{parameters}) {{\n{body}    return {made.result};\n}}\n"


def _picking(operation: Pick) -> Iterator[str]:
    """What a function does that picks a number of a list."""
    numbers = ", ".join(literal(number) for number in operation.numbers)
    yield f"static constexpr Real numbers[] = {{{numbers}}};"
    yield f"const Vector place = clamp(p0, Vector{{}}, broadcast({len(operation.numbers) - 1}));"
    yield "const Vector result = each([](Real at) { return numbers[int(at)]; }, place);"


def _sum_lines(operation: LocalOperation, functions: CppFunctions) -> Iterator[str]:
    """What a function does that sums over arrays, up to its `result`."""
    given = {name: f"p{n}" for n, name in enumerate(operation.function.params)}
    term = ProgramLines(operation.body, given, "a", functions)
    yield "Vector result = {};"
    yield f"for (int64_t place = 0; place < {functions.count(operation.which)}; place++) {{"
    yield from (f"    {line}" for line in term.lines)
    yield f"    result = result + {term.outputs[0]};"
    yield "}"


def _loop_lines(loop: Loop, params: int, functions: CppFunctions) -> Iterator[str]:
    """What a function does that runs a loop, up to its `result`.

    Each lane goes its own way: what has ended keeps its numbers, whatever the other lanes still do.

    Args:
        loop: what is run.
        params: how many parameters the function has, p0, p1, ...
        functions: that it calls; more are defined as they are needed.
    """
    given = {str(position): f"p{position}" for position in range(params)}
    count = len(loop.step.outputs)
    state = {state_name(position): state_name(position) for position in range(count)}
    begin = ProgramLines(loop.start, given, "a", functions)
    yield from begin.lines
    yield from (f"Vector s{n} = {text};" for n, text in enumerate(begin.outputs))
    yield f"for (int round = 0; round < {loop.limit}; round++) {{"
    yield f"    const Mask going = truth(s{count - 1});"
    yield "    if (!any(going)) break;"
    step = ProgramLines(loop.step, {**given, **state}, "b", functions)
    yield from (f"    {line}" for line in step.lines)
    yield from (f"    const Vector n{n} = {text};" for n, text in enumerate(step.outputs))
    yield from (f"    s{n} = select(going, n{n}, s{n});" for n in range(count))
    yield "}"
    end = ProgramLines(loop.result, {**given, **state}, "c", functions)
    yield from end.lines
    yield f"const Vector result = {end.outputs[0]};"


class ProgramLines:
    """A program as lines of C++.

    Args:
        program: what is computed.
        known: what its inputs are called.
        prefix: of the names of variables.
        functions: that it calls.
        logarithms: what those of bases of powers are called that are known already, by what the bases are called.

    Attributes:
        lines: a variable in each.
        outputs: what the results are called.
    """

    def __init__(
        self,
        program: Program,
        known: Mapping[str, str],
        prefix: str,
        functions: CppFunctions,
        logarithms: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._logarithms = dict(logarithms)
        self._prefix = prefix
        self.lines: list[str] = []
        self._nodes = program.nodes
        self._functions = functions
        self._texts: list[str] = []
        for index, node in enumerate(program.nodes):
            if node.op == "const":
                self._texts.append(f"broadcast({literal(node.number)})")
            elif node.op == "input":
                self._texts.append(known.get(str(node.value), ""))
            elif node.op == ARRAY_ITEM.name:
                self._texts.append(functions.item(int(program.nodes[node.args[0]].number)))
            else:
                kind = "Mask" if FUNCTIONS[node.op].result == "boolean" else "Vector"
                self.lines.append(f"const {kind} {prefix}{index} = {self._expression(node)};")
                self._texts.append(f"{prefix}{index}")
        self.outputs = [self._texts[output] for output in program.outputs]

    def _expression(self, node: Node) -> str:
        count = len(FUNCTIONS[node.op].integers)
        integers = tuple(int(self._nodes[argument].number) for argument in node.args[:count])
        arguments = [self._texts[argument] for argument in node.args[count:]]
        if node.op == "pow" and self._nodes[node.args[1]].op == "const":
            easy = power(arguments[0], self._nodes[node.args[1]].number)
            if easy is not None:
                return easy
            self._take_logarithm(arguments[0])
        if node.op == "pow" and arguments[0] in self._logarithms:
            return f"powered({arguments[0]}, {self._logarithms[arguments[0]]}, {arguments[1]})"
        return self._functions.call(node.op, integers, arguments)

    def _take_logarithm(self, base: str) -> None:
        """Of a base, which its powers share."""
        if base not in self._logarithms:
            self._logarithms[base] = f"{self._prefix}_log{len(self._logarithms)}"
            self.lines.append(f"const Logarithm {self._logarithms[base]} = logarithm({base});")


def count_arrays(tables: Sequence[TableSpec]) -> int:
    """How many arrays tables have; of an array its groups too."""
    return sum(table.dims + len(table.names) + table.is_array for table in tables)


class TableReader:
    """Writes look-ups in C++.

    Args:
        tables: that a program calls.
        inputs: how many inputs stand before their arrays.
    """

    def __init__(self, tables: Sequence[TableSpec], inputs: int) -> None:
        self._knots: list[list[int]] = []
        self._components: list[tuple[int, int]] = []  # the table of each, and the place of its array
        for number, table in enumerate(tables):
            self._knots.append([inputs + axis for axis in range(table.dims)])
            inputs += table.dims
            self._components += [(number, inputs + n) for n in range(len(table.names))]
            inputs += len(table.names) + table.is_array
        self._powers = [(table.degree + 1) ** table.dims for table in tables]

    def call(self, op: str, integers: Sequence[int], arguments: Sequence[str]) -> str:
        """The expression of a look-up.

        Args:
            op: which.
            integers: its integer parameters.
            arguments: the others, in C++.
        """
        if op.startswith("table_item"):
            return self._item(integers[0], integers[1], arguments)
        knots = self._input(self._knots[integers[0]][integers[1]])
        if op == "table_place":
            return f"{OUTSIDE[integers[2]]}_place({knots}, {arguments[0]})"
        return f"{op}({knots}, {arguments[0]})"

    def _item(self, component: int, power: int, cells: Sequence[str]) -> str:
        table, place = self._components[component]
        index = f"whole({cells[0]})"
        for cell, knots in zip(cells[1:], self._knots[table][1:], strict=True):
            index = f"({index} * Whole({self._input(knots)}.count - 1) + whole({cell}))"
        reader = "item" if len(cells) == 1 else "near_item"
        return f"{reader}({self._input(place)}, {index} * Whole({self._powers[table]}) + Whole({power}))"

    def array(self, number: int) -> str:
        """The input that has the numbers of an array."""
        return self._input(self._components[number][1])

    def groups(self, number: int) -> str:
        """The input behind it that has the places of equal ones among them."""
        return self._input(self._components[number][1] + 1)

    @staticmethod
    def _input(place: int) -> str:
        return f"position.inputs[{place}]"
