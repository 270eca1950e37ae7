"""Determinants of small matrices of nodes, of which some are structurally zero."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

__all__ = ["determinant", "without"]

T = TypeVar("T")


def without(rows: Sequence[Sequence[T]], row: int, column: int) -> list[list[T]]:
    """A matrix without one of its rows and one of its columns."""
    return [[*each[:column], *each[column + 1 :]] for place, each in enumerate(rows) if place != row]


def determinant(
    rows: Sequence[Sequence[T | None]],
    add: Callable[[T, T], T],
    mul: Callable[[T, T], T],
    neg: Callable[[T], T],
    one: T | None = None,
) -> T | None:
    """A determinant by Laplace's expansion along the first row; None where it is structurally zero.

    Args:
        rows: of the matrix, a few; None stands for a zero.
        add, mul, neg: what numbers are added, multiplied and negated by.
        one: of a matrix without rows; needed only for that.
    """
    if not rows:
        return one
    total: T | None = None
    for column, entry in enumerate(rows[0]):
        minor = None if entry is None else _minor(rows, column, add, mul, neg)
        if entry is None or (minor is None and len(rows) > 1):
            continue
        term = entry if minor is None else mul(entry, minor)
        signed = term if column % 2 == 0 else neg(term)
        total = signed if total is None else add(total, signed)
    return total


def _minor(
    rows: Sequence[Sequence[T | None]],
    column: int,
    add: Callable[[T, T], T],
    mul: Callable[[T, T], T],
    neg: Callable[[T], T],
) -> T | None:
    return determinant(without(rows, 0, column), add, mul, neg)
