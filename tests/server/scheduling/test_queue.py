"""The queue and the batcher without sockets: who is computed with whom, and in which order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from gridgrad_core.errors import CrashError, DeadlineError, RequestError, UnavailableError
from gridgrad_core.grid import InputSpec
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.memory.slots import Slot, Slots
from gridgrad_server.requests.decode import Given, Linspace
from gridgrad_server.requests.function_key import How, Key, Plan
from gridgrad_server.requests.result_layout import Form
from gridgrad_server.requests.tiles import Box, boxes
from gridgrad_server.scheduling.batch import Batch
from gridgrad_server.scheduling.entry import Computed, Entry, Failures
from gridgrad_server.scheduling.observer import Observers
from gridgrad_server.scheduling.queue import MOST_TASKS, Queue
from gridgrad_server.scheduling.scheduler import Batcher
from gridgrad_server.scheduling.tier_policy import Tiers

NOW = 0.0
HOW = Computed(started_at=1.0, compute_s=0.5, how=How(batch_size=1, engine="functional", tier="", device="cpu"))


class Remembers:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.pieces: list[Box] = []
        self.failures: list[Failures] = []
        self.errors: list[Exception] = []

    def piece(self, entry: Entry, box: Box, result: memoryview, failures: Failures, slot: Slot | None) -> None:  # noqa: ARG002 - a Sink takes it
        self.pieces.append(box)
        self.failures.append(failures)

    def failed(self, entry: Entry, error: Exception) -> None:  # noqa: ARG002 - a Sink takes it
        self.errors.append(error)


def plan(number: int) -> Plan:
    key = Key("expression", f"digest{number}", ("f",), False, "float64", (("x", ("x",)),), (("x",),))
    return Plan(number, key, "x", "1")


PLANS = {number: plan(number) for number in range(1, 4)}


def make(number: int = 1, points: int = 10, piece_cost: int = 1000, window: int = 4, **fields: Any) -> Entry:
    inputs = [Given(InputSpec("x", ("x",), (points,)), Linspace(0.0, 1.0, points))]
    form = Form(PLANS[number], (points,), inputs, grids=fields.get("grids", 1))
    caller = fields.get("caller", "someone")
    return Entry(form, [], Remembers(), caller, fields.get("deadline_at"), piece_cost, window)


def remembered(entry: Entry) -> Remembers:
    assert isinstance(entry.sink, Remembers)
    return entry.sink


def queued(*entries: Entry) -> Queue:
    queue = Queue()
    for entry in entries:
        queue.put(entry)
    return queue


def taken(queue: Queue, most_cost: int = 1000) -> list[Entry]:
    return [task.entry for task in queue.take(most_cost, NOW)]


def test_entries_of_one_key_go_together_and_the_oldest_key_first() -> None:
    a, b, c, d = make(1), make(2), make(1), make(2)
    queue = queued(a, b, c, d)
    assert taken(queue) == [a, c]
    assert taken(queue) == [b, d]
    assert not queue


def test_the_budget_bounds_a_batch_but_never_starves_a_large_entry() -> None:
    entries = [make(points=10) for _ in range(3)]  # 20 each: value and one derivative
    queue = queued(*entries)
    assert taken(queue, 45) == entries[:2]
    assert taken(queue, 1) == entries[2:]


def test_keys_take_turns() -> None:
    a, b = [make(1) for _ in range(3)], [make(2) for _ in range(2)]
    queue = queued(*a, *b)
    assert [taken(queue, 20) for _ in range(5)] == [[a[0]], [b[0]], [a[1]], [b[1]], [a[2]]]


def test_small_entries_overtake_bulk() -> None:
    large, pack, small, other = make(points=100, piece_cost=100), make(grids=3), make(), make(2)
    queue = queued(large, pack, small, other)
    assert [taken(queue, 1 << 17) for _ in range(3)] == [[small], [other], [large, pack]]


def test_bulk_gets_every_fourth_batch_while_it_waits() -> None:
    large, small = make(points=400, piece_cost=100, window=9), [make() for _ in range(8)]
    queue = queued(*small, large)
    batches = [taken(queue, 20) for _ in range(10)]
    assert [batch == [large] for batch in batches] == [False, False, False, True] * 2 + [False, False]


def test_callers_take_turns_inside_a_key() -> None:
    flood, other = [make(caller="flood") for _ in range(5)], [make(caller="other") for _ in range(2)]
    queue = queued(*flood, *other)
    assert taken(queue, 60) == [flood[0], other[0], flood[1]]
    assert taken(queue, 60) == [other[1], flood[2], flood[3]]


def test_callers_take_turns_with_pieces_too() -> None:
    flood = [make(points=100, piece_cost=40, window=9, caller="flood") for _ in range(3)]
    other = make(points=100, piece_cost=40, window=9, caller="other")
    queue = queued(*flood, other)
    turns = [entry for _ in range(4) for entry in taken(queue, 80)]
    assert turns == [flood[0], other, flood[1], other, flood[2], other, flood[0], other]


def test_a_pack_is_cut_between_its_grids() -> None:
    pack = make(points=10, grids=10, piece_cost=60)  # 20 each: value and one derivative
    queue = queued(pack)
    cut = [queue.take(1 << 20, NOW)[0].box for _ in range(4)]
    assert [(box.first_grid, box.grids, box.points) for box in cut] == [(0, 2, 20), (2, 3, 30), (5, 2, 20), (7, 3, 30)]


def test_packs_are_cut_smaller_while_small_entries_come() -> None:
    pack, small, late = make(grids=40), make(2), make(2)  # 2048 a grid
    queue = queued(pack, small)
    assert taken(queue, 1 << 15) == [small]
    assert [queue.take(1 << 15, NOW + 0.1)[0].box.grids for _ in range(2)] == [4, 4]
    assert [task.box.grids for task in queue.take(1 << 15, NOW + 1)] == [16]
    queue.put(late)
    assert taken(queue, 1 << 15) == [late]
    assert [task.box.grids for task in queue.take(1 << 20, NOW + 1)] == [16]
    assert pack.split
    assert not queue


def test_pieces_of_grids_are_cut_again_while_small_entries_come() -> None:
    large, small = make(points=100, piece_cost=100, window=9), make(2)  # a point costs 2: pieces of 50 points
    queue = queued(large, small)
    assert taken(queue, 80) == [small]
    cut = [queue.take(80, NOW + 0.1)[0].box for _ in range(2)]
    assert [(box.first_point, box.points) for box in cut] == [(0, 6), (6, 6)]  # an eighth of the cost of 100
    assert [(box.first_point, box.points) for box in (queue.take(80, NOW + 1)[0].box for _ in range(2))] == [
        (12, 38),
        (50, 50),
    ]
    assert not queue


def test_a_grid_of_a_pack_that_is_large_goes_whole() -> None:
    assert [box.grids for box in boxes((10,), 4, grids=3)] == [1, 1, 1]


def test_a_batch_takes_one_piece_of_an_entry() -> None:
    large = make(points=100, piece_cost=20)
    assert taken(queued(large), 10**9) == [large]


def test_pieces_wait_until_earlier_ones_were_sent() -> None:
    entry = make(points=100, piece_cost=20, window=2)
    queue = queued(entry)
    out = [queue.take(1000, NOW)[0].box for _ in range(2)]
    assert not queue
    entry.computed(out[0], memoryview(b""), HOW, {})
    assert not entry.is_open
    entry.sent()
    assert entry.is_open


def test_more_pieces_than_descriptors_can_travel_are_not_taken() -> None:
    assert len(taken(queued(*[make(points=1) for _ in range(MOST_TASKS + 9)]), 10**9)) == MOST_TASKS


def test_expired_and_cancelled_entries_are_dropped() -> None:
    late, gone, well = make(deadline_at=NOW - 1), make(), make()
    queue = queued(late, gone, well)
    gone.end()
    assert taken(queue) == [well]
    assert isinstance(remembered(late).errors[0], DeadlineError)
    assert not remembered(gone).errors


def test_a_removed_entry_leaves_nothing() -> None:
    entry = make()
    queue = queued(entry)
    queue.remove(entry)
    assert not queue
    queue.remove(entry)


def test_put_twice_is_there_once() -> None:
    entry = make(points=100, piece_cost=20)
    queue = queued(entry, entry)
    queue.put_first(entry)
    assert taken(queue, 10**9) == [entry]


def test_everything_can_be_failed() -> None:
    entries = [make(1), make(2)]
    queue = queued(*entries)
    queue.fail_all(UnavailableError("", "no worker", "look at the log"))
    assert not queue
    assert [str(error) for entry in entries for error in remembered(entry).errors] == ["no worker; look at the log"] * 2


# The batcher


class FakeWorker:
    """Takes batches and answers when told."""

    is_ready = True
    name = 0
    device = "cpu"

    def __init__(self) -> None:
        self.out: list[Batch] = []

    @property
    def load(self) -> int:
        return len(self.out)

    def ask(self, batch: Batch) -> None:
        self.out.append(batch)


Answer = Callable[..., None]


@pytest.fixture
def workers() -> list[Any]:
    return [FakeWorker()]


@pytest.fixture
def batcher(workers: list[Any]) -> Batcher:
    return Batcher(1000, Slots(), workers, Tiers(workers, has_tiers=False), Observers())


def answer(batcher: Batcher, worker: Any, *failures: wpb.PieceFailure) -> None:
    batch = worker.out.pop(0)
    batcher.done(worker, batch, wpb.BatchDone(id=batch.number, compute_s=0.5, engine="functional", failures=failures))
    batch.let_go()


async def turn() -> None:
    """Lets the loop call what was scheduled."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_what_came_together_goes_together(batcher: Batcher, workers: list[Any]) -> None:
    entries = [make() for _ in range(5)]
    for entry in entries:
        batcher.submit(entry)
    await turn()
    assert [[task.entry for task in batch.tasks] for batch in workers[0].out] == [entries]
    answer(batcher, workers[0])
    assert all(entry.ended and entry.info.how.batch_size == 5 for entry in entries)


