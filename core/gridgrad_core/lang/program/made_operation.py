"""Operations that a text makes for itself, beside those of the table."""

from __future__ import annotations

import abc
from collections.abc import Iterator, Sequence

from gridgrad_core.lang.functions.function import Function
from gridgrad_core.lang.program.nodes import Builder, CallBuilder, Node

__all__ = ["MadeOperation", "nodes_inside", "sums_over_arrays"]


class MadeOperation(str, abc.ABC):
    """An operation that is in no table: its name says all of what it computes, by a digest.

    So operations that compute the same are equal, and what hands on the name of an operation hands on what it is.

    Attributes:
        function: what a table would say of it.
        depth: how many such operations are inside each other, itself included.
        inside: the nodes of its sub-program, if it has one.
        arrays: the numbers of the arrays that it sums over.
        calls: how many calls with names of their own a text has of it and of what is inside it.
    """

    function: Function
    depth: int = 1
    inside: Sequence[Node] = ()
    arrays: tuple[int, ...] = ()
    calls: int = 0

    @property
    @abc.abstractmethod
    def operations(self) -> int:
        """How many operations it comes to, about."""

    @property
    @abc.abstractmethod
    def used(self) -> frozenset[str]:
        """The operations inside it."""

    @abc.abstractmethod
    def applied(self, builder: Builder, arguments: Sequence[int]) -> int:
        """The operation on arguments in a builder, as a text that has these would give it."""

    @abc.abstractmethod
    def opened(self, builder: CallBuilder, arguments: Sequence[int]) -> int:
        """The operation as a text has it, for the printer.

        Args:
            builder: takes the nodes.
            arguments: of the operation, in the builder.

        Returns:
            A node whose op and arguments are written as a call.
        """


def nodes_inside(nodes: Sequence[Node]) -> Iterator[Sequence[Node]]:
    """Nodes, and those inside of each operation among them, and so on; each once."""
    waiting = [nodes]
    seen: set[str] = set()
    while waiting:
        found = waiting.pop()
        yield found
        for node in found:
            if isinstance(node.op, MadeOperation) and node.op not in seen:
                seen.add(node.op)
                waiting.append(node.op.inside)


def sums_over_arrays(nodes: Sequence[Node]) -> Iterator[tuple[int, ...]]:
    """For each sum over arrays among nodes, and inside of operations among them, the arrays that it reads."""
    seen: set[str] = set()
    for each in nodes_inside(nodes):
        for node in each:
            if isinstance(node.op, MadeOperation) and node.op.arrays and node.op not in seen:
                seen.add(node.op)
                yield node.op.arrays
