# Written by `make sync` from gridgrad/aio/counted.py; change that one.
"""Outcomes of a stream with progress told as they are taken."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import Literal, TypeVar

from gridgrad.progress import Tell, check_progress, shown

__all__ = ["counted"]

T = TypeVar("T")


def _one(outcome: object) -> int:  # noqa: ARG001 - a size of an outcome takes it
    return 1


def counted(
    outcomes: Generator[T],
    progress: bool | Tell | None,
    unit: str,
    total: int | None,
    size: Callable[[T], int] = _one,
) -> Generator[T]:
    """The same outcomes, with progress told as they are taken.

    Args:
        outcomes: what is counted.
        progress: True for a bar, the caller's own, or nothing.
        unit: what is counted, in the plural.
        total: how many there are, if that is known.
        size: how many an outcome is.

    Raises:
        MissingExtraError: a bar was asked for, and tqdm is not installed.
        RequestError: `progress` is neither True nor to be called.
    """
    if not progress:
        return outcomes
    check_progress(progress)
    return _counted(outcomes, progress, unit, total, size)


def _counted(
    outcomes: Generator[T], progress: Literal[True] | Tell, unit: str, total: int | None, size: Callable[[T], int]
) -> Generator[T]:
    done = 0
    with contextlib.closing(outcomes), shown(progress, unit, total) as tell:
        for outcome in outcomes:
            done += size(outcome)
            tell(done, total)
            yield outcome