async def test_a_worker_has_one_batch_computing_and_one_waiting(batcher: Batcher, workers: list[Any]) -> None:
    for _ in range(3):
        batcher.submit(make())
        await turn()
    assert workers[0].load == 2
    late = make()
    batcher.submit(late)
    answer(batcher, workers[0])
    assert [len(batch.tasks) for batch in workers[0].out] == [1, 2]


async def test_bulk_leaves_a_worker_free_for_small_entries_while_they_come(
    batcher: Batcher, workers: list[Any]
) -> None:
    worker, pack, small = workers[0], make(grids=40), make(2)
    batcher.submit(small)
    batcher.submit(pack)
    await turn()
    assert [batch.tasks[0].entry for batch in worker.out] == [small]
    answer(batcher, worker)
    assert [batch.tasks[0].entry for batch in worker.out] == [pack]
    late = make(2)
    batcher.submit(late)
    await turn()
    assert [batch.tasks[0].entry for batch in worker.out] == [pack, late]


async def test_bulk_alone_keeps_a_worker_busy(batcher: Batcher, workers: list[Any]) -> None:
    batcher.submit(make(grids=40))
    await turn()
    assert workers[0].load == 2


async def test_a_large_entry_is_spread_over_all_workers(batcher: Batcher, workers: list[Any]) -> None:
    workers.append(FakeWorker())
    large = make(points=300, piece_cost=100, window=6)
    batcher.submit(large)
    await turn()
    assert [worker.load for worker in workers] == [2, 2]
    while any(worker.out for worker in workers):
        for worker in workers:
            if worker.out:
                answer(batcher, worker)
                large.sent()
        batcher.submit(large)
        await turn()
    assert large.ended
    assert sum(box.points for box in remembered(large).pieces) == 300


