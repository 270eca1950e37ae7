"""What is computed in place of a tile whose worker died, and when no more."""

from __future__ import annotations

from gridgrad_core.errors import CrashError
from gridgrad_server.requests.tiles import GridTile
from gridgrad_server.scheduling.retries import Retries, crash_error, is_hopeless, tiles_after

PACK = GridTile((0,), (5,), 0, 15, grids=3)


def test_a_tile_that_only_waited_is_tried_as_it_is() -> None:
    assert tiles_after(PACK, blamed=False) == [PACK]


def test_one_that_is_blamed_counts_a_crash_and_is_taken_apart() -> None:
    again = tiles_after(PACK, blamed=True)
    assert [(tile.grids, tile.crash_count) for tile in again] == [(1, 1)] * 3
    assert not any(map(is_hopeless, again))
    assert all(map(is_hopeless, tiles_after(again[0], blamed=True)))


def test_the_last_comes_first() -> None:
    retries = Retries()
    assert retries.pop() is None
    first, *others = tiles_after(PACK, blamed=True)
    crashed = []
    for tiles in ([PACK], [first, *others]):
        retries.add(*tiles)
        crashed.append(retries.has_crashed)
    assert crashed == [False, True]
    assert [retries.pop() for _ in range(4)] == [*reversed(others), first, PACK]
    assert retries.pop() is None


def test_the_error_says_not_to_try_again() -> None:
    assert crash_error().reason == "CRASH"
    assert "do not send it again" in str(crash_error())


def test_the_error_of_what_takes_too_long_names_the_limit_and_the_cure() -> None:
    error = crash_error(2.5)
    assert (error.reason, isinstance(error, CrashError)) == ("CRASH", True)
    assert "it took longer than --piece-timeout, 2.5 s; ask for fewer points" in str(error)
