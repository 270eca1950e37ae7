"""How many workers are wanted: by what waits for how long, and who is idle; and that servers have so many."""

from __future__ import annotations

import asyncio

import pytest

from gridgrad_server.workers.autoscaling import Autoscaler, WorkerRange
from tests.server.calls import Serve, expected, grid, numbers, registered, until
from tests.server.telemetry.asking import status_of

BOUNDS = WorkerRange(least=1, most=8, idle_timeout=60)


class PretendedWorker:
    def __init__(self, idle_s: float = 0.0, *, is_ready: bool = True) -> None:
        self.is_ready = is_ready
        self._idle_s = idle_s

    def idle_s(self, now: float) -> float:
        del now
        return self._idle_s


@pytest.mark.parametrize(
    ("waiting", "ready", "wanted"),
    [
        ([9, 9, 9, 9, 9], 1, 8),  # up to the most
        ([2, 5, 3, 2, 9], 1, 3),  # one for each that waited all the time
        ([9, 9, 9, 9], 1, 1),  # not for as long as a second
        ([9, 9, 0, 9, 9], 1, 1),  # nor where a look saw none
        ([3, 3, 3, 3, 3], 0, 3),  # one that still starts takes one of these
        ([0, 0, 0, 0, 0, 1, 1, 1, 1, 1], 4, 5),
    ],
)
def test_more_are_wanted_once_batches_have_waited(waiting: list[int], ready: int, wanted: int) -> None:
    scaler = Autoscaler(BOUNDS, now=0.0)
    for number, each in enumerate(waiting):
        scaler.look(each, ready, number / 4)
    assert scaler.wanted == wanted


def test_nothing_is_asked_for_twice_while_workers_start() -> None:
    scaler = Autoscaler(BOUNDS, now=0.0)
    assert [scaler.look(2, 1, number / 4) for number in range(8)] == [1, 1, 1, 1, 3, 3, 3, 3]


def test_one_that_is_idle_for_long_is_spare_and_one_that_never_started_without_need() -> None:
    scaler = Autoscaler(BOUNDS, now=0.0)
    assert [scaler.is_spare(PretendedWorker(idle_s), 1000) for idle_s in (0, 59, 61)] == [False, False, True]
    scaler.look(3, 1, now=100)
    starting = PretendedWorker(is_ready=False)
    assert [scaler.is_spare(starting, now) for now in (101, 159, 161)] == [False, False, True]


def test_one_is_wanted_at_once_where_it_is_about_to_be_needed_and_is_spare_if_nothing_comes() -> None:
    scaler = Autoscaler(BOUNDS._replace(least=0), now=0.0)
    scaler.want_one(now=100)
    assert (scaler.wanted, scaler.look(0, 0, 101)) == (1, 1)
    starting = PretendedWorker(is_ready=False)
    assert [scaler.is_spare(starting, now) for now in (159, 161)] == [False, True]


async def test_a_server_has_more_while_batches_wait_and_fewer_when_workers_are_idle(serve: Serve) -> None:
    serving = await serve(workers=3, max_workers=3, idle_timeout=0.3, batch_cost=1)
    workers = serving.server.parts.workers
    assert (workers.wanted, workers.numbers) == (1, [0])

    async def flood() -> None:
        while len(workers.devices) < 3:
            await asyncio.gather(*(serving.calls.grid(registered("slow")) for _ in range(40)))

    async with asyncio.timeout(60):
        await flood()
    load = (await status_of(serving)).load
    assert (load.wanted_workers, load.most_workers) == (3, 3)
    await until(lambda: workers.numbers == [0])
    status = await status_of(serving)
    assert (status.load.wanted_workers, [each.number for each in status.workers]) == (1, [0])
    assert not any(workers.restarts)
    assert numbers((await serving.calls.grid(grid())).data) == expected(6)
    async with asyncio.timeout(60):
        await flood()  # and again


async def test_one_that_dies_beyond_the_least_is_replaced(serve: Serve) -> None:
    serving = await serve(workers=2, max_workers=2, min_workers=2)
    workers = serving.server.parts.workers
    assert numbers((await serving.calls.grid(registered("kills_once"))).data) == expected(4, planes=1)
    await until(lambda: len(workers.devices) == 2)
    assert sum(workers.restarts) == 1
