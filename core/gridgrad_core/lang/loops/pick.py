"""Picks a number of a constant list by its place, for loops that go through one."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence

from gridgrad_core.lang.functions.function import Function
from gridgrad_core.lang.program.made_operation import MadeOperation
from gridgrad_core.lang.program.nodes import Builder, CallBuilder

__all__ = ["Pick"]


class Pick(MadeOperation):
    """The number at a place of a list; of no place that the list has not.

    Args:
        numbers: the list.
    """

    numbers: tuple[float, ...]

    def __new__(cls, numbers: tuple[float, ...]) -> Pick:
        """Makes the name of what it is."""
        said = ",".join(map(float.hex, numbers))
        made = super().__new__(cls, f"pick {hashlib.sha256(said.encode()).hexdigest()}")
        made.numbers = numbers
        return made

    @functools.cached_property
    def function(self) -> Function:  # type: ignore[override] # computed once, when it is asked for
        """What a table would say of it."""
        return Function(str(self), ("place",), "pick", ("0",), "local")

    @property
    def operations(self) -> int:
        """One."""
        return 1

    @property
    def used(self) -> frozenset[str]:
        """None."""
        return frozenset()

    def applied(self, builder: Builder, arguments: Sequence[int]) -> int:
        """As it stands."""
        return builder.op(self, *arguments)

    def opened(self, builder: CallBuilder, arguments: Sequence[int]) -> int:
        """Only loops have it, which are no texts."""
        raise NotImplementedError
