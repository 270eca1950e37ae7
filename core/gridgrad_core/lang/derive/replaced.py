"""Derivatives by a node that is no input: of a copy of the program in which it is one.

Wherever the node is computed in what is derived, a placeholder stands instead while it is derived. A placeholder, since
the rules rewrite what they know: of v = x**2 nothing might be left in the first derivative of v**1.5, and the second
would be 0.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Protocol

from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.nodes import Builder

__all__ = ["Replaced"]

_PLACEHOLDER = "the value"  # no text can name an input so


class _Tangents(Protocol):
    """The derivatives of a builder's nodes."""

    def deriving(self, node: int | None, name: str, order: int = 1) -> Generator[None, None, int | None]: ...


class Replaced:
    """A copy of a builder's nodes in which one of them is an input.

    Args:
        builder: the original.
        by: the node that is an input in the copy.
        limit: how many nodes the copy may have.
        tangents: makes derivatives of a builder's nodes, `forward_mode.Tangents`.
    """

    def __init__(self, builder: Builder, by: int, limit: int, tangents: Callable[[Builder, int], _Tangents]) -> None:
        self._builder = builder
        self._copy = Builder()
        placeholder = self._copy.input(_PLACEHOLDER)
        self._copied = {by: placeholder}
        self._returned = {placeholder: by}
        self._tangents = tangents(self._copy, limit)
        self._by = by
        # Whether each node of the original depends on it, and whether on any input
        self._depends: list[bool] = []
        self._varies: list[bool] = []
        self._kept = 0

    @property
    def size(self) -> int:
        """How many nodes the copy has."""
        return len(self._copy.nodes)

    def deriving(self, node: int, order: int, kept: Sequence[int] = ()) -> Generator[None, None, int | None]:
        """Derives in the copy, and brings the result home.

        Args:
            node: what to derive.
            order: how often.
            kept: nodes that may be derived by later, and so must still be there in the result: of 2*x*v, v being 3/y,
                the derivative by x is 2*v and not 6/y. From call to call only more are added.
        """
        yield from self._following()
        for place in range(self._kept, len(kept)):
            if not place % limits.STEP_NODES:
                yield
            index = kept[place]
            if index not in self._copied and self._varies[index] and not self._depends[index]:
                stands = self._copied[index] = self._copy.input(f"{_PLACEHOLDER} {index}")
                self._returned[stands] = index
        self._kept = len(kept)
        yield from _copying(self._builder, self._copy, node, self._copied)
        derived = yield from self._tangents.deriving(self._copied[node], _PLACEHOLDER, order)
        if derived is None:
            return None
        yield from _copying(self._copy, self._builder, derived, self._returned)
        return self._returned[derived]

    def _following(self) -> Iterator[None]:
        nodes = self._builder.nodes
        for index in range(len(self._depends), len(nodes)):
            if not index % limits.STEP_NODES:
                yield
            depends = index == self._by or any(self._depends[argument] for argument in nodes[index].args)
            self._depends.append(depends)
            varies = nodes[index].op == "input" or any(self._varies[argument] for argument in nodes[index].args)
            self._varies.append(varies)


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
