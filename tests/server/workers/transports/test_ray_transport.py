"""Workers in a cluster keep to what holds of every transport, by a process that speaks to a cluster that is none."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.workers.transports.ray_transport import RayBridge, RayPlace
from gridgrad_server.workers.transports.transport import WorkerPlace
from tests.server.workers.transports.contract import CONTRACT, PATIENCE_S, RememberingEvents

FAKE_BRIDGE = Path(__file__).parents[2] / "fake_bridge.py"
MakePlace = Callable[..., RayPlace]


@pytest.fixture
async def place() -> AsyncIterator[MakePlace]:
    bridges: list[RayBridge] = []

    def place(*bridge_flags: str, flags: tuple[str, ...] = ()) -> RayPlace:
        bridges.append(RayBridge([sys.executable, str(FAKE_BRIDGE), *bridge_flags]))
        return RayPlace(bridges[-1], wpb.OpenWorker(name=3, arguments=flags))

    yield place
    async with asyncio.timeout(PATIENCE_S):
        while any(bridge.pid for bridge in bridges):  # without workers it ends by itself
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("way", [(), ("--direct",)])
@pytest.mark.parametrize("held", CONTRACT, ids=lambda held: held.__name__)
async def test_it_keeps_to_the_contract(
    place: MakePlace, held: Callable[[WorkerPlace], Awaitable[None]], way: tuple[str, ...]
) -> None:
    await held(place(*way))


async def test_a_worker_that_is_reached_itself_has_memory_in_common_and_dies_without_blame(place: MakePlace) -> None:
    events, before = RememberingEvents(), open_files()
    transport = place("--direct").open(events)
    await events.until_ready()
    assert transport.shares_memory
    (worker,) = children_of(transport.pid)
    os.kill(worker, signal.SIGKILL)
    await events.until("gone")
    assert events.told[1:] == ["lost, without blame", "gone"]
    async with asyncio.timeout(PATIENCE_S):
        while open_files() != before:
            await asyncio.sleep(0.005)


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


async def test_the_process_that_speaks_for_workers_takes_them_with_it_without_blame(place: MakePlace) -> None:
    elsewhere = place()
    both = RememberingEvents(), RememberingEvents()
    first, second = (elsewhere.open(events) for events in both)
    for events in both:
        await events.until_ready()
    assert first.pid == second.pid
    os.kill(first.pid, signal.SIGKILL)
    for events in both:
        await events.until("gone")
        assert events.told[1:] == ["lost, without blame", "gone"]


async def test_a_cluster_that_is_not_there_is_the_status_of_its_workers(
    place: MakePlace, caplog: pytest.LogCaptureFixture
) -> None:
    events = RememberingEvents()
    transport = place("--unreached").open(events)
    await events.until("gone")
    assert events.told == ["lost, without blame", "gone"]
    assert transport.status is not None
    assert "no cluster here" in caplog.text


async def test_it_is_started_anew_after_its_end(place: MakePlace) -> None:
    elsewhere = place()
    for _ in range(2):
        events = RememberingEvents()
        transport = elsewhere.open(events)
        await events.until_ready()
        transport.close()
        await events.until("gone")
