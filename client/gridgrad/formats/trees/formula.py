"""A formula of any notation as a tree, and what of it is written where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

__all__ = ["Dialect", "Formula", "Infix", "Lexeme", "Names", "quoted"]

_QUOTED = 60
"""Characters of a text that a message repeats."""

Kind: TypeAlias = Literal["number", "name", "function", "operator", "mark", "end"]


class Lexeme(NamedTuple):
    """A piece of a text.

    Args:
        kind: what it is; of a function it is the name with the parenthesis that follows, so none comes after it.
        text: as it is written, of a function without its parenthesis.
        start: the offset of its first character.
    """

    kind: Kind
    text: str
    start: int


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """A node of the tree. Definitions that are read several times are one node, so it may be a graph.

    Args:
        kind: "number", "name", or "call" for functions and operators.
        text: the number, the name, or what is called; of operators the operation of `Infix`.
        start: the offset where it is written.
        arguments: what it is called with.
    """

    kind: Literal["number", "name", "call"]
    text: str
    start: int
    arguments: tuple[Formula, ...] = ()


class Infix(NamedTuple):
    """An operator between two operands.

    Args:
        precedence: those of higher ones bind first.
        operation: what it does, as `Formula.text` has it.
        from_right: whether of two in a row the right one is first.
    """

    precedence: int
    operation: str
    from_right: bool = False


Names: TypeAlias = Callable[[Lexeme], Formula]
"""What a name stands for, at its place."""


class Dialect(NamedTuple):
    """The table of a notation, by which its formulas are parsed.

    Args:
        name: what users call it.
        infix: operators between operands.
        prefix: operators before one: their precedence, and what they do.
        missing: what to write where an operator is wanted, or an operand: by the text of what stands there.
        implied: the operator between two operands with none between them, if that is one.
        choice: whether it has `c ? a : b`, which binds less than all operators; its operation is "choice".
        one_sign: whether no sign may follow another.
    """

    name: str
    infix: dict[str, Infix]
    prefix: dict[str, tuple[int, str]]
    missing: dict[str, str]
    implied: Infix | None = None
    choice: bool = False
    one_sign: bool = False


def quoted(text: str) -> str:
    """A piece of a text as messages have it, however long it is."""
    return repr(text if len(text) <= _QUOTED else f"{text[:_QUOTED]}...")
