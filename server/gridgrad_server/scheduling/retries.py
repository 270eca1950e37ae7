"""Retries: what becomes of a tile whose worker died.

A tile is computed again by another worker. One that is blamed for the death counts a crash, is then computed alone, so
that it takes no other caller's tile with it, and its grids are tried one by one; after two crashes it fails.
"""

from __future__ import annotations

from gridgrad_core.errors import CrashError
from gridgrad_server.requests.tiles import GridTile

__all__ = ["Retries", "crash_error", "is_hopeless", "tiles_after"]

_MOST_CRASHES = 2


class Retries:
    """The tiles of a request that wait to be computed again, the last one first."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[GridTile] = []

    def add(self, *tiles: GridTile) -> None:
        """Has tiles wait."""
        self._waiting += tiles

    def pop(self) -> GridTile | None:
        """The next of them; None if there is none."""
        return self._waiting.pop() if self._waiting else None

    @property
    def has_crashed(self) -> bool:
        """Whether one of them is blamed for a death."""
        return any(tile.crash_count for tile in self._waiting)


def tiles_after(tile: GridTile, blamed: bool) -> list[GridTile]:
    """What to compute in place of a tile whose worker died.

    Args:
        tile: that was out at the worker.
        blamed: whether the worker died of it, as far as one can tell.
    """
    return tile.after_crash() if blamed else [tile]


def is_hopeless(tile: GridTile) -> bool:
    """Whether so many workers died of it that no other should."""
    return tile.crash_count >= _MOST_CRASHES


def crash_error(killed_after_s: float | None = None) -> CrashError:
    """The error of a tile that is hopeless.

    Args:
        killed_after_s: what `--piece-timeout` allows, where the last worker was killed by it; None where it died.
    """
    if killed_after_s is not None:
        return CrashError(
            "",
            f"two workers were killed computing this, since it took longer than --piece-timeout, {killed_after_s:g} s",
            "ask for fewer points or derivatives at a time, have the server started with a longer --piece-timeout, "
            "or see whether the function ends at all",
        )
    return CrashError(
        "",
        "two workers died or were killed computing this",
        "do not send it again; see the server's log",
    )
