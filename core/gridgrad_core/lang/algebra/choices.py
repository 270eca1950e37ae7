"""Choices: what the derivatives of |x|, max, min and their like are on either side, and at the tie between.

The derivative of a selection is a choice: one side's derivative where the first of two nodes is larger, the other
side's where it is smaller, and at the tie the mean of both. It is the mean of whole derivatives that counts: cos(|x|)
is cos(x) on the one side and cos(-x) on the other, and so its second derivative at 0 is -1, though that of |x| has a
jump there. So what contains a choice by the same two nodes as its other factor is taken apart, each side multiplied
for itself, and the choice made of the results; sign(x)·sign(x) is then 1. Other operations need not be taken apart:
the mean of a sum is the sum of the means.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from gridgrad_core.lang.program.nodes import Node

__all__ = ["ABOVE", "BELOW", "CHOSEN", "Choice", "Choices", "Key", "ordered"]

ABOVE, BELOW = True, False
"""The sides of a choice: where its first node is larger, and where its second one is."""

CHOSEN = frozenset({"where", "sign", "copysign"})
"""The operations that a choice may be written as."""

_MOST_KEYS = 4  # of a node; each may double what a product of such nodes is written with
_LARGEST = 32  # operations with choices in a factor; one of more is not taken apart, and has a mean of its own at ties
_CARRYING = frozenset({"add", "sub", "mul", "div", "neg", "where"})


class Key(NamedTuple):
    """What a choice is made by.

    Args:
        first: a node.
        second: the one that it is compared with.
        nan_loses: "fmax" or "fmin" where those decide, which never choose a nan.
    """

    first: int
    second: int
    nan_loses: str = ""


class Choice(NamedTuple):
    """A node that is one of two others.

    Args:
        key: what decides.
        above: the node where the key's first one is larger.
        below: the node where it is smaller.
    """

    key: Key
    above: int
    below: int


class _Operations(Protocol):
    """What choices are written with."""

    def op(self, name: str, *arguments: int) -> int: ...
    def const(self, value: float, /) -> int: ...
    def constant(self, node: int, /) -> float | None: ...
    def opposite(self, x: int, y: int) -> bool: ...
    def plain(self, name: str, *arguments: int) -> int: ...
    def choose(self) -> None: ...


class Choices:
    """The choices among a builder's nodes.

    Args:
        operations: writes nodes.
        nodes: all nodes.
    """

    def __init__(self, operations: _Operations, nodes: Sequence[Node]) -> None:
        self._operations = operations
        self._nodes = nodes
        self._choices: dict[int, Choice] = {}
        self._keys: dict[int, frozenset[Key]] = {}
        self._sizes: dict[int, int] = {}
        self._sides: dict[tuple[int, Key, bool], int] = {}
        self._weights: dict[Key, tuple[int, int]] = {}

    def get(self, node: int) -> Choice | None:
        """A node as a choice, if it is one."""
        return self._choices.get(node)

    def sign(self, x: int) -> int:
        """sign(x), as the choice between 1 and -1 that it is in a derivative."""
        return self._of_ones(self._operations.plain("sign", x), x)

    def copysign(self, x: int, y: int) -> int:
        """copysign(x, y); copysign(1, y) is a choice between 1 and -1 too."""
        node = self._operations.plain("copysign", x, y)
        return self._of_ones(node, y) if self._operations.constant(x) == 1 else node

    def made(self, key: Key, above: int, below: int) -> int:
        """The choice: `above` where the key's first node is larger, `below` where it is smaller, their mean at ties."""
        above, below = self.side(above, key, ABOVE), self.side(below, key, BELOW)
        if above == below:
            return above
        zero = self._compared_with_zero(key)
        if zero is not None and self._operations.opposite(above, below):
            return self._operations.op("mul", self.sign(zero), above if zero == key.first else below)
        node = self._written(key, above, below)
        if node not in (above, below) and self._op(node) == "where":
            self._register(node, Choice(key, above, below))
        return node

    def weigh(self, key: Key, above: int, below: int) -> None:
        """Says of how many equal terms each side is the mean derivative, so that three count for one third each."""
        self._weights[key] = above, below

    def product(self, name: str, x: int, y: int) -> int | None:
        """The product or quotient of nodes that both contain a choice by the same nodes; None where none do."""
        shared = self._keys.get(x, frozenset()) & self._keys.get(y, frozenset())
        if not shared:
            return None
        key = min(shared)
        above, below = ((self.side(x, key, side), self.side(y, key, side)) for side in (ABOVE, BELOW))
        return self.made(key, self._operations.op(name, *above), self._operations.op(name, *below))

    def sum(self, name: str, x: int, y: int) -> int | None:
        """The sum or difference of two choices by the same nodes, as one."""
        first, second = self._choices.get(x), self._choices.get(y)
        if first is None or second is None or first.key != second.key or "where" not in (self._op(x), self._op(y)):
            return None
        above = self._operations.op(name, first.above, second.above)
        return self.made(first.key, above, self._operations.op(name, first.below, second.below))

    def marked(self, node: int) -> int:
        """A node, of which is then known by what it chooses."""
        if node not in self._keys and self._op(node) in _CARRYING:
            self._mark(node, self._nodes[node].args, frozenset())
        return node

    def side(self, node: int, key: Key, above: bool) -> int:
        """A node as it is on one side of a choice."""
        if key not in self._keys.get(node, ()):
            return node
        found = self._sides.get((node, key, above))
        if found is None:
            found = self._sides[node, key, above] = self._taken(node, key, above)
        return found

    def _mark(self, node: int, parts: Sequence[int], own: frozenset[Key]) -> None:
        keys = own.union(*(self._keys.get(part, frozenset()) for part in parts))
        size = 1 + sum(self._sizes.get(part, 0) for part in parts)
        if 0 < len(keys) <= _MOST_KEYS and size <= _LARGEST:
            self._keys[node], self._sizes[node] = keys, size

    def _taken(self, node: int, key: Key, above: bool) -> int:
        choice = self._choices.get(node)
        if choice is not None and choice.key == key:
            return self.side(choice.above if above else choice.below, key, above)
        if choice is not None:
            sides = (self.side(each, key, above) for each in choice[1:])
            return self.made(choice.key, *sides)
        op, arguments, _ = self._nodes[node]
        return self._operations.op(op, *[self.side(argument, key, above) for argument in arguments])

    def _op(self, node: int) -> str:
        return self._nodes[node].op if node >= 0 else ""

    def _of_ones(self, node: int, x: int) -> int:
        key, turned = ordered(x, self._operations.const(0.0))
        one, minus = self._operations.const(1.0), self._operations.const(-1.0)
        self._register(node, Choice(key, minus, one) if turned else Choice(key, one, minus))
        return node

    def _register(self, node: int, choice: Choice) -> None:
        if not self._choices:
            self._operations.choose()
        self._choices[node] = choice
        self._mark(node, choice[1:], frozenset({choice.key}))

    def _compared_with_zero(self, key: Key) -> int | None:
        """What is compared with 0 by a key, if that is what it does."""
        if key.nan_loses or key in self._weights:
            return None
        if self._operations.constant(key.second) == 0:
            return key.first
        return key.second if self._operations.constant(key.first) == 0 else None

    def _written(self, key: Key, above: int, below: int) -> int:
        make, (first, second, _) = self._operations.op, key
        tie, mean = make("eq", first, second), self._mean(key, above, below)
        if self._operations.constant(above) == 0:
            # The other way round, so that a nan has the slope 0
            return make("where", self._larger(key, second, first), below, make("where", tie, mean, above))
        return make("where", self._larger(key, first, second), above, make("where", tie, mean, below))

    def _larger(self, key: Key, x: int, y: int) -> int:
        larger = self._operations.op("gt", x, y)
        if not key.nan_loses:
            return larger
        # The larger one's side is the slope of x for fmax, and that of y for fmin
        return self._operations.op("or", larger, self._operations.op("isnan", y if key.nan_loses == "fmax" else x))

    def _mean(self, key: Key, above: int, below: int) -> int:
        make = self._operations.op
        if key not in self._weights:
            return make("mul", self._operations.const(0.5), self._total(above, below))
        first, second = self._weights[key]
        total = self._total(make("mul", first, above), make("mul", second, below))
        return make("div", total, make("add", first, second))

    def _total(self, x: int, y: int) -> int:
        """The sum, of which a 0 is left out: it is the derivative of what does not depend on the input."""
        if self._operations.constant(x) == 0:
            return y
        return x if self._operations.constant(y) == 0 else self._operations.op("add", x, y)


def ordered(x: int, y: int, nan_loses: str = "") -> tuple[Key, bool]:
    """The key of two nodes, the same in either order, and whether their order was turned."""
    return (Key(y, x, nan_loses), True) if x > y else (Key(x, y, nan_loses), False)
