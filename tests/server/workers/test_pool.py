"""Workers that die, hang, stop or never start, and what callers notice of it."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
from collections.abc import Sequence
from typing import Any

import pytest

from gridgrad_server.workers.transports.spawn import spawn
from tests.server.calls import Code, Serve, expected, grid, numbers, refusal, registered, until


async def test_a_batch_lost_with_its_worker_is_tried_again(serve: Serve) -> None:
    serving = await serve()
    assert numbers((await serving.calls.grid(registered("kills_once"))).data) == expected(4, planes=1)
    assert numbers((await serving.calls.grid(grid())).data) == expected(6)


async def test_each_tile_of_a_grid_may_cost_a_worker_its_life_once(serve: Serve) -> None:
    serving = await serve(workers=2, piece_cost=1)
    assert numbers((await serving.calls.grid(registered("kills_once"))).data) == expected(4, planes=1)


async def test_a_request_that_kills_every_worker_is_aborted_and_nothing_else_suffers(serve: Serve) -> None:
    serving = await serve(workers=2)
    killing = asyncio.ensure_future(refusal(serving.calls.grid(registered("kills"))))
    others = await asyncio.gather(*(serving.calls.grid(grid(n, 2)) for n in range(1, 30)))
    assert [numbers(each.data) for each in others] == [expected(2 * n) for n in range(1, 30)]
    code, error, _ = await killing
    assert (code, error and error.reason) == (Code.ABORTED, "CRASH")


async def test_a_tile_over_its_time_limit_costs_a_worker_and_then_the_request(serve: Serve) -> None:
    serving = await serve(piece_timeout=0.2)
    code, error, _ = await refusal(serving.calls.grid(registered("hangs")))
    assert (code, error and error.reason) == (Code.ABORTED, "CRASH")
    assert error is not None
    assert "it took longer than --piece-timeout, 0.2 s" in error.found
    assert "a longer --piece-timeout" in error.remedy
    assert numbers((await serving.calls.grid(grid())).data) == expected(6)


async def test_a_stopped_worker_is_replaced(serve: Serve) -> None:
    serving = await serve()
    (worker,) = serving.server.parts.workers.running
    os.kill(worker.pid, signal.SIGSTOP)
    assert numbers((await serving.calls.grid(grid())).data) == expected(6)
    assert serving.server.parts.workers.running[0].pid != worker.pid


async def test_a_worker_that_can_not_be_started_for_a_moment_is_later(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving = await serve()
    failures = 3

    def spawned(command: Sequence[str]) -> Any:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise OSError(errno.EAGAIN, "Resource temporarily unavailable")
        return spawn(command)

    monkeypatch.setattr("gridgrad_server.workers.transports.local_transport.spawn", spawned)
    (worker,) = serving.server.parts.workers.running
    os.kill(worker.pid, signal.SIGKILL)
    await until(lambda: failures < 0 and serving.server.parts.workers.any_ready)
    assert numbers((await serving.calls.grid(grid())).data) == expected(6)
    assert not serving.task.done()


async def test_a_worker_that_refuses_to_serve_stops_the_server(serve: Serve, capfd: pytest.CaptureFixture[str]) -> None:
    serving = await serve("--fatal", wait=False)
    assert await serving.task == 1
    assert capfd.readouterr().err.count("its derivative is 1 instead of 2") == 1


async def test_workers_that_never_start_stop_the_server(serve: Serve, capfd: pytest.CaptureFixture[str]) -> None:
    serving = await serve("--dies", wait=False)
    assert await serving.task == 1
    assert "end before they are ready, the last with status 1" in capfd.readouterr().err
