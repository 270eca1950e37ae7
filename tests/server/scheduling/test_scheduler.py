"""The scheduler without sockets: which worker gets which batch, and what becomes of a batch whose worker died."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from gridgrad_core.errors import BusyError, CrashError, RequestError, UnavailableError
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.access.quotas import Quotas
from gridgrad_server.memory.slots import Slot, SlotPool
from gridgrad_server.scheduling.observer import Observers
from gridgrad_server.scheduling.scheduler import Scheduler
from gridgrad_server.scheduling.tier_policy import TierPolicy
from tests.server.building import FakeWorker, make_request, remembered

Answer = Callable[..., None]


@pytest.fixture
def workers() -> list[Any]:
    return [FakeWorker()]


@pytest.fixture
def scheduler(workers: list[Any]) -> Scheduler:
    return Scheduler(1000, SlotPool(), workers, TierPolicy(workers, has_tiers=False), Observers())


def answer(
    scheduler: Scheduler, worker: Any, *failures: wpb.PieceFailure, compute_s: float = 0.001, tiers: Sequence[str] = ()
) -> None:
    batch = worker.out.pop(0)
    scheduler.done(
        worker,
        batch,
        wpb.BatchDone(id=batch.number, compute_s=compute_s, engine="functional", failures=failures, tiers=tiers),
    )
    batch.let_go()


async def turn() -> None:
    """Lets the loop call what was scheduled."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_what_came_together_goes_together(scheduler: Scheduler, workers: list[Any]) -> None:
    requests = [make_request() for _ in range(5)]
    for request in requests:
        scheduler.submit(request)
    await turn()
    assert [[item.request for item in batch.items] for batch in workers[0].out] == [requests]
    answer(scheduler, workers[0])
    assert all(request.ended and request.info.computed_by.batch_size == 5 for request in requests)


async def test_a_worker_has_one_batch_computing_and_one_waiting(scheduler: Scheduler, workers: list[Any]) -> None:
    for _ in range(3):
        scheduler.submit(make_request())
        await turn()
    assert workers[0].load == 2
    late = make_request()
    scheduler.submit(late)
    answer(scheduler, workers[0])
    assert [len(batch.items) for batch in workers[0].out] == [1, 2]


async def test_bulk_leaves_a_worker_free_for_small_requests_while_they_come(
    scheduler: Scheduler, workers: list[Any]
) -> None:
    worker, pack, small = workers[0], make_request(grids=40), make_request(2)
    scheduler.submit(small)
    scheduler.submit(pack)
    await turn()
    assert [batch.items[0].request for batch in worker.out] == [small]
    answer(scheduler, worker)
    assert [batch.items[0].request for batch in worker.out] == [pack]
    late = make_request(2)
    scheduler.submit(late)
    await turn()
    assert [batch.items[0].request for batch in worker.out] == [pack, late]


async def test_bulk_alone_keeps_a_worker_busy(scheduler: Scheduler, workers: list[Any]) -> None:
    scheduler.submit(make_request(grids=40))
    await turn()
    assert workers[0].load == 2


async def test_a_large_request_is_spread_over_all_workers(scheduler: Scheduler, workers: list[Any]) -> None:
    workers.append(FakeWorker())
    large = make_request(points=300, tile_cost=100, window=6)
    scheduler.submit(large)
    await turn()
    assert [worker.load for worker in workers] == [2, 2]
    while any(worker.out for worker in workers):
        for worker in workers:
            if worker.out:
                answer(scheduler, worker)
                large.progress.sent()
        scheduler.submit(large)
        await turn()
    assert large.ended
    assert sum(tile.points for tile in remembered(large).tiles) == 300


async def test_a_tile_that_fails_leaves_the_others_untouched(scheduler: Scheduler, workers: list[Any]) -> None:
    bad, good = make_request(), make_request()
    for request in (bad, good):
        scheduler.submit(request)
    await turn()
    failure = wpb.PieceFailure(reason="request", field="function", found="it raised", remedy="don't")
    answer(scheduler, workers[0], failure, wpb.PieceFailure())
    assert isinstance(remembered(bad).errors[0], RequestError)
    assert remembered(good).tiles
    assert not remembered(good).errors


async def test_who_was_computed_when_a_worker_died_is_tried_again_alone_and_once(
    scheduler: Scheduler, workers: list[Any]
) -> None:
    worker = workers[0]
    requests = [make_request() for _ in range(2)]
    for request in requests:
        scheduler.submit(request)
    await turn()
    scheduler.lost(worker.out.pop(), blamed=True)
    await turn()
    assert [(batch.cautious, [item.request for item in batch.items]) for batch in worker.out] == [
        (True, [request]) for request in requests
    ]
    scheduler.lost(worker.out.pop(0), blamed=True)
    answer(scheduler, worker)
    assert isinstance(remembered(requests[0]).errors[0], CrashError)
    assert remembered(requests[1]).tiles


async def test_who_only_waited_when_a_worker_died_is_not_blamed(scheduler: Scheduler, workers: list[Any]) -> None:
    request = make_request()
    scheduler.submit(request)
    await turn()
    for _ in range(3):
        scheduler.lost(workers[0].out.pop(), blamed=False)
        await turn()
    assert not workers[0].out[0].cautious
    answer(scheduler, workers[0])
    assert remembered(request).tiles


