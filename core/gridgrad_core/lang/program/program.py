"""Programs: what an expression is once it is parsed.

A program is a list of nodes in which every operation appears once (hash-consed) and
after its arguments. Nothing in it is a tree, so nothing that walks it needs recursion.
"""

from __future__ import annotations

import functools
import hashlib
from typing import NamedTuple

from gridgrad_core.lang.program import printer

__all__ = ["Builder", "Node", "Program"]

_SHOWN = 200


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
        return self._add(Node("input", (), name), ("input", name))

    def const(self, value: float) -> int:
        """The index of a constant."""
        # hex() keeps -0.0 and 0.0 apart and makes nan equal to itself
        return self._add(Node("const", (), float(value)), ("const", float(value).hex()))

    def op(self, op: str, *args: int) -> int:
        """The index of an operation on the nodes of these indices."""
        return self._add(Node(op, args), (op, args))

    def take(self, node: Node) -> int:
        """The index of a node whose arguments are in this builder."""
        if node.op == "const":
            return self.const(node.number)
        return self._add(node, (node.op, node.value) if node.op == "input" else (node.op, node.args))

    def find(self, op: str, *args: int) -> int | None:
        """The index of an operation that exists already, else None."""
        return self._index.get((op, args))

    def forget(self, most: int) -> bool:
        """Frees the memory of up to `most` nodes that no new one will be compared with; whether some are left."""
        for _ in range(min(most, len(self._index))):
            self._index.popitem()
        return bool(self._index)

    def _add(self, node: Node, key: tuple[object, ...]) -> int:
        index = self._index.get(key)
        if index is None:
            index = self._index[key] = len(self.nodes)
            self.nodes.append(node)
        return index


class Program:
    """A parsed expression, immutable and comparable.

    Programs are equal when they compute the same operations in the same order, with the same
    names of inputs and components. `str(program)` is the canonical text: equal programs have the
    same, and it parses back to an equal program (where an input is called like a constant, as in
    `parse(str(program), program.inputs)`).

    Attributes:
        nodes: the operations, arguments first; none is unused.
        outputs: the index of each component's node.
        components: the name of each component; ("f",) for an expression that is no tuple.
        tuple_valued: whether results have a component dim.
        inputs: the names of the inputs that it uses, in order of first appearance in the text.
    """

    __slots__ = ("__dict__", "components", "inputs", "nodes", "outputs", "tuple_valued")

    def __init__(
        self,
        nodes: tuple[Node, ...],
        outputs: tuple[int, ...],
        components: tuple[str, ...],
        tuple_valued: bool,
        inputs: tuple[str, ...],
    ) -> None:
        self.nodes = nodes
        self.outputs = outputs
        self.components = components
        self.tuple_valued = tuple_valued
        self.inputs = inputs

    def describe(self, text: str, digest: str) -> None:
        """Takes the canonical text and its digest from who has made them in steps.

        Args:
            text: what `text` gives from now on.
            digest: what `digest` gives from now on.
        """
        self.__dict__.update(text=text, digest=digest)

    @functools.cached_property
    def text(self) -> str:
        """The canonical text."""
        return printer.text_of(self)

    @functools.cached_property
    def digest(self) -> str:
        """The SHA-256 of the canonical text, hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @functools.cached_property
    def _key(self) -> tuple[object, ...]:
        # hex() tells 0.0 from -0.0 and makes nan equal to itself
        values = (node.value.hex() if isinstance(node.value, float) else node.value for node in self.nodes)
        nodes = tuple((node.op, node.args, value) for node, value in zip(self.nodes, values, strict=True))
        return nodes, self.outputs, self.components, self.tuple_valued, self.inputs

    def __eq__(self, other: object) -> bool:
        return self._key == other._key if isinstance(other, Program) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.digest)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        shown = self.text if len(self.text) <= _SHOWN else f"{self.text[:_SHOWN]}..."
        return f"<Program {shown!r} of {', '.join(self.inputs) or 'no inputs'}>"
