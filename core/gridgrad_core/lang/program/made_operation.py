"""Operations that a text makes for itself, beside those of the table."""

from __future__ import annotations

import abc
from collections.abc import Sequence

from gridgrad_core.lang.functions.function import Function
from gridgrad_core.lang.program.nodes import Builder, CallBuilder

__all__ = ["MadeOperation"]


class MadeOperation(str, abc.ABC):
    """An operation that is in no table: its name says all of what it computes, by a digest.

    So operations that compute the same are equal, and what hands on the name of an operation hands on what it is.

    Attributes:
        function: what a table would say of it.
        depth: how many such operations are inside each other, itself included.
    """

    function: Function
    depth: int = 1

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
