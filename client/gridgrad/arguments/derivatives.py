"""Which derivatives a caller asks for: `wrt`, `order` and `derivatives`, made into one list."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

from gridgrad_core.errors import RequestError
from gridgrad_core.grid import MAX_ORDER, Derivative, canonical, expand_order

__all__ = ["NOTHING_SAID", "DerivativeLike", "DerivativeSelection", "read_selection", "resolve"]

DerivativeLike: TypeAlias = str | Sequence[str]
"""A derivative as users spell it: "t", or ("t", "k")."""

BOTH_SPELLINGS = (
    'write order=2 for all partials to that order, or derivatives=["t", ("t", "k")] for those: '
    "each entry is a name, or a tuple of names for a higher one"
)


class DerivativeSelection(NamedTuple):
    """The three arguments in a form that can be a key.

    Args:
        wrt: the inputs named by `wrt=`, or None.
        order: what `order=` says, or None.
        derivatives: what `derivatives=` lists, or None.
    """

    wrt: tuple[str, ...] | None
    order: int | None
    derivatives: tuple[Derivative, ...] | None

    @property
    def by(self) -> frozenset[str]:
        """All that derivatives are asked by, as far as it is named."""
        return frozenset(self.wrt or ()).union(*(self.derivatives or ()))

    def order_by(self, name: str) -> int:
        """The highest order of a derivative by what is named."""
        listed = (name,) * (self.order or 1) if self.wrt and name in self.wrt else ()
        return max(listed.count(name), *(each.count(name) for each in self.derivatives or ((),)))

    def with_all(self, names: Iterable[str]) -> list[str]:
        """Names, and behind them what else derivatives are asked by: defaults of a function, or mistakes."""
        known = [*names]
        return [*known, *sorted(self.by.difference(known))]


NOTHING_SAID = DerivativeSelection(None, None, None)


def read_selection(
    wrt: str | Iterable[str] | None, order: int | None, derivatives: Iterable[DerivativeLike] | None
) -> DerivativeSelection:
    """Reads the three arguments.

    Raises:
        RequestError: they contradict each other, or one is spelled in a way that could mean two things.
    """
    if wrt is None and order is None and derivatives is None:
        return NOTHING_SAID
    if derivatives is None:
        return DerivativeSelection(None if wrt is None else _names(wrt), None if order is None else _order(order), None)
    if order is not None:
        raise RequestError("order and derivatives", "both at once", BOTH_SPELLINGS)
    if wrt is not None:
        raise RequestError("wrt and derivatives", "both at once", f"wrt goes with order; {BOTH_SPELLINGS}")
    return DerivativeSelection(None, None, _listed(derivatives))


def resolve(selection: DerivativeSelection, names: Sequence[str], scalars: Sequence[str]) -> tuple[Derivative, ...]:
    """The derivatives asked for, without the value and without duplicates.

    Args:
        selection: what the caller said.
        names: the names of all inputs, in order.
        scalars: those that are parameters.

    Raises:
        RequestError: a name that is no input, an order over the limit, or an order with nothing to take it of.
    """
    if selection.derivatives is not None:
        listed = [canonical(derivative, names) for derivative in selection.derivatives]
    else:
        order = 1 if selection.order is None else selection.order
        listed = [
            canonical(derivative, names) for derivative in expand_order(_variables(selection, names, scalars), order)
        ]
    return tuple(derivative for derivative in dict.fromkeys(listed) if derivative)


def _variables(selection: DerivativeSelection, names: Sequence[str], scalars: Sequence[str]) -> Sequence[str]:
    if selection.wrt is None:
        arrays = [name for name in names if name not in scalars]
        if selection.order and not arrays:
            found = "every input is a number" if names else "there are no inputs"
            raise RequestError(f"order={selection.order}", found, "name what to differentiate by: wrt=[...]")
        return arrays
    for name in selection.wrt:
        if name not in names:
            have = ", ".join(names) or "(there are no inputs)"
            raise RequestError("wrt", f"{name!r}, which is no input", f"use one of {have}")
    return selection.wrt


def _names(wrt: str | Iterable[str]) -> tuple[str, ...]:
    remedy = 'name inputs: wrt="t" or wrt=["t", "k"]'
    names = (wrt,) if isinstance(wrt, str) else _entries("wrt", wrt, remedy)
    for name in names:
        if not isinstance(name, str):
            raise RequestError("wrt", f"{name!r}", remedy)
    return tuple(dict.fromkeys(names))


def _entries(field: str, listed: Iterable[Any], remedy: str) -> tuple[Any, ...]:
    """What is listed, as a tuple.

    Raises:
        RequestError: it is no list of anything.
    """
    try:
        return tuple(listed)
    except TypeError:
        raise RequestError(field, f"{listed!r}", remedy) from None


def _order(order: int) -> int:
    try:
        number = operator.index(order)
    except TypeError:
        number = -1
    if not 0 <= number <= MAX_ORDER:
        raise RequestError("order", f"{order!r}", f"give a whole number from 0, the value alone, to {MAX_ORDER}")
    return number


def _listed(derivatives: Iterable[DerivativeLike]) -> tuple[Derivative, ...]:
    if isinstance(derivatives, str):
        remedy = f'write derivatives=["{derivatives}"]; {BOTH_SPELLINGS}'
        raise RequestError("derivatives", f"the bare text {derivatives!r}", remedy)
    listed = _entries("derivatives", derivatives, BOTH_SPELLINGS)
    if isinstance(derivatives, tuple) and listed and all(isinstance(each, str) for each in listed):
        raise RequestError(
            "derivatives",
            f"the bare tuple {listed!r}, which could mean one derivative or {len(listed)}",
            f"write derivatives=[{listed!r}] for the one with respect to all of them, "
            f"or derivatives={list(listed)!r} for each",
        )
    return tuple(_derivative(each) for each in listed)


def _derivative(spelled: DerivativeLike) -> Derivative:
    if isinstance(spelled, str):
        return (spelled,)
    if isinstance(spelled, Sequence) and all(isinstance(name, str) for name in spelled):
        return tuple(spelled)
    raise RequestError("derivatives", f"{spelled!r}", BOTH_SPELLINGS)