@pytest.fixture
def no_memory(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Takes the memory for batches away, and gives it back."""
    take, is_gone = SlotPool.take, False

    def taken(pool: SlotPool, size: int) -> Slot:
        if is_gone:
            raise OSError(errno.EMFILE, "Too many open files")
        return take(pool, size)

    def set_gone(now: bool) -> None:
        nonlocal is_gone
        is_gone = now

    monkeypatch.setattr(SlotPool, "take", taken)
    return set_gone


async def test_without_memory_a_request_waits_for_what_is_computed(
    scheduler: Scheduler, workers: list[Any], no_memory: Callable[[bool], None]
) -> None:
    first, second = make_request(), make_request()
    scheduler.submit(first)
    await turn()
    no_memory(True)
    scheduler.submit(second)
    await turn()
    assert (workers[0].load, scheduler.queued) == (1, 1)
    no_memory(False)
    answer(scheduler, workers[0])
    answer(scheduler, workers[0])
    assert remembered(second).tiles
    assert not remembered(second).errors


async def test_without_memory_and_anything_to_wait_for_a_request_is_refused_as_busy(
    scheduler: Scheduler, workers: list[Any], no_memory: Callable[[bool], None]
) -> None:
    no_memory(True)
    requests = [make_request(), make_request(points=300, tile_cost=100)]
    for request in requests:
        scheduler.submit(request)
    await turn()
    for request in requests:
        (error,) = remembered(request).errors
        assert isinstance(error, BusyError)
        assert "Too many open files; retry later; the server needs a higher limit" in str(error)
    assert (scheduler.queued, scheduler.batches) == (0, 0)
    no_memory(False)
    scheduler.submit(make_request())
    await turn()
    assert workers[0].load == 1


async def test_what_waits_fails_where_there_is_no_worker(scheduler: Scheduler, workers: list[Any]) -> None:
    workers[0].is_ready = False
    request = make_request()
    scheduler.submit(request)
    scheduler.fail_all(UnavailableError("", "no worker", "look at the log"))
    assert [str(error) for error in remembered(request).errors] == ["no worker; look at the log"]
    assert scheduler.queued == 0


async def test_what_waits_goes_to_those_who_are_there_instead(scheduler: Scheduler, workers: list[Any]) -> None:
    tiers = TierPolicy([], has_tiers=False)
    aside = Scheduler(1000, SlotPool(), [], tiers, Observers(), instead=scheduler)
    request = make_request()
    request.is_aside = True
    aside.submit(request)
    await turn()
    aside.fail_all(UnavailableError("", "no worker", "look at the log"))
    await turn()
    assert (aside.queued, request.is_aside) == (0, False)
    answer(scheduler, workers[0])
    assert remembered(request).tiles


async def test_a_cancelled_request_is_not_computed(scheduler: Scheduler, workers: list[Any]) -> None:
    request = make_request()
    scheduler.submit(request)
    scheduler.cancel(request)
    await turn()
    assert not workers[0].out


async def test_how_quick_a_function_is_is_taken_from_batches_of_several_too(
    scheduler: Scheduler, workers: list[Any]
) -> None:
    for _ in range(2):
        scheduler.submit(make_request(number=3, points=200))
    await turn()
    (batch,) = workers[0].out
    throughput = batch.function.throughput
    answer(scheduler, workers[0], compute_s=0.1, tiers=["direct", "compiled"])
    assert not throughput.expected_s(800), "not of one tier"
    for with_plan, expected_s in ((True, 0.0), (False, 0.1)):
        for _ in range(2):
            scheduler.submit(make_request(number=3, points=200))
        await turn()
        workers[0].out[0].with_plan = with_plan
        answer(scheduler, workers[0], compute_s=0.1, tiers=["direct"] * 2)
        assert throughput.expected_s(800) == pytest.approx(expected_s)


@pytest.mark.parametrize(("neighbours", "out"), [((), 2), (("another",), 1)])
async def test_nothing_waits_behind_what_takes_long_unless_one_caller_is_alone(
    scheduler: Scheduler, workers: list[Any], neighbours: tuple[str, ...], out: int
) -> None:
    for caller in neighbours:
        scheduler.submit(make_request(caller=caller))
        await turn()
        answer(scheduler, workers[0])
    first = make_request(number=3, points=400)
    first.template.function.throughput.note("", 800, 0.05)
    for request in (first, make_request(number=3, points=400), make_request(number=3, points=400)):
        scheduler.submit(request)
        await turn()
    assert workers[0].load == out


async def test_bulk_of_less_weight_goes_on_when_it_has_rested(workers: list[Any]) -> None:
    quotas = Quotas()
    quotas.replace({"light": ("weight=0.5",)})
    tiers = TierPolicy(workers, has_tiers=False)
    scheduler, worker = Scheduler(1000, SlotPool(), workers, tiers, Observers(), quotas), workers[0]
    scheduler.submit(make_request(2, caller="@other 1"))
    await turn()
    packs = [make_request(grids=40, caller="@light 1") for _ in range(2)]
    answer(scheduler, worker)
    for pack in packs:
        scheduler.submit(pack)
    await turn()
    assert [item.request for item in worker.out[0].items] == packs[:1]
    await asyncio.sleep(0.01)
    answer(scheduler, worker)
    assert not worker.out
    async with asyncio.timeout(5):
        while not worker.out:
            await asyncio.sleep(0.001)
    assert [item.request for item in worker.out[0].items] == packs[1:]
