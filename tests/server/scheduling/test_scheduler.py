"""The scheduler without sockets: which worker gets which batch, and what becomes of a batch whose worker died."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from gridgrad_core.errors import CrashError, RequestError
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.memory.slots import SlotPool
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


def answer(scheduler: Scheduler, worker: Any, *failures: wpb.PieceFailure) -> None:
    batch = worker.out.pop(0)
    scheduler.done(
        worker, batch, wpb.BatchDone(id=batch.number, compute_s=0.001, engine="functional", failures=failures)
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


async def test_a_cancelled_request_is_not_computed(scheduler: Scheduler, workers: list[Any]) -> None:
    request = make_request()
    scheduler.submit(request)
    scheduler.cancel(request)
    await turn()
    assert not workers[0].out
