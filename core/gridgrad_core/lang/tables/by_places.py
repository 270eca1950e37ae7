"""Derivatives by the numbers of arrays as functions of the place: one program for all of them.

What f = f(S, x), S = Σᵢ u(nᵢ, dᵢ, x) changes with nⱼ is ∂f/∂S · ∂u/∂n at the j-th numbers of all arrays. Where inputs
along a dim of their own stand for these, it is a program on that dim and the others, whatever the length of the arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from gridgrad_core.errors import RequestError
from gridgrad_core.lang.derive.by_value import ValueDerivatives
from gridgrad_core.lang.functions.tabulated import ARRAY_ITEM
from gridgrad_core.lang.local.arrays import PLACE
from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.canonical import collecting
from gridgrad_core.lang.program.made_operation import MadeOperation, sums_over_arrays
from gridgrad_core.lang.program.nodes import Builder, Node
from gridgrad_core.lang.program.printer import inputs_as_read
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished

__all__ = ["derivatives_at_a_place"]


def derivatives_at_a_place(program: Program, standing: Mapping[str, str], asked: Sequence[str]) -> Program:
    """The first derivatives of a program by the numbers of arrays that it sums over.

    Args:
        program: which sums over arrays.
        standing: the name of the input that stands for its number at the place, for each array that is asked for, and
            for those that are read in one sum with it.
        asked: the arrays by which derivatives are wanted.

    Returns:
        A tuple of the derivatives of each component by the first of them, then by the second, and so on.

    Raises:
        RequestError: it sums over one of them within another call.
        TooLargeError: the derivatives take too many operations.
    """
    names = [name for table in program.tables for name in table.names]
    numbers = frozenset(map(names.index, asked))
    writer = _Writer({names.index(name): stands for name, stands in standing.items()}, numbers)
    outputs = writer.written(program)
    found = [writer.derivative(output, standing[name]) for name in asked for output in outputs]
    nodes, places = finished(collecting(writer.builder.nodes, found))
    inputs = tuple(dict.fromkeys(str(node.value) for node in nodes if node.op == "input"))
    components = tuple([f"f{position}" for position in range(len(found))])
    parts = tuple(nodes), tuple([places[each] for each in found]), components, True
    return Program(*parts, inputs_as_read(Program(*parts, inputs, program.tables)), program.tables)


def _inside(operation: MadeOperation) -> RequestError:
    found = f"derivatives by an array whose sum stands in {getattr(operation, 'kind', 'another call')}"
    return RequestError("derivatives", found, "give its numbers as scalars: n_0, n_1, ... in the text")


class _Writer:
    """Writes a program into a builder, and what its sums change with a number of an array.

    Args:
        standing: the inputs that stand for numbers of arrays, by the numbers of these.
        asked: the numbers of arrays by which derivatives are wanted.
    """

    def __init__(self, standing: Mapping[int, str], asked: Set[int]) -> None:
        self.builder = Builder()
        self._asked = asked
        self._standing = standing
        self._derivatives = ValueDerivatives(self.builder, limits.MAX_DERIVED)
        self._terms: dict[int, int] = {}  # of each sum its term at the place

    def written(self, program: Program) -> list[int]:
        """Where the outputs of a program are then."""
        places: list[int] = []
        for node in program.nodes:
            places.append(self.builder.take(node._replace(args=tuple([places[each] for each in node.args]))))
            if isinstance(node.op, MadeOperation) and self._reads(node):
                self._note(node.op, places[-1])
        return [places[output] for output in program.outputs]

    def _reads(self, node: Node) -> bool:
        """Whether an operation sums over arrays that are asked for."""
        return any(not self._asked.isdisjoint(read) for read in sums_over_arrays([node]))

    def _note(self, operation: MadeOperation, place: int) -> None:
        if not isinstance(operation, LocalOperation) or not operation.arrays:
            raise _inside(operation)
        given = dict(zip(operation.function.params, self.builder.nodes[place].args, strict=True))
        self._terms[place] = self._term(operation.body, given)

    def _term(self, body: Program, given: Mapping[str, int]) -> int:
        """What a sum adds up, of the numbers at the place."""
        places: list[int] = []
        for node in body.nodes:
            args = tuple([places[each] for each in node.args])
            if node.op == ARRAY_ITEM.name:
                number = int(self.builder.nodes[args[0]].number)
                places.append(self.builder.input(self._standing[number]))
            elif node.op == "input" and str(node.value) != PLACE:
                places.append(given[str(node.value)])
            elif node.op == "input":
                places.append(self.builder.const(0.0))  # read by arrays alone
            elif isinstance(node.op, MadeOperation) and self._reads(node):
                raise _inside(node.op)
            else:
                places.append(self.builder.take(node._replace(args=args)))
        return places[body.outputs[0]]

    def derivative(self, output: int, standing: str) -> int:
        """The node of the derivative of an output by a number of an array."""
        builder, by = self.builder, self.builder.input(standing)
        total = None
        for place, term in self._terms.items():
            of_sum, of_term = self._one(output, place), self._one(term, by)
            if of_sum is not None and of_term is not None:
                part = builder.op("mul", of_sum, of_term)
                total = part if total is None else builder.op("add", total, part)
        return builder.const(0.0) if total is None else total

    def _one(self, node: int, by: int) -> int | None:
        if node == by:
            return self.builder.const(1.0)
        return finished(self._derivatives.deriving(node, by))
