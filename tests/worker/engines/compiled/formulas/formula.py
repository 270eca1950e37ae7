"""What is known of a published formula."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["Formula"]


class Formula(NamedTuple):
    """A published formula in two spellings.

    Args:
        name: of it.
        source: where it is published.
        text: one spelling.
        other: another one of the same function.
        domain: for each input, between which numbers both are compared.
    """

    name: str
    source: str
    text: str
    other: str
    domain: Mapping[str, tuple[float, float]]
