"""Terms of equations of state as text: sums over the lists of a term."""

from __future__ import annotations

from collections.abc import Iterable

from gridgrad.fluids.file_value import FileValue

__all__ = ["joined", "number", "power", "product", "rows"]


def rows(term: FileValue, keys: Iterable[str]) -> list[tuple[float, ...]]:
    """The lists of a term side by side.

    Raises:
        RequestError: they are not of one length.
    """
    lists = {key: term[key].numbers() for key in keys}
    longest = max(map(len, lists.values()))
    for key, values in lists.items():
        if len(values) != longest:
            raise term[key].refused(f"has {len(values)} numbers, others have {longest}", "give as many of each")
    return [*zip(*lists.values(), strict=True)]


def number(value: float) -> str:
    """A number as our language has it."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def power(base: str, exponent: float) -> str:
    """A power; empty where it is 1."""
    if exponent == 0:
        return ""
    if exponent == 1:
        return base
    return f"{base}**{number(exponent)}" if exponent > 0 else f"{base}**({number(exponent)})"


def product(*factors: str) -> str:
    """A product of those that are not empty."""
    return "*".join(factor for factor in factors if factor) or "1"


def joined(terms: Iterable[str]) -> str:
    """A sum of terms, of which negative ones begin with a minus."""
    return " + ".join(terms).replace(" + -", " - ") or "0"
