"""Programs: what an expression is once it is parsed.

A program is a list of nodes in which every operation appears once (hash-consed) and
after its arguments. Nothing in it is a tree, so nothing that walks it needs recursion.

A client that sends texts as they were written has no program, so that this module loads little: what parses them has
loaded the rest.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gridgrad_core.lang.functions.tabulated import TableSpec
    from gridgrad_core.lang.program.nodes import Node

__all__ = ["Program"]

_SHOWN = 200


class Program:
    """A parsed expression, immutable and comparable.

    Programs are equal when they compute the same operations in the same order, with the same
    names of inputs and components. `str(program)` is the canonical text: equal programs have the
    same, and it parses back to an equal program (where an input is called like a constant, as in
    `parse(str(program), program.inputs)`, and with its tables where it has some).

    Attributes:
        nodes: the operations, arguments first; none is unused.
        outputs: the index of each component's node.
        components: the name of each component; ("f",) for an expression that is no tuple.
        tuple_valued: whether results have a component dim.
        inputs: the names of the inputs that it uses, in order of first appearance in the text.
        tables: the tables that it may call, in the order in which calls number them.
        assigned: the names that its text gives to variables and never reads as inputs, which it can't have as inputs.
            They are no part of what it computes: equal programs may differ in them.
    """

    __slots__ = ("__dict__", "assigned", "components", "inputs", "nodes", "outputs", "tables", "tuple_valued")

    def __init__(
        self,
        nodes: tuple[Node, ...],
        outputs: tuple[int, ...],
        components: tuple[str, ...],
        tuple_valued: bool,
        inputs: tuple[str, ...],
        tables: tuple[TableSpec, ...] = (),
    ) -> None:
        self.nodes = nodes
        self.outputs = outputs
        self.components = components
        self.tuple_valued = tuple_valued
        self.inputs = inputs
        self.tables = tables
        self.assigned: frozenset[str] = frozenset()

    def describe(self, text: str, digest: str) -> None:
        """Takes the canonical text and its digest from who has made them in steps.

        Args:
            text: what `text` gives from now on.
            digest: what `digest` gives from now on.
        """
        self.__dict__.update(text=text, digest=digest)

    @functools.cached_property
    def called(self) -> tuple[str, ...]:
        """The names of the tables that it calls, and of the arrays that it sums over."""
        if not self.tables:
            return ()
        from gridgrad_core.lang.functions.tabulated import CALLS
        from gridgrad_core.lang.program.made_operation import nodes_inside, sums_over_arrays

        names = [table.name for table in self.tables for _ in table.names]
        numbers = {
            int(nodes[node.args[0]].number) for nodes in nodes_inside(self.nodes) for node in nodes if node.op in CALLS
        }
        numbers.update(*sums_over_arrays(self.nodes))
        return tuple(dict.fromkeys(names[number] for number in sorted(numbers)))

    @functools.cached_property
    def text(self) -> str:
        """The canonical text."""
        from gridgrad_core.lang.program import printer

        return printer.text_of(self)

    @functools.cached_property
    def digest(self) -> str:
        """The SHA-256 of the canonical text, hex."""
        import hashlib  # it loads OpenSSL, which a client that never asks need not

        return hashlib.sha256(self.text.encode()).hexdigest()

    @functools.cached_property
    def operations(self) -> int:
        """How many operations, inputs and constants it has; those that are computed again and again as often."""
        from gridgrad_core.lang.program.made_operation import MadeOperation

        made = (node.op.operations for node in self.nodes if isinstance(node.op, MadeOperation))
        return len(self.nodes) + sum(made)

    @functools.cached_property
    def _key(self) -> tuple[object, ...]:
        # hex() tells 0.0 from -0.0 and makes nan equal to itself
        values = (node.value.hex() if isinstance(node.value, float) else node.value for node in self.nodes)
        nodes = tuple((node.op, node.args, value) for node, value in zip(self.nodes, values, strict=True))
        return nodes, self.outputs, self.components, self.tuple_valued, self.inputs, self.tables

    def __eq__(self, other: object) -> bool:
        return self._key == other._key if isinstance(other, Program) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.digest)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        shown = self.text if len(self.text) <= _SHOWN else f"{self.text[:_SHOWN]}..."
        return f"<Program {shown!r} of {', '.join(self.inputs) or 'no inputs'}>"
