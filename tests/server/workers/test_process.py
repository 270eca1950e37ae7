"""One worker process: what it is asked, and what its owner is told of its answers, its lateness and its death."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.memory.slots import SlotPool
from gridgrad_server.requests.function_key import FunctionKey
from gridgrad_server.scheduling.batch import Batch
from gridgrad_server.scheduling.queue import BatchItem
from gridgrad_server.workers.process import WorkerProcess
from gridgrad_server.workers.transports.local_transport import LocalPlace
from tests.server.building import make_request
from tests.server.conftest import FAKE_WORKER

PATIENCE_S = 20.0


class RememberingOwner:
    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def worker_ready(self, name: int, ready: wpb.Ready, took_s: float) -> None:
        self.told.append(("ready", name, ready.device, took_s > 0))

    def worker_refused(self, name: int, why: str) -> None:
        self.told.append(("refused", name, why))

    def batch_done(self, worker: Any, batch: Batch, done: wpb.BatchDone) -> None:
        self.told.append(("done", worker.name, batch.number, done.id))

    def batch_lost(self, batch: Batch, blamed: bool, killed_after_s: float | None) -> None:
        self.told.append(("lost", batch.number, blamed, *([] if killed_after_s is None else [killed_after_s])))

    def function_changed(self, function: FunctionKey, compiled: bool) -> None:
        self.told.append(("changed", function.number, compiled))

    def died_of(self, function: FunctionKey) -> None:
        self.told.append(("died of", function.number))


Start = Callable[..., Awaitable[tuple[WorkerProcess, RememberingOwner]]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    running: list[WorkerProcess] = []

    async def start(*flags: str, piece_timeout: float = 60.0, wait: bool = True) -> tuple[Any, RememberingOwner]:
        owner = RememberingOwner()
        worker = WorkerProcess(5, LocalPlace([sys.executable, str(FAKE_WORKER), *flags]), owner, piece_timeout)
        running.append(worker)
        await until(lambda: worker.is_ready or not wait)
        return worker, owner

    yield start
    for worker in running:
        if not worker.exited.is_set():
            worker.kill("the test is over")
        await asyncio.wait_for(worker.exited.wait(), PATIENCE_S)


@pytest.fixture
def slots() -> SlotPool:
    return SlotPool()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.005)


def batch(slots: SlotPool, number: int) -> Batch:
    request = make_request()
    return Batch(number, [BatchItem(request, request.progress.take(10**9))], slots)


async def test_it_is_ready_and_computes_in_order(start: Start, slots: SlotPool) -> None:
    worker, owner = await start()
    assert (worker.device, worker.load, worker.is_busy) == ("cpu", 0, False)
    for number in (1, 2):
        worker.ask(batch(slots, number))
    assert worker.load == 2
    await until(lambda: not worker.load)
    assert owner.told == [("ready", 5, "cpu", True), ("done", 5, 1, 1), ("done", 5, 2, 2)]
    assert slots.idle_bytes > 0


async def test_the_first_batch_is_blamed_for_a_death_and_memory_comes_back_after_it(
    start: Start, slots: SlotPool
) -> None:
    worker, owner = await start()
    for number in (1, 2):
        worker.ask(batch(slots, number))
    worker.kill("the test says so")
    assert owner.told[1:] == [("lost", 1, True), ("lost", 2, False)]
    assert (worker.is_ready, worker.load, slots.idle_bytes) == (False, 0, 0)
    await until(worker.exited.is_set)
    assert slots.idle_bytes > 0
    assert worker.status == -9


async def test_who_closes_it_blames_nobody(start: Start, slots: SlotPool) -> None:
    worker, owner = await start()
    worker.ask(batch(slots, 1))
    worker.close()
    assert owner.told[1:] == [("lost", 1, False)]


async def test_it_refuses_to_serve(start: Start) -> None:
    worker, owner = await start("--fatal", wait=False)
    await until(worker.exited.is_set)
    (told,) = owner.told
    assert told[:2] == ("refused", 5)
    assert "its derivative is 1 instead of 2" in told[2]
    assert worker.status == 3


async def test_a_batch_over_its_time_costs_it_its_life(start: Start, slots: SlotPool) -> None:
    worker, owner = await start(piece_timeout=1e-9)
    worker.ask(batch(slots, 1))
    worker.check()
    assert owner.told[1:] == [("lost", 1, True, 1e-9)]


async def test_the_function_that_it_was_asked_about_is_blamed_for_a_death(start: Start) -> None:
    worker, owner = await start()
    function = make_request().template.function
    worker.programs.prepare(function)
    assert worker.is_busy
    worker.kill("the test says so")
    assert owner.told[1:] == [("died of", function.number)]


async def test_what_it_says_of_a_function_is_passed_on(start: Start) -> None:
    worker, owner = await start()
    function = make_request().template.function
    worker.programs.prepare(function)
    await until(lambda: not worker.is_busy)
    assert owner.told[1:] == [("changed", function.number, True)]
    state = worker.programs.state(function)
    assert state is not None
    assert state.compiled == "ready"


def hanging(slots: SlotPool, number: int) -> Batch:
    """A batch that never ends."""
    made = batch(slots, number)
    key = made.function.key._replace(kind="registered", identity="hangs")
    made.function = FunctionKey(1000, key, "hangs", "1")
    return made


async def test_a_question_behind_a_batch_that_never_ends_is_not_blamed(start: Start, slots: SlotPool) -> None:
    worker, owner = await start(piece_timeout=0.1)
    worker.ask(hanging(slots, 1))
    worker.programs.prepare(make_request(2).template.function)
    worker.ask(batch(slots, 2))
    await asyncio.sleep(0.2)
    worker.check()
    assert owner.told[1:] == [("lost", 1, True, 0.1), ("lost", 2, False, 0.1)]


async def test_a_batch_that_never_ends_is_late_though_questions_were_asked_before_and_after(
    start: Start, slots: SlotPool
) -> None:
    worker, owner = await start(piece_timeout=0.5)
    worker.ask(batch(slots, 1))
    worker.ask(hanging(slots, 2))
    worker.programs.prepare(make_request(3).template.function)  # asked before the first batch is answered
    await until(lambda: ("done", 5, 1, 1) in owner.told)
    await asyncio.sleep(0.6)
    worker.check()
    assert owner.told[2:] == [("lost", 2, True, 0.5)]


async def test_a_question_that_never_ends_is_blamed_and_no_batch(start: Start, slots: SlotPool) -> None:
    worker, owner = await start(piece_timeout=0.1)
    key = make_request().template.function.key
    function = FunctionKey(1000, key, "hangs", "1")
    worker.programs.prepare(function)
    worker.ask(batch(slots, 1))
    await asyncio.sleep(0.2)
    worker.check()
    assert owner.told[1:] == [("lost", 1, False), ("died of", function.number)]
