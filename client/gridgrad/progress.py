"""Progress: a bar by tqdm, or the caller's own callback, told how far a long piece of work is."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Sized
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from gridgrad_core.errors import RequestError
from gridgrad_core.extras import optional

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = ["GridsProgress", "Progress", "counted", "counted_async", "grids_of", "shown"]

Progress: TypeAlias = Callable[[int, int], object]
"""Called with the points that have come so far and the points of the grid."""

GridsProgress: TypeAlias = Callable[[int, int | None], object]
"""Called with the grids that have come so far and how many there are; None where that is not known."""

Tell: TypeAlias = Callable[[int, Any], object]
T = TypeVar("T")

_TAKES = "give True for a bar, or a function of how far it is and of the total"


@contextlib.contextmanager
def shown(progress: Literal[True] | Tell, unit: str, total: int | None) -> Iterator[Tell]:
    """What to call with how far the work is, inside the block.

    Args:
        progress: True for a bar, else the caller's own.
        unit: what is counted, in the plural.
        total: how many there are, if that is known.

    Raises:
        MissingExtraError: a bar was asked for, and tqdm is not installed.
        RequestError: `progress` is neither True nor to be called.
    """
    _check(progress)
    if progress is not True:
        yield progress
        return
    with _bar_class()(total=total, unit=f" {unit}", unit_scale=unit == "points") as bar:
        yield lambda done, _: bar.update(done - bar.n)


def _bar_class() -> type[tqdm[None]]:
    bar: type[tqdm[None]] = optional("tqdm.auto", "progress").tqdm  # a widget in a notebook
    return bar


def grids_of(source: object) -> int | None:
    """How many outcomes there will be of a source; None where it does not say."""
    return len(source) if isinstance(source, Sized) else None


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
    _check(progress)
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


def counted_async(
    outcomes: AsyncGenerator[T],
    progress: bool | Tell | None,
    unit: str,
    total: int | None,
    size: Callable[[T], int] = _one,
) -> AsyncGenerator[T]:
    """The same for asynchronous outcomes; see `counted`."""
    if not progress:
        return outcomes
    _check(progress)
    return _counted_async(outcomes, progress, unit, total, size)


async def _counted_async(
    outcomes: AsyncGenerator[T], progress: Literal[True] | Tell, unit: str, total: int | None, size: Callable[[T], int]
) -> AsyncGenerator[T]:
    done = 0
    async with contextlib.aclosing(outcomes):
        with shown(progress, unit, total) as tell:
            async for outcome in outcomes:
                done += size(outcome)
                tell(done, total)
                yield outcome


def _check(progress: Literal[True] | Tell) -> None:
    """Fails at the call, and not with the first outcome."""
    if progress is True:
        _bar_class()
    elif not callable(progress):
        raise RequestError("progress", f"{progress!r}", _TAKES)
