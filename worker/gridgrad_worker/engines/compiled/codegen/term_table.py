"""The terms of sums over arrays: of what they are made, on which dims they depend, and which arrays they read."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

from gridgrad_core.lang.functions.tabulated import ARRAY_ITEM

__all__ = ["ALL", "GROUPED", "STEP", "ArrayTerm", "TermTable"]

STEP = "step"
"""The operation of a term that is a step of the plan."""
GROUPED = "grouped"
"""That of one side of terms that are brought together."""
ALL = "grouped condition"
"""That of a condition on such a side, which all of them meet."""


class ArrayTerm(NamedTuple):
    """A part of the terms of sums.

    Args:
        op: an operation, "const", `STEP`, `ARRAY_ITEM`, or one side of terms that are brought together: `GROUPED`, and
            `ALL` for a condition that all of them meet.
        args: terms before it; of a side what it is and the factors that are on no side.
        value: the number of a constant, the place of a step, the number of an array; which side it is, 0 or 1,
            and 2 more for each other kind of sides.
        mask: the dims that it depends on.
        array: whose numbers it depends on, one of these arrays; None for none.
    """

    op: str
    args: tuple[int, ...] = ()
    value: float = 0
    mask: int = 0
    array: int | None = None


class TermTable:
    """Terms, each once."""

    def __init__(self) -> None:
        self._terms: list[ArrayTerm] = []
        self._index: dict[tuple[object, ...], int] = {}

    def __getitem__(self, term: int) -> ArrayTerm:
        return self._terms[term]

    def made(self, op: str, args: tuple[int, ...]) -> int:
        """An operation on terms; of the dims and an array of these."""
        mask, array = 0, None
        for each in args:
            mask |= self._terms[each].mask
            array = self._terms[each].array if array is None else array
        return self.add(ArrayTerm(op, args, 0, mask, array))

    def add(self, term: ArrayTerm) -> int:
        """A term, which may be there already."""
        key = (*term[:2], float(term.value).hex(), *term[3:])
        if key not in self._index:
            self._index[key] = len(self._terms)
            self._terms.append(term)
        return self._index[key]

    def inside(self, roots: Sequence[int], known: frozenset[int]) -> list[int]:
        """Terms and all that they are made of, up to those that are known, in order."""
        found: set[int] = set()
        stack = list(roots)
        while stack:
            term = stack.pop()
            if term not in found:
                found.add(term)
                stack.extend(() if term in known else self._terms[term].args)
        return sorted(found)

    def factors(self, root: int) -> list[int]:
        """What a product is made of, in order, with -1 for each sign; of any other term that term alone."""
        found, stack = [], [root]
        while stack:
            term = stack.pop()
            op, args, *_ = self._terms[term]
            if op == "neg":
                stack += (args[0], self.add(ArrayTerm("const", (), -1.0)))
            elif op == "mul":
                stack += reversed(args)
            else:
                found.append(term)
        return found

    def product(self, factors: Sequence[int]) -> int:
        """The product of terms."""
        return functools.reduce(lambda one, other: self.made("mul", (one, other)), factors)

    def arrays_of(self, terms: Sequence[int]) -> set[int]:
        """The arrays that terms read."""
        inside = [self._terms[term] for term in self.inside(terms, frozenset())]
        return {int(term.value) for term in inside if term.op == ARRAY_ITEM.name}
