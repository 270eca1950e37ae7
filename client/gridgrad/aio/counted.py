"""Outcomes of a stream with progress told as they are taken."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import Literal, TypeVar

from gridgrad.progress import Tell, check_progress, shown

__all__ = ["counted"]

T = TypeVar("T")


def _one(outcome: object) -> int:  # noqa: ARG001 - a size of an outcome takes it
    return 1


def counted(
    outcomes: AsyncGenerator[T],
    progress: bool | Tell | None,
    unit: str,
    total: int | None,
    size: Callable[[T], int] = _one,
) -> AsyncGenerator[T]:
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


async def _counted(
    outcomes: AsyncGenerator[T], progress: Literal[True] | Tell, unit: str, total: int | None, size: Callable[[T], int]
) -> AsyncGenerator[T]:
    done = 0
    async with contextlib.aclosing(outcomes):
        with shown(progress, unit, total) as tell:
            async for outcome in outcomes:
                done += size(outcome)
                tell(done, total)
                yield outcome
