"""Many results as they come: with progress told, and all of them in one Dataset."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from gridgrad.progress import Tell, check_progress, shown
from gridgrad.results.result import Result
from gridgrad_core.errors import GridgradError

if TYPE_CHECKING:
    import xarray

__all__ = ["AsyncResults", "counted"]

T = TypeVar("T")
T_co = TypeVar("T_co", bound=Result | GridgradError, covariant=True)


class AsyncResults(AsyncIterator[T_co], Generic[T_co]):
    """An iterator of results; closing it cancels what is in flight.

    Args:
        outcomes: the results.
    """

    def __init__(self, outcomes: AsyncGenerator[T_co]) -> None:
        self._outcomes = outcomes

    async def __anext__(self) -> T_co:
        return await anext(self._outcomes)

    async def aclose(self) -> None:
        """Takes no more results and cancels what is in flight."""
        await self._outcomes.aclose()

    async def to_xarray(self, dim: str = "sample", name: str | Sequence[str] | None = None) -> xarray.Dataset:
        """Takes all results that are left into one Dataset, along a new first dim.

        Args:
            dim: the name of the new dim.
            name: as for `Result.to_xarray`.

        Returns:
            Variables of shape [dim, *grid]. Inputs that are the same in all results are coordinates as in one
            of them, the others have the new dim.

        Raises:
            RequestError: there are no results, or two differ in more than numbers.
            GridgradError: one of them is an error.
            MissingExtraError: xarray is not installed.
        """
        from gridgrad.results import to_xarray

        return to_xarray.stack([_result(outcome) async for outcome in self], dim, name)


def _result(outcome: Result | GridgradError) -> Result:
    if isinstance(outcome, GridgradError):
        raise outcome
    return outcome


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
