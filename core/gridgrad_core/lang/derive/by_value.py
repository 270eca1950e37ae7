"""Derivatives of nodes by other nodes: by what a text has assigned to a variable, or a traced value.

What is derived is read as a function of that value: wherever the value is computed in it, a placeholder stands instead
while it is derived. A placeholder, since the rules rewrite what they know: of v = x**2 nothing might be left in the
first derivative of v**1.5, and the second would be 0.
"""

from __future__ import annotations

from collections.abc import Generator

from gridgrad_core.errors import TooLargeError
from gridgrad_core.lang.derive.forward_mode import Tangents
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.nodes import Builder

__all__ = ["ValueDerivatives"]

_PLACEHOLDER = "the value"  # no text can name an input so


class ValueDerivatives:
    """The derivatives of a builder's nodes by each other. Work is shared between calls.

    Args:
        builder: has the nodes, and takes those of the derivatives.
        limit: how many nodes may be written down for it, those in between included.
    """

    def __init__(self, builder: Builder, limit: int = limits.MAX_OPERATIONS) -> None:
        self._builder = builder
        self._limit = limit
        self._by_value: dict[int, _Replaced] = {}

    def deriving(self, node: int, by: int, order: int = 1) -> Generator[None, None, int | None]:
        """The derivative of a node by another one, in steps of about a millisecond.

        Args:
            node: what to derive.
            by: the node to derive by; no constant.
            order: how often.

        Returns:
            Its node, or None if it is structurally zero, as where `by` is not computed in `node`.

        Raises:
            TooLargeError: more nodes than the limit were written down.
        """
        if by not in self._by_value:
            self._by_value[by] = _Replaced(self._builder, by, self._limit)
        if sum(each.size for each in self._by_value.values()) > self._limit:
            found = f"derivatives by values of more than {self._limit:,} operations"
            raise TooLargeError("derivatives", found, "derive smaller expressions, or by fewer values")
        return (yield from self._by_value[by].deriving(node, order))


class _Replaced:
    """A copy of a builder's nodes in which one of them is an input.

    Args:
        builder: the original.
        by: the node that is an input in the copy.
        limit: how many nodes the copy may have.
    """

    def __init__(self, builder: Builder, by: int, limit: int) -> None:
        self._builder = builder
        self._copy = Builder()
        placeholder = self._copy.input(_PLACEHOLDER)
        self._copied = {by: placeholder}
        self._returned = {placeholder: by}
        self._tangents = Tangents(self._copy, limit)

    @property
    def size(self) -> int:
        """How many nodes the copy has."""
        return len(self._copy.nodes)

    def deriving(self, node: int, order: int) -> Generator[None, None, int | None]:
        """Derives in the copy, and brings the result home."""
        yield from _copying(self._builder, self._copy, node, self._copied)
        derived = yield from self._tangents.deriving(self._copied[node], _PLACEHOLDER, order)
        if derived is None:
            return None
        yield from _copying(self._copy, self._builder, derived, self._returned)
        return self._returned[derived]


def _copying(source: Builder, target: Builder, root: int, places: dict[int, int]) -> Generator[None, None, None]:
    """Gives a builder a node of another one and what it is made of, but for what has its place there already."""
    stack, steps = [root], 0
    while stack:
        steps += 1
        if not steps % limits.STEP_NODES:
            yield
        index = stack[-1]
        node = source.nodes[index]
        missing = [] if index in places else [argument for argument in node.args if argument not in places]
        stack.extend(missing)
        if not missing:
            stack.pop()
        if not missing and index not in places:
            places[index] = target.take(node._replace(args=tuple([places[argument] for argument in node.args])))
