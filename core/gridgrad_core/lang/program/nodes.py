"""Nodes, the operations of a program, and the builder that has each of them once (hash-consing)."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Builder", "Node"]


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
