"""Which tile of a request comes next, and when one may be taken."""

from __future__ import annotations

import pytest

from gridgrad_server.requests.throughput import MOST_TILE_S, Throughput
from gridgrad_server.scheduling.progress import Progress
from gridgrad_server.scheduling.retries import tiles_after
from tests.server.building import function_key, make_template


def progress(points: int = 100, tile_cost: int = 40, window: int = 3, grids: int = 1) -> Progress:
    """Of a request whose points cost 2 each."""
    return Progress(make_template(function_key(), points, grids), tile_cost, window)


def room_and_rest(made: Progress) -> tuple[bool, bool]:
    return made.has_room, made.is_between_tiles


def test_a_small_request_is_one_tile() -> None:
    one = progress(points=10)
    assert (one.is_split, one.next_cost) == (False, 20)
    assert one.take(1).points == 10
    assert one.next is None
    assert not one.all_computed
    one.returned()
    assert one.all_computed


def test_a_large_one_has_tiles_of_the_cost_that_follow_each_other() -> None:
    large = progress(points=100, tile_cost=40, window=9)
    tiles = [large.take(10**9) for _ in range(5)]
    assert [(tile.first_point, tile.points) for tile in tiles] == [(i, 20) for i in range(0, 100, 20)]
    assert large.next is None
    with pytest.raises(RuntimeError, match="all tiles are taken"):
        large.take(1)


def test_as_many_tiles_are_out_or_unsent_as_the_window_allows() -> None:
    large = progress(window=2)
    for _ in range(2):
        large.take(10**9)
    assert room_and_rest(large) == (False, False)
    large.returned()
    large.to_be_sent()
    assert room_and_rest(large) == (False, False)
    large.sent()
    assert room_and_rest(large) == (True, False)
    large.returned()
    assert room_and_rest(large) == (True, True)


def test_it_may_be_cut_anew_before_it_is_begun() -> None:
    large = progress(points=100, tile_cost=40)
    large.cut(100)
    assert (large.take(1).points, large.tile_cost) == (50, 100)


def test_what_is_put_back_comes_next() -> None:
    large = progress(points=60, tile_cost=40)
    first = large.take(10**9)
    large.returned()
    large.put_back(tiles_after(first, blamed=True))
    assert large.has_crashed
    again = large.take(10**9)
    assert (again.first_point, again.crash_count) == (0, 1)
    assert [large.take(10**9).first_point for _ in range(2)] == [20, 40]


def test_the_grids_of_a_pack_are_put_back_one_by_one() -> None:
    pack = progress(points=5, tile_cost=1000, grids=3)
    whole = pack.take(10**9)
    pack.returned()
    pack.put_back(tiles_after(whole, blamed=True))
    assert sorted(pack.take(10**9).first_grid for _ in range(3)) == [0, 1, 2]
    assert pack.next is None


def test_a_pack_is_cut_to_what_it_may_cost() -> None:
    pack = progress(points=5, tile_cost=10**6, grids=10)  # a grid counts 2048 at least
    assert pack.next_cost == 10 * 2048
    assert pack.take(3 * 2048).grids == 3 == 10 - 7
    assert pack.is_split


def test_a_part_of_a_grid_is_cut_again_to_an_eighth() -> None:
    large = progress(points=100, tile_cost=160)
    assert large.take(1, anew=True).points == 10
    assert large.take(1).points == 40


def test_tiles_take_no_longer_than_others_should_wait() -> None:
    template = make_template(function_key(), 1024)
    template.function.throughput = Throughput(operations=1 << 16)  # 512 for a tile while nothing is known
    long = Progress(template, 2000, 9)
    assert long.take(10**9).points == 256
    template.function.throughput.note("", 512, MOST_TILE_S * 2)
    assert long.take(10**9).points == 128
    assert long.take(10**9).points == 128
    pack = Progress(make_template(template.function, 10, 10), 10**9, 9)
    assert pack.take(10**9).grids == 1
