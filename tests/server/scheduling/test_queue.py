"""The queue without sockets: who is computed with whom, and in which order."""

from __future__ import annotations

import pytest

from gridgrad_core.errors import DeadlineError
from gridgrad_server.scheduling.queue import MOST_BEHIND_S, MOST_ITEMS, BatchItem, Queue
from gridgrad_server.scheduling.request import GridRequest
from tests.server.building import OUTCOME, make_request, remembered

NOW = 0.0


def queued(*requests: GridRequest) -> Queue:
    queue = Queue()
    for request in requests:
        queue.put(request)
    return queue


def taken(queue: Queue, most_cost: int = 1000) -> list[GridRequest]:
    return [item.request for item in queue.take(most_cost, NOW)]


def test_requests_of_one_key_go_together_and_the_oldest_key_first() -> None:
    a, b, c, d = make_request(1), make_request(2), make_request(1), make_request(2)
    queue = queued(a, b, c, d)
    assert taken(queue) == [a, c]
    assert taken(queue) == [b, d]
    assert not queue


def test_the_budget_bounds_a_batch_but_never_starves_a_large_request() -> None:
    requests = [make_request(points=10) for _ in range(3)]  # 20 each: value and one derivative
    queue = queued(*requests)
    assert taken(queue, 45) == requests[:2]
    assert taken(queue, 1) == requests[2:]


def test_keys_take_turns() -> None:
    a, b = [make_request(1) for _ in range(3)], [make_request(2) for _ in range(2)]
    queue = queued(*a, *b)
    assert [taken(queue, 20) for _ in range(5)] == [[a[0]], [b[0]], [a[1]], [b[1]], [a[2]]]


def test_callers_take_turns_before_keys() -> None:
    flood, other = [make_request(n % 3 + 1, caller="flood") for n in range(6)], make_request(1, caller="other")
    queue = queued(*flood, other)
    assert taken(queue, 20) == [flood[0]]
    assert taken(queue, 20) == [other]
    assert [taken(queue, 20)[0] for _ in range(2)] == flood[1:3]


def test_callers_have_the_time_that_workers_spent_on_each() -> None:
    slow, quick = ([make_request(key, caller=caller) for _ in range(6)] for key, caller in ((1, "slow"), (2, "quick")))
    queue = queued(*slow, *quick)
    first = queue.take(20, NOW)
    assert first[0].request is slow[0]
    queue.computed(first, 0.001)
    second = queue.take(20, NOW)
    assert second[0].request is quick[0]
    queue.computed(second, 0.0003)
    assert [taken(queue, 20)[0].caller for _ in range(2)] == ["quick", "quick"]


def test_what_a_caller_had_long_ago_is_forgotten() -> None:
    queue = queued(make_request(1, caller="heavy"), make_request(2, caller="light"))
    queue.computed(queue.take(20, NOW), 1000.0)
    assert taken(queue, 20)[0].caller == "light"
    light, heavy = [make_request(2, caller="light") for _ in range(3)], make_request(1, caller="heavy")
    for request in (*light, heavy):
        queue.put(request)
    queue.computed(queue.take(20, NOW), 0.9 * MOST_BEHIND_S)
    assert taken(queue, 20) == [light[1]]
    queue.computed([BatchItem(light[1], light[1].template.layout.whole)], 0.2 * MOST_BEHIND_S)
    assert taken(queue, 20) == [heavy]


def test_small_requests_overtake_bulk() -> None:
    large, pack, small, other = (
        make_request(points=100, tile_cost=100),
        make_request(grids=3),
        make_request(),
        make_request(2),
    )
    queue = queued(large, pack, small, other)
    assert [taken(queue, 1 << 17) for _ in range(3)] == [[small], [other], [large, pack]]


def test_bulk_gets_every_fourth_batch_while_it_waits() -> None:
    large, small = make_request(points=400, tile_cost=100, window=9), [make_request() for _ in range(8)]
    queue = queued(*small, large)
    batches = [taken(queue, 20) for _ in range(10)]
    assert [batch == [large] for batch in batches] == [False, False, False, True] * 2 + [False, False]


def test_callers_take_turns_inside_a_key() -> None:
    flood, other = [make_request(caller="flood") for _ in range(5)], [make_request(caller="other") for _ in range(2)]
    queue = queued(*flood, *other)
    assert taken(queue, 60) == [flood[0], other[0], flood[1]]
    assert taken(queue, 60) == [other[1], flood[2], flood[3]]


