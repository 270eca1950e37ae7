"""How large tiles become by the time that earlier ones took."""

from __future__ import annotations

import pytest

from gridgrad_server.requests.throughput import MOST_TILE_S, TILE_S, Throughput

COST = 1 << 19


def test_nothing_is_known_before_a_tile_was_computed() -> None:
    assert Throughput().cost() == 0


def test_a_tile_takes_as_long_as_it_may() -> None:
    throughput = Throughput()
    throughput.note("compiled", COST, TILE_S / 4)
    assert throughput.cost() == pytest.approx(4 * COST, rel=1e-6)


def test_what_was_held_up_counts_little_and_what_stays_slow_counts() -> None:
    throughput = Throughput()
    throughput.note("compiled", COST, TILE_S / 4)
    throughput.note("compiled", COST, 3 * TILE_S)
    assert throughput.cost() > 3 * COST
    for _ in range(100):
        throughput.note("compiled", COST, TILE_S / 2)
    assert throughput.cost() == pytest.approx(2 * COST, rel=1e-6)


def test_small_tiles_tell_nothing() -> None:
    throughput = Throughput()
    throughput.note("compiled", 1000, 1e-6)
    assert throughput.cost() == 0


def test_a_small_tile_that_a_busy_machine_held_up_does_not_take_long() -> None:
    throughput = Throughput()
    throughput.note("direct", 12, 1e-4)
    throughput.note("direct", 12, 2 * MOST_TILE_S)
    assert throughput.expected_s(12) < TILE_S
    throughput.note("direct", 13, 2 * MOST_TILE_S)
    assert throughput.expected_s(13) == pytest.approx(2 * MOST_TILE_S)


def test_what_is_known_of_one_tier_says_nothing_of_another() -> None:
    throughput = Throughput()
    throughput.note("compiled", COST, TILE_S / 4)
    assert throughput.cost("compiled") == throughput.cost()
    assert throughput.cost("direct") == 0
    throughput.note("direct", COST, TILE_S)
    assert throughput.cost() == throughput.cost("direct") == pytest.approx(COST, rel=1e-6)


def test_the_first_tile_of_a_function_that_nobody_knows_tells_how_long_others_may_be() -> None:
    registered = Throughput(None)
    first = registered.most_cost
    assert first < COST // 4
    registered.note("", first, 1e-4 * first)  # as slow as many steps of a solver
    assert registered.most_cost == pytest.approx(MOST_TILE_S / 1e-4)
    quick = Throughput(None)
    quick.note("", first, 1e-9 * first)
    assert quick.most_cost > COST


def test_tiles_of_long_functions_are_small_until_it_is_known_how_long_they_take() -> None:
    assert Throughput(1000).most_cost > COST
    long = Throughput(48_000)
    assert 100 < long.most_cost < 1000
    long.note("direct", 1000, 2 * MOST_TILE_S)
    assert long.most_cost == 500
    long.note("direct", 500, MOST_TILE_S / 4)  # it was held up before
    assert long.most_cost == pytest.approx(2000, rel=0.01)


def test_tiles_of_long_functions_tell_how_long_they_take_however_small_they_are_at_first() -> None:
    throughput, grid_cost = Throughput(1151, planes=12), 12 * 256 * 256
    tiles = -(-grid_cost // throughput.most_cost)
    assert tiles > 20
    throughput.note("compiled", grid_cost // tiles, 1.5e-4)
    assert throughput.cost("compiled") > 5 * grid_cost // tiles
    assert throughput.most_cost > grid_cost


def test_tiles_are_not_cut_to_less_than_calling_their_operations_is_worth() -> None:
    calls_s, point_s = 0.12, 1e-5
    throughput, most = Throughput(72_000, 48_000), 0
    for _ in range(1000):
        most = min(throughput.most_cost, 1 << 20)
        throughput.note("direct", most, calls_s + point_s * most)
    assert calls_s / point_s / 2 < most < 2 * calls_s / point_s
    assert throughput.expected_s(most) == pytest.approx(calls_s + point_s * most, rel=0.5)


def test_a_worker_that_was_held_up_once_leaves_tiles_of_long_functions_large_enough() -> None:
    calls_s = 0.12
    throughput = Throughput(72_000, 48_000)
    for held_up_s in (0, 60, 3, 0, 0):
        throughput.note("direct", 1000, calls_s + held_up_s)
    assert throughput.most_cost >= 1000


def test_a_busy_machine_makes_no_crumbs_of_tiles() -> None:
    throughput, planes = Throughput(72_000, 48_000, planes=3), 3
    for cost in (3072, 768, 768):
        throughput.note("direct", cost, 70.0)
    assert throughput.most_cost == 256 * planes
    throughput.note("compiled", 768, 70.0)
    assert throughput.most_cost == 1


def test_compiled_code_calls_no_operations() -> None:
    throughput = Throughput(72_000, 48_000)
    throughput.note("compiled", COST, 10 * MOST_TILE_S)
    assert throughput.most_cost == pytest.approx(COST / 10, rel=1e-3)
