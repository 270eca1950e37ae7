"""The pieces that tasks have: what belongs to a loop, what runs in a thread, and sources read by a task."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

import gridgrad
from gridgrad.aio.primitives import Background, MessageQueue, Owned, RequestSource, run_blocking
from gridgrad.protocol.in_flight import InFlightWindow
from gridgrad.protocol.options import settings_of
from gridgrad.protocol.routing import Routes
from gridgrad.requests.request import Request

NEVER_S = 30.0
SETTINGS = settings_of(
    "localhost:1", credentials=None, metadata=None, timeout=None, retries=2, proxy=False, sessions=False, options=()
)


def test_what_is_owned_is_made_in_the_first_loop_and_for_no_other() -> None:
    owned: Owned[object] = Owned(object)
    assert owned.made is None

    async def get() -> object:
        assert owned.get() is owned.get()
        return owned.get()

    assert asyncio.run(get()) is owned.made
    with pytest.raises(gridgrad.RequestError, match="another event loop"):
        asyncio.run(get())


async def test_what_blocks_runs_beside_the_loop() -> None:
    first, second = threading.Event(), threading.Event()

    def wait(argument: bytes) -> bytes:
        first.set()
        assert second.wait(NEVER_S)
        return argument

    running = asyncio.create_task(run_blocking(wait, b"x", lambda _: None))
    assert await asyncio.to_thread(first.wait, NEVER_S)
    second.set()
    assert await running == b"x"


async def test_what_nobody_waits_for_any_more_is_undone() -> None:
    started, may_end = threading.Event(), threading.Event()
    undone: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def wait(argument: bytes) -> bytes:
        started.set()
        assert may_end.wait(NEVER_S)
        return argument

    running = asyncio.create_task(run_blocking(wait, b"x", undone.set_result))
    assert await asyncio.to_thread(started.wait, NEVER_S)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    may_end.set()
    assert await asyncio.wait_for(undone, NEVER_S) == b"x"


async def test_a_queue_waits_as_long_as_it_was_told() -> None:
    queue: MessageQueue[int] = MessageQueue()
    with pytest.raises(TimeoutError):
        await queue.get(0.01)
    asyncio.get_running_loop().call_soon(queue.put, 3)
    assert await queue.get() == 3
    queue.put(4)
    assert await queue.get(0) == 4


async def test_work_in_the_background_can_be_waited_for() -> None:
    may_end = asyncio.Event()

    async def work() -> None:
        await may_end.wait()

    background = Background(work)
    await background.join(0.01)
    may_end.set()
    await background.join()


def request_of(number: float) -> Request:
    return Request("t", {"t": np.array([number])}, tag=number)


def reading(items: Any, limit: int) -> tuple[RequestSource, InFlightWindow, asyncio.Event]:
    woken = asyncio.Event()
    window = InFlightWindow(limit, "raise", False, Routes(), SETTINGS)
    return RequestSource(items, request_of, window, woken.set), window, woken


async def endless() -> AsyncIterator[float]:
    number = 0.0
    while True:
        yield number
        number += 1


async def test_a_source_is_read_as_far_as_there_is_room() -> None:
    source, window, woken = reading(endless(), 3)
    for _ in range(20):
        source.fill()
        await asyncio.sleep(0)
    assert woken.is_set()
    assert not window.has_room
    assert not source.has_ended
    assert sum(len(message) > 0 for message in window.outgoing()) == 3
    await source.close()


async def test_the_end_of_a_source_wakes_whoever_waits() -> None:
    source, window, woken = reading([1.0, 2.0], 10)
    await asyncio.wait_for(woken.wait(), NEVER_S)
    while not source.has_ended:
        await asyncio.sleep(0)
    source.fill()
    assert not window.is_idle
    await source.close()


async def test_what_a_source_raises_comes_from_fill() -> None:
    async def broken() -> AsyncIterator[float]:
        yield 1.0
        raise LookupError("the caller's own")

    source, _, woken = reading(broken(), 10)
    while not source.has_ended:
        woken.clear()
        await asyncio.wait_for(woken.wait(), NEVER_S)
    with pytest.raises(LookupError, match="own"):
        source.fill()
    await source.close()
