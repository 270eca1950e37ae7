"""Nodes, the operations of a program, and the builders that have each of them once (hash-consing)."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from gridgrad_core.lang.program import limits

__all__ = ["Builder", "CallBuilder", "Node"]


class Node(NamedTuple):
    """One operation.

    Args:
        op: "input", "const", or the name of an operation or function of the language
            (`gridgrad_core.lang.functions.table` lists them: "add", "mul", "pow", "sin", "where", ...).
        args: indices of the argument nodes, each smaller than the node's own.
        value: the name of an input, the float of a constant, else None.
    """

    op: str
    args: tuple[int, ...] = ()
    value: float | str | None = None

    @property
    def number(self) -> float:
        """The number of a constant, the sign of a zero included."""
        return 0.0 if self.value is None else float(self.value)


class Builder:
    """Collects nodes, giving equal operations the same index."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._index: dict[tuple[object, ...], int] = {}

    def input(self, name: str) -> int:
        """The index of an input."""
        return self._add(("input", (), name))

    def const(self, value: float) -> int:
        """The index of a constant."""
        # hex() keeps -0.0 and 0.0 apart and makes nan equal to itself
        key = ("const", float(value).hex())
        index = self._index.get(key)
        if index is None:
            index = self._index[key] = len(self.nodes)
            self.nodes.append(Node("const", (), float(value)))
        return index

    def op(self, op: str, *args: int) -> int:
        """The index of an operation on the nodes of these indices."""
        return self._add((op, args, None))

    def take(self, node: Node) -> int:
        """The index of a node whose arguments are in this builder; it is not copied."""
        if node.op == "const":
            return self.const(node.number)
        index = self._index.get(node)
        if index is None:
            index = self._index[node] = len(self.nodes)
            self.nodes.append(node)
        return index

    def find(self, op: str, *args: int) -> int | None:
        """The index of an operation that exists already, else None."""
        return self._index.get((op, args, None))

    def has_input(self, name: str) -> bool:
        """Whether there is an input of that name."""
        return ("input", (), name) in self._index

    def forget(self, most: int) -> bool:
        """Frees the memory of up to `most` nodes that no new one will be compared with; whether some are left."""
        for _ in range(min(most, len(self._index))):
            self._index.popitem()
        return bool(self._index)

    def _add(self, parts: tuple[str, tuple[int, ...], str | float | None]) -> int:
        index = self._index.get(parts)
        if index is None:
            node = Node._make(parts)
            index = self._index[node] = len(self.nodes)  # the node is its own key
            self.nodes.append(node)
        return index


class CallBuilder(Builder):
    """Collects the nodes of a text, of which some are calls that have names for themselves.

    A name means what the innermost call around it says. So a call may not have a name that is read by what is handed
    to it from outside, nor that of an input.

    Args:
        inputs: of the program, which no call may have.
        others: names that no call is given either, where it has to be given one.
    """

    def __init__(self, inputs: Iterable[str], others: Iterable[str] = ()) -> None:
        super().__init__()
        self._inputs = frozenset(inputs)
        self._avoided = self._inputs.union(others)
        self._calls: set[int] = set()
        # A bit for each name of calls, and for each node those that it reads and that no call inside it has
        self._bits: dict[str, int] = {}
        self._read: list[int] = []

    def call(self, op: str, *args: int) -> int:
        """The index of a call: of what it computes, its own names, and what is handed to it."""
        index = self.op(op, *args)
        self._calls.add(index)
        return index

    def own_names(self, names: Sequence[str], arguments: Sequence[int]) -> tuple[str, ...]:
        """The names that a call gets: its own, with underscores where those mean something else.

        Args:
            names: its own.
            arguments: nodes that are computed outside of it.
        """
        self.follow()
        read = 0
        for argument in arguments:
            read |= self._read[argument]
        found = list(names)
        for position, name in enumerate(names):
            if len(name) > limits.MAX_NAME or name in self._inputs or read & self._bits.get(name, 0):
                found[position] = self._fresh(name, read, found)
        return tuple(found)

    def follow(self) -> None:
        """Looks at the nodes that were added since: called every few, no step takes long."""
        for index in range(len(self._read), len(self.nodes)):
            node, read = self.nodes[index], 0
            if node.op == "input" and node.value not in self._inputs:
                read = self._bits.setdefault(str(node.value), 1 << len(self._bits))
            for argument in node.args:
                read |= self._read[argument]
            self._read.append(read & ~self._read[node.args[1]] if index in self._calls else read)

    def _fresh(self, name: str, read: int, others: Collection[str]) -> str:
        candidates = (name[: limits.MAX_NAME - count] + "_" * count for count in itertools.count(1))
        return next(
            each
            for each in candidates
            if each not in self._avoided and each not in others and not read & self._bits.get(each, 0)
        )
