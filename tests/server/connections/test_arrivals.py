"""Messages that arrive slowly, from a caller who sends when it is told to."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest

from gridgrad_core.errors import BusyError, RequestError
from gridgrad_server.connections import arrivals as module
from gridgrad_server.connections.arrivals import Arrivals
from gridgrad_server.scheduling.admission import Admission
from tests.server.calls import until


class Sending:
    """The context of a call whose message comes when a test says so."""

    def __init__(self, caller: str) -> None:
        self.message: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self.caller = caller

    async def read(self) -> object:
        return await self.message

    def invocation_metadata(self) -> tuple[Any, ...]:
        return (("gridgrad-client-id", self.caller),)

    def peer(self) -> str:
        return "ipv4:127.0.0.1:1"


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Admission:
    monkeypatch.setattr(module, "SLOW_AFTER_S", 0.05)
    return Admission(100, 1000)


def reading(arrivals: Arrivals, caller: str = "a") -> tuple[Sending, asyncio.Task[bytes]]:
    context: Any = Sending(caller)
    return context, asyncio.create_task(arrivals.read(context))


async def test_what_comes_at_once_takes_no_place(places: Admission) -> None:
    context, task = reading(Arrivals(places, 100, 30.0))
    await asyncio.sleep(0)
    context.message.set_result(b"all of it")
    assert await task == b"all of it"
    assert places.requests == 0


async def test_what_comes_slowly_counts_as_the_largest_message_and_the_surplus_is_refused(places: Admission) -> None:
    arrivals = Arrivals(places, 100, 30.0)
    begun = [reading(arrivals) for _ in range(8)]
    await until(lambda: sum(task.done() for _, task in begun) == 3)
    assert (places.requests, places.held_bytes) == (5, 500)
    waiting = [(context, task) for context, task in begun if not task.done()]
    for _, task in begun:
        if task.done():
            assert isinstance(task.exception(), BusyError)
    for context, task in waiting:
        context.message.set_result(b"late")
        assert await task == b"late"
    assert places.requests == 0


async def test_the_oldest_that_is_silent_for_too_long_gives_way(places: Admission) -> None:
    arrivals = Arrivals(places, 600, 0.1)
    _, oldest = reading(arrivals, "a")
    await until(lambda: places.requests)
    await asyncio.sleep(0.1)
    _, refused = reading(arrivals, "b")
    await until(lambda: refused.done() and oldest.done())
    with pytest.raises(BusyError, match=r"no whole message within 0.1 s"):
        await oldest
    with pytest.raises(BusyError):
        await refused
    context, later = reading(arrivals, "b")
    await until(lambda: places.requests)
    context.message.set_result(b"in time")
    assert await later == b"in time"


async def test_a_call_without_a_message_is_refused(places: Admission) -> None:
    context, task = reading(Arrivals(places, 100, 30.0))
    await asyncio.sleep(0)
    context.message.set_result(grpc.aio.EOF)
    with pytest.raises(RequestError, match="a call without a message"):
        await task


async def test_a_caller_that_leaves_gives_its_place_back(places: Admission) -> None:
    _, task = reading(Arrivals(places, 100, 30.0))
    await until(lambda: places.requests)
    task.cancel()
    await until(task.done)
    assert task.cancelled()
    assert places.requests == 0
