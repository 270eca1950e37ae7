"""What the table of functions says about each of them."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["Function", "Kind"]

Kind = Literal["number", "boolean", "integer", "constant"]
"""What an argument or a result is. An "integer" argument is a constant integer, 0 or more; a "constant" any number that
is known.
"""


class Function(NamedTuple):
    """A function or operator of the language.

    Args:
        name: its name, also the `op` of its nodes.
        params: the names of its parameters.
        formula: the formula, for a reader.
        derivatives: for each parameter, the partial derivative as an expression of the language
            over `params`; "0" where it is structurally zero (comparisons, rounding, conditions).
        group: the heading under which the docs list it; "operator" for what is written with a symbol.
        aliases: other names for it. An operator is called as a function only by these.
        notes: what it and its derivatives are at awkward points.
        kinds: the kind of each parameter; all numbers when empty.
        result: the kind of its result.
        variadic: whether more arguments than `params` fold from the left, as in max(a, b, c).
        selective: whether a derivative of 0 means that the argument is not looked at, so that an
            infinite tangent of it is dropped too: 0 * inf is 0 in its chain rule.
        largest: up to which integer or constant argument its values are right.
        halves: whether a constant argument has to be half a whole number.
    """

    name: str
    params: tuple[str, ...]
    formula: str
    derivatives: tuple[str, ...]
    group: str
    aliases: tuple[str, ...] = ()
    notes: str = ""
    kinds: tuple[Kind, ...] = ()
    result: Kind = "number"
    variadic: bool = False
    selective: bool = False
    largest: int = 0
    halves: bool = False

    @property
    def integers(self) -> tuple[str, ...]:
        """The parameters that must be constant integers; they come before the others."""
        return tuple(param for param, kind in zip(self.params, self.kinds, strict=False) if kind == "integer")
