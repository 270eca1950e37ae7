"""Sums over arrays written out: a term for each number, which is an input of its own, so that it can be derived by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gridgrad_core.errors import RequestError
from gridgrad_core.lang.functions.tabulated import ARRAY_ITEM
from gridgrad_core.lang.local.arrays import PLACE, arrays_read
from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.program.canonical import collecting
from gridgrad_core.lang.program.made_operation import MadeOperation, sums_over_arrays
from gridgrad_core.lang.program.nodes import Builder, Node
from gridgrad_core.lang.program.printer import inputs_as_read
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished

__all__ = ["written_out"]


def written_out(program: Program, elements: Mapping[str, Sequence[str]]) -> Program:
    """The same program with scalars for arrays.

    Args:
        program: which sums over arrays.
        elements: of each array that it sums over, by its name, the names of inputs for its numbers.

    Raises:
        RequestError: arrays of one sum differ in length, or it sums within another call.
    """
    names = [name for table in program.tables for name in table.names]
    writer = _Writer(tuple(tuple(elements.get(name, ())) for name in names), names)
    outputs = writer.written(program.nodes, program.outputs, {})
    nodes, places = finished(collecting(writer.builder.nodes, outputs))
    inputs = tuple([str(node.value) for node in nodes if node.op == "input"])
    parts = tuple(nodes), tuple([places[output] for output in outputs]), program.components, program.tuple_valued
    made = Program(*parts, inputs_as_read(Program(*parts, inputs, program.tables)), program.tables)
    made.assigned = program.assigned
    return made


class _Writer:
    """Writes programs into a builder.

    Args:
        elements: of each array, by its number, the names of its numbers.
        names: of the arrays.
    """

    def __init__(self, elements: Sequence[Sequence[str]], names: Sequence[str]) -> None:
        self.builder = Builder()
        self._elements = elements
        self._names = names

    def written(
        self, nodes: Sequence[Node], outputs: Sequence[int], known: Mapping[str, int], place: int = 0
    ) -> list[int]:
        """Nodes with what is known for their inputs, at a place of arrays, written into the builder."""
        places: list[int] = []
        for node in nodes:
            args = [places[argument] for argument in node.args]
            if node.op == "input":
                places.append(self._input(str(node.value), known))
            elif node.op == ARRAY_ITEM.name:
                number = int(nodes[node.args[0]].number)
                places.append(self.builder.input(self._elements[number][place]))
            elif isinstance(node.op, MadeOperation):
                places.append(self._made(node.op, args))
            else:
                places.append(self.builder.take(node._replace(args=tuple(args))))
        return [places[output] for output in outputs]

    def _input(self, name: str, known: Mapping[str, int]) -> int:
        if name == PLACE:
            return self.builder.const(0.0)  # read by arrays alone
        return known[name] if name in known else self.builder.input(name)

    def _made(self, operation: MadeOperation, args: Sequence[int]) -> int:
        if not any(sums_over_arrays([Node(operation)])):
            return operation.applied(self.builder, args)
        if not isinstance(operation, LocalOperation) or not operation.arrays:
            found = f"a derivative by an array whose sum stands in {getattr(operation, 'kind', 'another call')}"
            raise RequestError("derivatives", found, "give its numbers as scalars: n_0, n_1, ... in the text")
        known = dict(zip(operation.function.params, args, strict=True))
        body = operation.body
        if not arrays_read(body.nodes):
            return self.builder.const(float(len(self._elements[operation.which])))
        terms = [self.written(body.nodes, body.outputs, known, place)[0] for place in range(self._length(operation))]
        total, *others = terms
        for term in others:
            total = self.builder.op("add", total, term)
        return total

    def _length(self, operation: LocalOperation) -> int:
        first, *others = operation.arrays
        for other in others:
            if len(self._elements[other]) != len(self._elements[first]):
                both = f"{self._names[first]} and {self._names[other]}, which are of different lengths"
                raise RequestError("coefficients", f"a sum over {both}", "give both as many numbers")
        return len(self._elements[first])
