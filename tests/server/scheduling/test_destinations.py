"""Where in an arena the tiles of a result go, and what of it is given back when."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gridgrad_server.memory.arena import Arena, ArenaBudget
from gridgrad_server.scheduling.destinations import WholeDestination, WindowedDestination
from tests.server.building import make_request

PAGE = 4096
BUDGET = 1 << 20


@pytest.fixture
def arena() -> Iterator[Arena]:
    made = Arena(1, BUDGET, ArenaBudget(BUDGET), lambda _: None)
    yield made
    made.close()


def test_the_tiles_of_a_whole_result_lie_where_its_planes_want_them(arena: Arena) -> None:
    request = make_request(points=100, tile_cost=100)
    block = arena.take(request.template.layout.total_bytes)
    assert block
    destination = WholeDestination(block, request.template)
    places = [destination.of(request.progress.take(10**9)) for _ in range(2)]
    assert [(place.offset - block.offset, place.pitch) for place in places] == [(0, 800), (50 * 8, 800)]
    destination.release()
    assert arena.take(BUDGET)


def test_windows_are_lent_and_used_again(arena: Arena) -> None:
    request = make_request(points=300, tile_cost=200, window=9)
    first, second, third = (request.progress.take(10**9) for _ in range(3))
    blocks = arena.take_several(2, PAGE)
    windows = WindowedDestination(blocks, 8)
    place = windows.of(first)
    assert windows.of(first) == place  # a retry writes to the same
    assert place.pitch == 100 * 8
    assert windows.of(second).block is not place.block
    assert windows.lend(first) is place.block
    windows.take_back(place.block)
    assert windows.of(third).block is place.block


def test_what_the_caller_holds_is_given_back_when_he_releases_it(arena: Arena) -> None:
    request = make_request(points=200, tile_cost=200, window=9)
    first = request.progress.take(10**9)
    windows = WindowedDestination(arena.take_several(2, BUDGET // 2), 8)
    lent = windows.of(first).block
    windows.lend(first)
    windows.release()
    assert arena.take(BUDGET) is None
    assert arena.take(BUDGET // 2)
    windows.take_back(lent)
    assert arena.take(BUDGET // 2)
