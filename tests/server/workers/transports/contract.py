"""What holds of every transport, whatever carries it: each test of a transport runs all of `CONTRACT`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.workers.transports.transport import WorkerPlace

__all__ = ["CONTRACT", "PATIENCE_S", "RememberingEvents"]

PATIENCE_S = 60.0


class RememberingEvents:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def received(self, message: bytes) -> None:
        self.told.append(wpb.WorkerMessage.FromString(message))

    def connection_lost(self, blame: bool) -> None:
        self.told.append(f"lost, {'to blame' if blame else 'without blame'}")

    def gone(self) -> None:
        self.told.append("gone")

    async def until(self, what: Any) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while what not in self.told:
                await asyncio.sleep(0.005)

    async def until_ready(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not any(isinstance(each, wpb.WorkerMessage) and each.HasField("ready") for each in self.told):
                await asyncio.sleep(0.005)


def ping(number: int) -> bytes:
    return wpb.ServerMessage(ping=wpb.Ping(question=number)).SerializeToString()


def pong(number: int) -> wpb.WorkerMessage:
    return wpb.WorkerMessage(pong=wpb.Pong(question=number))


async def answers_come_in_order(place: WorkerPlace) -> None:
    events = RememberingEvents()
    transport = place.open(events)
    await events.until_ready()
    for number in range(1, 100):
        transport.send(ping(number))
    await events.until(pong(99))
    assert events.told[1:] == [pong(number) for number in range(1, 100)]
    assert transport.status is None
    assert transport.pid > 0
    assert not transport.is_stopped
    transport.close()
    await events.until("gone")


async def one_that_is_closed_ends_and_says_no_more(place: WorkerPlace) -> None:
    events = RememberingEvents()
    transport = place.open(events)
    await events.until_ready()
    transport.send(ping(1))
    transport.close()
    transport.send(ping(2))
    transport.close()
    await events.until("gone")
    assert events.told[1:] == ["gone"]
    assert transport.status is not None


async def one_that_is_killed_is_gone_once(place: WorkerPlace) -> None:
    events = RememberingEvents()
    transport = place.open(events)
    await events.until_ready()
    transport.kill()
    transport.close()
    await events.until("gone")
    transport.kill()
    assert events.told.count("gone") == 1
    assert transport.status is not None


async def one_that_never_was_ready_can_be_killed(place: WorkerPlace) -> None:
    events = RememberingEvents()
    transport = place.open(events)
    transport.kill()
    transport.close()
    await events.until("gone")
    assert events.told == ["gone"]


CONTRACT: tuple[Callable[[WorkerPlace], Awaitable[None]], ...] = (
    answers_come_in_order,
    one_that_is_closed_ends_and_says_no_more,
    one_that_is_killed_is_gone_once,
    one_that_never_was_ready_can_be_killed,
)
