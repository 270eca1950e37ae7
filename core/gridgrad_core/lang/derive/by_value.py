"""Derivatives of nodes by other nodes: by what a text has assigned to a variable, or a traced value.

What is derived is read as a function of that value.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from gridgrad_core.errors import TooLargeError
from gridgrad_core.lang.derive.forward_mode import Tangents
from gridgrad_core.lang.derive.replaced import Replaced
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.nodes import Builder

__all__ = ["ValueDerivatives"]


class ValueDerivatives:
    """The derivatives of a builder's nodes by each other. Work is shared between calls.

    Args:
        builder: has the nodes, and takes those of the derivatives.
        limit: how many nodes may be written down for it, those in between included.
    """

    def __init__(self, builder: Builder, limit: int = limits.MAX_OPERATIONS) -> None:
        self._builder = builder
        self._limit = limit
        self._by_value: dict[int, Replaced] = {}

    def deriving(
        self, node: int, by: int, order: int = 1, kept: Sequence[int] = ()
    ) -> Generator[None, None, int | None]:
        """The derivative of a node by another one, in steps of about a millisecond.

        Args:
            node: what to derive.
            by: the node to derive by; no constant.
            order: how often.
            kept: other values that may be derived by later: those that do not depend on `by` stay whole. From call to
                call only more are added.

        Returns:
            Its node, or None if it is structurally zero, as where `by` is not computed in `node`.

        Raises:
            TooLargeError: more nodes than the limit were written down.
        """
        if by not in self._by_value:
            self._by_value[by] = Replaced(self._builder, by, self._limit, Tangents)
        if sum(each.size for each in self._by_value.values()) > self._limit:
            found = f"derivatives by values of more than {self._limit:,} operations"
            raise TooLargeError("derivatives", found, "derive smaller expressions, or by fewer values")
        return (yield from self._by_value[by].deriving(node, order, kept))
