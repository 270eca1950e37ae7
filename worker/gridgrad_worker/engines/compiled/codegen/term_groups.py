"""Terms that are products of what two levels keep, brought together by the numbers of an array that one side reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gridgrad_worker.engines.compiled.codegen.term_table import ALL, GROUPED, ArrayTerm, TermTable

__all__ = ["SideArrays", "TermGroups"]


class SideArrays(NamedTuple):
    """The array that each side of a product reads, by which its terms can be brought together; None where not one."""

    first: int | None
    second: int | None


class TermGroups:
    """Which terms are brought together.

    Args:
        table: has the terms, and takes more.

    Attributes:
        sides: the arrays that do it, by the terms that are sides.
    """

    def __init__(self, table: TermTable) -> None:
        self._table = table
        self.sides: dict[int, SideArrays] = {}
        self._known: list[SideArrays] = []

    def grouped(self, root: int) -> int:
        """A term whose sides are brought together by the numbers of an array, where it is a product of two sides.

        A condition on which it is 0 instead, as derivatives of powers have at 0, belongs to one of them.
        """
        op, args, *_ = self._table[root]
        is_chosen = op == "where" and self._table[args[1]] == ArrayTerm("const")
        condition, product = (args[0], args[2]) if is_chosen else (None, root)
        factors = self._table.factors(product)
        masks = sorted({self._table[each].mask for each in factors} - {0})
        if len(masks) != 2 or masks[0] & masks[1] or masks[0] | masks[1] != self._table[root].mask:
            return root
        sides = [[each for each in factors if self._table[each].mask == own] for own in masks]
        read = [self._table.arrays_of(side) for side in sides]
        keys = SideArrays(*(min(arrays) if len(arrays) == 1 else None for arrays in read))
        chosen = -1 if condition is None else self._side_of(condition, masks, read)
        if keys == (None, None) or not all(read) or chosen is None:
            return root
        others = self._shared_out([each for each in factors if not self._table[each].mask], sides, read)
        weight = [self._table.product(others)] if others else []
        made = []
        for number, side in enumerate(map(self._table.product, sides)):
            value = self._table.made("where", (*args[:2], side)) if number == chosen else side
            made.append(self._side(GROUPED, (value, *weight), number, masks, read, keys))
        together = self._table.made("mul", tuple(made))
        if condition is None:
            return together
        met = self._side(ALL, (condition,), chosen, masks, read, keys)
        return self._table.made("where", (met, args[1], together))

    def _side(
        self,
        op: str,
        args: tuple[int, ...],
        number: int,
        masks: Sequence[int],
        read: Sequence[set[int]],
        keys: SideArrays,
    ) -> int:
        if keys not in self._known:
            self._known.append(keys)
        # The same side beside another one is brought together otherwise
        place = 2 * self._known.index(keys) + number
        made = self._table.add(ArrayTerm(op, args, place, masks[number], min(read[number])))
        self.sides[made] = keys
        return made

    def _side_of(self, condition: int, masks: Sequence[int], read: Sequence[set[int]]) -> int | None:
        """Which side a condition belongs to."""
        own = self._table[condition].mask
        fits = [n for n, mask in enumerate(masks) if own == mask and self._table.arrays_of([condition]) <= read[n]]
        return fits[0] if fits else None

    def _shared_out(self, factors: Sequence[int], sides: Sequence[list[int]], read: Sequence[set[int]]) -> list[int]:
        """Factors without dims, given to the side that reads their arrays; those of neither side are left."""
        left: list[int] = []
        for each in factors:
            own = self._table.arrays_of([each])
            fits = [side for side, arrays in zip(sides, read, strict=True) if own and own <= arrays]
            (fits[0] if fits else left).append(each)
        return left
