"""Results larger than the arena, which are lent window by window."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gridgrad_server.local_sessions import manager as sessions_module
from tests.server.local_sessions.callers import CRAMPED, LONG, Opening, grid, until, windows


@pytest.mark.parametrize("at_once", [1, 3, 4])
async def test_a_result_larger_than_the_memory_comes_in_windows(serve: Any, opening: Opening, at_once: int) -> None:
    serving = await serve(**CRAMPED)
    caller = await opening(serving)
    await caller.ask(grid(LONG))
    taken = await windows(caller, at_once)
    assert len(taken) == 2 * LONG
    await until(lambda: serving.server.parts.admission.requests == 0)
    await caller.ask()  # all of the memory is free again
    assert (await caller.answer()).HasField("lease")


async def test_windows_wait_until_earlier_ones_are_released(serve: Any, opening: Opening) -> None:
    serving = await serve(**CRAMPED)
    caller = await opening(serving)
    await caller.ask(grid(LONG))
    leases = [(await caller.answer()).lease for _ in range(4)]
    assert len({lease.offset for lease in leases}) == 4
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await caller.receive()
    await caller.send(released=[leases[2].number])
    assert (await caller.answer()).lease.offset == leases[2].offset


async def test_windows_that_are_not_released_end_the_session(
    serve: Any, opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions_module, "_CHECK_EVERY_S", 0.05)
    serving = await serve(**CRAMPED, stall_timeout=0.1)
    caller = await opening(serving)
    await caller.ask(grid(LONG))
    while await caller.receive() is not None:
        pass
    await until(lambda: serving.server.parts.admission.requests == 0)
    assert serving.server.parts.budget.taken_bytes == 0


async def test_a_call_in_windows_can_be_given_up(serve: Any, opening: Opening) -> None:
    serving = await serve(**CRAMPED)
    caller = await opening(serving)
    number = await caller.ask(grid(LONG))
    first = await caller.answer()
    await caller.send(cancel=number)
    leases = [first.lease.number]
    while not (answer := await caller.answer()).HasField("status"):
        leases.append(answer.lease.number)
    await caller.ask(grid(LONG), released=leases)
    assert len(await windows(caller, 1)) == 2 * LONG


async def test_a_window_is_computed_again_when_its_worker_dies(serve: Any, opening: Opening) -> None:
    points = 1300  # few tiles, since each of them costs a worker
    caller = await opening(await serve(**{**CRAMPED, "session_bytes": 1 << 14}))
    await caller.ask(grid(points, function="kills_once"))
    taken = await windows(caller, 2, points)
    assert [taken[i] for i in range(points)] == [*range(points)]