def test_callers_take_turns_with_tiles_too() -> None:
    flood = [make_request(points=100, tile_cost=40, window=9, caller="flood") for _ in range(3)]
    other = make_request(points=100, tile_cost=40, window=9, caller="other")
    queue = queued(*flood, other)
    turns = [request for _ in range(4) for request in taken(queue, 80)]
    assert turns == [flood[0], other, flood[1], other, flood[2], other, flood[0], other]


def test_a_pack_is_cut_between_its_grids() -> None:
    pack = make_request(points=10, grids=10, tile_cost=60)  # 20 each: value and one derivative
    queue = queued(pack)
    cut = [queue.take(1 << 20, NOW)[0].tile for _ in range(4)]
    assert [(tile.first_grid, tile.grids, tile.points) for tile in cut] == [
        (0, 2, 20),
        (2, 3, 30),
        (5, 2, 20),
        (7, 3, 30),
    ]


def test_packs_are_cut_smaller_while_small_requests_come() -> None:
    pack, small, late = make_request(grids=40), make_request(2), make_request(2)  # 2048 a grid
    queue = queued(pack, small)
    assert taken(queue, 1 << 15) == [small]
    assert [queue.take(1 << 15, NOW + 0.1)[0].tile.grids for _ in range(2)] == [4, 4]
    assert [item.tile.grids for item in queue.take(1 << 15, NOW + 1)] == [16]
    queue.put(late)
    assert taken(queue, 1 << 15) == [late]
    assert [item.tile.grids for item in queue.take(1 << 20, NOW + 1)] == [16]
    assert pack.progress.is_split
    assert not queue


def test_tiles_of_grids_are_cut_again_while_small_requests_come() -> None:
    large, small = (
        make_request(points=100, tile_cost=100, window=9),
        make_request(2),
    )  # tiles of 50 points
    queue = queued(large, small)
    assert taken(queue, 80) == [small]
    cut = [queue.take(80, NOW + 0.1)[0].tile for _ in range(2)]
    assert [(tile.first_point, tile.points) for tile in cut] == [(0, 6), (6, 6)]  # an eighth of the cost of 100
    assert [(tile.first_point, tile.points) for tile in (queue.take(80, NOW + 1)[0].tile for _ in range(2))] == [
        (12, 38),
        (50, 50),
    ]
    assert not queue


def test_a_batch_takes_one_tile_of_an_request() -> None:
    large = make_request(points=100, tile_cost=20)
    assert taken(queued(large), 10**9) == [large]


def test_tiles_wait_until_earlier_ones_were_sent() -> None:
    request = make_request(points=100, tile_cost=20, window=2)
    queue = queued(request)
    out = [queue.take(1000, NOW)[0].tile for _ in range(2)]
    assert not queue
    request.computed(out[0], memoryview(b""), OUTCOME, {})
    assert not request.is_open
    request.progress.sent()
    assert request.is_open


def test_more_tiles_than_descriptors_can_travel_are_not_taken() -> None:
    assert len(taken(queued(*[make_request(points=1) for _ in range(MOST_ITEMS + 9)]), 10**9)) == MOST_ITEMS


def test_expired_and_cancelled_requests_are_dropped() -> None:
    late, gone, well = make_request(deadline_at=NOW - 1), make_request(), make_request()
    queue = queued(late, gone, well)
    gone.end()
    assert taken(queue) == [well]
    assert isinstance(remembered(late).errors[0], DeadlineError)
    assert not remembered(gone).errors


def test_a_removed_request_leaves_nothing() -> None:
    request = make_request()
    queue = queued(request)
    queue.remove(request)
    assert not queue
    queue.remove(request)


def test_put_twice_is_there_once() -> None:
    request = make_request(points=100, tile_cost=20)
    queue = queued(request, request)
    queue.put_first(request)
    assert taken(queue, 10**9) == [request]


def test_everything_can_be_taken() -> None:
    requests = [make_request(1), make_request(2)]
    queue = queued(*requests)
    assert queue.take_all() == requests
    assert not queue