async def test_a_piece_that_fails_leaves_the_others_untouched(batcher: Batcher, workers: list[Any]) -> None:
    bad, good = make(), make()
    for entry in (bad, good):
        batcher.submit(entry)
    await turn()
    failure = wpb.PieceFailure(reason="request", field="function", found="it raised", remedy="don't")
    answer(batcher, workers[0], failure, wpb.PieceFailure())
    assert isinstance(remembered(bad).errors[0], RequestError)
    assert remembered(good).pieces
    assert not remembered(good).errors


async def test_who_was_computed_when_a_worker_died_is_tried_again_alone_and_once(
    batcher: Batcher, workers: list[Any]
) -> None:
    worker = workers[0]
    entries = [make() for _ in range(2)]
    for entry in entries:
        batcher.submit(entry)
    await turn()
    batcher.lost(worker.out.pop(), blamed=True)
    await turn()
    assert [(batch.cautious, [task.entry for task in batch.tasks]) for batch in worker.out] == [
        (True, [entry]) for entry in entries
    ]
    batcher.lost(worker.out.pop(0), blamed=True)
    answer(batcher, worker)
    assert isinstance(remembered(entries[0]).errors[0], CrashError)
    assert remembered(entries[1]).pieces


async def test_who_only_waited_when_a_worker_died_is_not_blamed(batcher: Batcher, workers: list[Any]) -> None:
    entry = make()
    batcher.submit(entry)
    await turn()
    for _ in range(3):
        batcher.lost(workers[0].out.pop(), blamed=False)
        await turn()
    assert not workers[0].out[0].cautious
    answer(batcher, workers[0])
    assert remembered(entry).pieces


async def test_a_cancelled_entry_is_not_computed(batcher: Batcher, workers: list[Any]) -> None:
    entry = make()
    batcher.submit(entry)
    batcher.cancel(entry)
    await turn()
    assert not workers[0].out
