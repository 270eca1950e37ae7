"""Makes a sub-program of nodes: of what depends on its own names; the rest becomes arguments."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import NamedTuple

from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.canonical import collecting
from gridgrad_core.lang.program.nodes import Builder, Node
from gridgrad_core.lang.program.program import Program

__all__ = ["Closed", "closing", "depending"]


class Closed(NamedTuple):
    """A sub-program and what it is given.

    Args:
        body: computes the outputs from its own names and from arguments, which are called by their positions.
        arguments: the nodes outside that those are.
        used: which of its own names it reads.
        visited: how many nodes were looked at for it.
    """

    body: Program
    arguments: tuple[int, ...]
    used: frozenset[str]
    visited: int


def depending(
    nodes: Sequence[Node], outputs: Sequence[int], names: frozenset[str]
) -> Generator[None, None, dict[int, bool]]:
    """Whether each node that outputs are made of depends on inputs of these names."""
    known: dict[int, bool] = {}
    stack, steps = list(outputs), 0
    while stack:
        steps += 1
        if not steps % limits.STEP_NODES:
            yield
        index = stack[-1]
        missing = [argument for argument in nodes[index].args if argument not in known]
        if index not in known and missing:
            stack.extend(missing)
            continue
        stack.pop()
        own = nodes[index].op == "input" and nodes[index].value in names
        known[index] = own or any(known[argument] for argument in nodes[index].args)
    return known


def closing(
    nodes: Sequence[Node], outputs: Sequence[int], names: tuple[str, ...], leading: int
) -> Generator[None, None, Closed]:
    """Makes a sub-program.

    Args:
        nodes: arguments first.
        outputs: what it computes.
        names: of inputs that are its own.
        leading: the position of its first argument.
    """
    own = frozenset(names)
    depends = yield from depending(nodes, outputs, own)
    moved = _Moved(nodes, depends, leading)
    # A walk from the outputs, so that the order follows from what is computed alone
    stack, steps = list(reversed(outputs)), 0
    while stack:
        steps += 1
        if not steps % limits.STEP_NODES:
            yield
        missing = moved.missing(stack[-1])
        if missing:
            stack.extend(reversed(missing))
        else:
            moved.take(stack.pop())
    ordered, places = yield from collecting(moved.builder.nodes, [moved.places[output] for output in outputs])
    arguments = moved.arguments
    body = Program(
        nodes=tuple(ordered),
        outputs=tuple(places[moved.places[output]] for output in outputs),
        components=tuple(f"f{position}" for position in range(len(outputs))),
        tuple_valued=True,
        inputs=(*names, *(str(leading + position) for position in range(len(arguments)))),
    )
    used = frozenset(str(node.value) for node in ordered if node.op == "input") & own
    return Closed(body, tuple(arguments), used, len(depends))


class _Moved:
    """Nodes of a sub-program, as they are moved there."""

    def __init__(self, nodes: Sequence[Node], depends: dict[int, bool], leading: int) -> None:
        self.builder = Builder()
        self.places: dict[int, int] = {}
        self.arguments: list[int] = []
        self._nodes = nodes
        self._depends = depends
        self._leading = leading

    def missing(self, index: int) -> list[int]:
        """The arguments of a node that have to be there before it."""
        if index in self.places or not self._inside(index):
            return []
        return [argument for argument in self._nodes[index].args if argument not in self.places]

    def take(self, index: int) -> None:
        """Moves a node, or makes an argument of it."""
        if index in self.places:
            return
        if self._inside(index):
            node = self._nodes[index]
            self.places[index] = self.builder.take(node._replace(args=tuple(self.places[a] for a in node.args)))
        else:
            self.places[index] = self.builder.input(str(self._leading + len(self.arguments)))
            self.arguments.append(index)

    def _inside(self, index: int) -> bool:
        """Whether a node is the sub-program's: it depends on its names, or is a constant or a condition."""
        op = self._nodes[index].op
        return self._depends[index] or op == "const" or (op != "input" and FUNCTIONS[op].result == "boolean")