def test_how_many_batches_wait() -> None:
    assert queued().waiting_batches(1000) == 0
    assert queued(make_request()).waiting_batches(1000) == 1
    small = [make_request(number, points=10) for number in (1, 1, 1, 2)]  # 20 each
    assert queued(*small).waiting_batches(30) == 2 + 1
    split = make_request(3, points=100, tile_cost=20)
    queue = queued(split, *small)
    assert queue.waiting_batches(1 << 20) == split.progress.waiting_batches(1) + 2
    split.progress.take(20)
    assert split.progress.waiting_batches(1) == queue.waiting_batches(1 << 20) - 2
    split.end()
    assert queue.waiting_batches(1 << 20) == 2


def spent(queue: Queue, rounds: int) -> list[str]:
    """Who had each of so many turns of a millisecond, while all wait."""
    turns = []
    for _ in range(rounds):
        items = queue.take(20, NOW)
        queue.computed(items, 0.001)
        turns.append(items[0].request.caller)
    return turns


def test_turns_have_weights() -> None:
    queue = Queue({"@light": 0.25, "@heavy": 1.0}.__getitem__)
    for caller, key in (("@light 1", 1), ("@heavy 1", 2)):
        for _ in range(100):
            queue.put(make_request(key, caller=caller))
    turns = spent(queue, 50)
    assert turns.count("@heavy 1") == 40


def test_a_principal_with_many_clients_has_the_turns_of_one() -> None:
    queue = Queue()
    for _ in range(30):
        for client in range(4):
            queue.put(make_request(1 + client % 2, caller=f"@many {client}"))
        queue.put(make_request(3, caller="@one 1"))
    turns = spent(queue, 40)
    assert turns.count("@one 1") == 20
    assert {turns.count(f"@many {client}") for client in range(4)} == {5}


def beside_small(weight: float, *others: str) -> Queue:
    """A queue of bulk of a light caller and of others, a batch of which took 10 ms after a small request was taken."""
    queue = Queue(lambda share: weight if share == "@light" else 1.0)
    queue.put(make_request(1, caller="@small 1"))
    taken(queue)
    for caller in ("@light 1", *others):
        queue.put(make_request(2, points=1000, caller=caller))
    items = queue.take(1000, NOW)
    assert items[0].request.caller == "@light 1"
    queue.computed(items, 0.001, NOW + 0.01)
    return queue


def taken_small(queue: Queue, now: float) -> list[BatchItem]:
    """What is taken after a small request has come, if that is small."""
    queue.put(make_request(1, caller="@small 1"))
    items = queue.take(1000, now)
    return items if items[0].request.caller == "@small 1" else []


def test_bulk_of_less_weight_rests_while_small_requests_come() -> None:
    queue = beside_small(0.25)
    assert queue.rest_s(NOW + 0.01) == pytest.approx(0.03)
    assert queue.rest_s(NOW + 0.05) == 0.0
    assert queue.rest_s(NOW + 0.6) == 0.0, "none has come for long"
    queue.put(make_request(1, caller="@small 1"))
    assert queue.rest_s(NOW + 0.01) == 0.0
    assert taken(queue)[0].caller == "@small 1"


def test_bulk_of_less_weight_rests_longer_while_small_requests_come_in_quick_succession() -> None:
    queue, now, small = beside_small(0.25), NOW + 0.01, 0
    while queue.rest_s(now):
        now, small = now + 0.001, small + 1
        assert taken_small(queue, now)
    assert small == 80, "20 for each one that its weight allows"
    assert queue.take(1000, now)[0].request.caller == "@light 1"


def test_bulk_of_less_weight_rests_no_longer_where_small_requests_are_rare() -> None:
    queue = beside_small(0.25)
    assert taken_small(queue, NOW + 0.02)
    assert queue.rest_s(NOW + 0.05) == 0.0


def test_bulk_of_less_weight_rests_for_a_limited_time() -> None:
    queue = beside_small(0.25)
    for step in range(1, 20):
        assert taken_small(queue, NOW + 0.01 * step)
    assert 0.0 < queue.rest_s(NOW + 0.19) <= 0.011
    assert queue.rest_s(NOW + 0.2) == 0.0


def test_bulk_rests_for_nobody_of_no_more_weight() -> None:
    assert beside_small(1.0).rest_s(NOW + 0.01) == 0.0
    assert beside_small(0.25, "@other 1").rest_s(NOW + 0.01) == 0.0
