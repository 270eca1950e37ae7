"""Progress: a bar by tqdm, or the caller's own callback, told how far a long piece of work is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sized
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from gridgrad_core.errors import RequestError
from gridgrad_core.extras import optional

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = ["GridsProgress", "Progress", "Tell", "check_progress", "grids_of", "shown"]

Progress: TypeAlias = Callable[[int, int], object]
"""Called with the points that have come so far and the points of the grid."""

GridsProgress: TypeAlias = Callable[[int, int | None], object]
"""Called with the grids that have come so far and how many there are; None where that is not known."""

Tell: TypeAlias = Callable[[int, Any], object]
"""Either of them."""

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
    check_progress(progress)
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


def check_progress(progress: Literal[True] | Tell) -> None:
    """Fails at the call, and not with the first outcome.

    Raises:
        MissingExtraError: a bar was asked for, and tqdm is not installed.
        RequestError: `progress` is neither True nor to be called.
    """
    if progress is True:
        _bar_class()
    elif not callable(progress):
        raise RequestError("progress", f"{progress!r}", _TAKES)
