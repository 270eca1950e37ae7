"""A request from its first tile to its last: results, failures, tiers, and what is said of how it was computed."""

from __future__ import annotations

import pytest

from gridgrad_core.errors import CrashError, RequestError, UnavailableError
from gridgrad_server.memory.slots import SlotPool
from gridgrad_server.requests.result_info import ComputedBy
from gridgrad_server.scheduling.request import BatchOutcome, GridRequest
from tests.server.building import OUTCOME, make_request, remembered

NOTHING = memoryview(b"")


def outcome(tier: str = "", started_at: float = 1.0, batch_size: int = 1) -> BatchOutcome:
    return BatchOutcome(started_at, 0.25, ComputedBy(batch_size, "structured", tier, "cpu"))


def states(request: GridRequest) -> dict[str, bool]:
    return {"untouched": request.is_untouched, "open": request.is_open, "ended": request.ended}


def test_it_ends_with_its_last_tile() -> None:
    request = make_request(points=100, tile_cost=100)
    first, second = (request.progress.take(10**9) for _ in range(2))
    request.computed(second, NOTHING, OUTCOME, {})
    assert not states(request)["ended"]
    request.computed(first, NOTHING, OUTCOME, {})
    assert states(request)["ended"]
    assert remembered(request).tiles == [second, first]


def test_it_says_how_it_was_computed() -> None:
    request = make_request(points=100, tile_cost=100)
    assert states(request)["untouched"]
    first, second = (request.progress.take(10**9) for _ in range(2))
    assert not states(request)["untouched"]
    request.computed(first, NOTHING, outcome(started_at=request.arrived_at + 3.0), {})
    request.computed(second, NOTHING, outcome(started_at=request.arrived_at + 2.0, batch_size=5), {})
    assert request.info.queue_s == pytest.approx(2.0)
    assert request.info.compute_s == 0.5
    assert request.info.computed_by.batch_size == 5


def test_a_failure_ends_a_grid_once() -> None:
    request = make_request(points=100, tile_cost=100)
    tiles = [request.progress.take(10**9) for _ in range(2)]
    error = RequestError("function", "it raised", "don't")
    for tile in tiles:
        request.computed(tile, NOTHING, OUTCOME, {0: error})
    assert remembered(request).errors == [error]
    assert not remembered(request).tiles


def test_failures_of_grids_of_a_pack_are_passed_on_with_the_others() -> None:
    pack = make_request(grids=3)
    error = RequestError("function", "it raised", "don't")
    pack.computed(pack.progress.take(10**9), NOTHING, OUTCOME, {1: error})
    assert remembered(pack).failures == [{1: error}]
    assert not remembered(pack).errors
    assert states(pack)["ended"]


def test_two_crashes_end_it() -> None:
    request = make_request()
    for _ in range(2):
        request.put_back(request.progress.take(10**9), blamed=True)
    (error,) = remembered(request).errors
    assert isinstance(error, CrashError)


def test_who_asks_for_what_takes_too_long_is_told_so() -> None:
    request = make_request()
    for _ in range(2):
        request.put_back(request.progress.take(10**9), blamed=True, killed_after_s=60.0)
    (error,) = remembered(request).errors
    assert "longer than --piece-timeout, 60 s" in str(error)


def test_crashes_of_others_do_not_count() -> None:
    request = make_request()
    for _ in range(5):
        request.put_back(request.progress.take(10**9), blamed=False)
    assert not states(request)["ended"]


def test_a_grid_of_a_pack_that_crashed_twice_fails_by_itself() -> None:
    pack = make_request(grids=2)
    pack.put_back(pack.progress.take(10**9), blamed=True)
    alone = pack.progress.take(10**9)
    assert (alone.grids, pack.tier_of(alone)) == (1, "direct")
    pack.put_back(alone, blamed=True)
    assert [type(error) for error in remembered(pack).failures[0].values()] == [CrashError]
    assert not states(pack)["ended"]
    pack.computed(pack.progress.take(10**9), NOTHING, OUTCOME, {})
    assert states(pack)["ended"]


def test_a_tier_that_was_wanted_is_kept_to() -> None:
    request = make_request(tier="compiled")
    tile = request.progress.take(10**9)
    assert request.tier_of(tile) == "compiled"
    request.computed(tile, NOTHING, outcome("direct"), {})
    (error,) = remembered(request).errors
    assert isinstance(error, RequestError)
    assert error.field == "tier"


def test_the_first_tile_decides_the_tier_of_the_others() -> None:
    request = make_request(points=100, tile_cost=40)
    request.tier = None
    first = request.progress.take(10**9)
    assert request.tier_of(first) == ""
    assert not states(request)["open"]  # the others wait for the first
    request.computed(first, NOTHING, outcome("compiled"), {})
    request.progress.sent()
    assert request.tier_of(first) == "compiled"


def test_a_grid_in_two_tiers_is_to_be_sent_again() -> None:
    request = make_request(points=100, tile_cost=100)
    for tier in ("compiled", "direct"):
        request.computed(request.progress.take(10**9), NOTHING, outcome(tier), {})
    (error,) = remembered(request).errors
    assert isinstance(error, UnavailableError)


def test_its_end_gives_its_inputs_back() -> None:
    slots = SlotPool()
    request = make_request(points=100, tile_cost=40)
    request.inputs_slot = slots.take(100)
    request.end()
    assert slots.idle_bytes > 0
    assert request.numbers == ()
    slots.close()
