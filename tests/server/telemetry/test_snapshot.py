"""How the server is doing: what it holds, and who computes."""

from __future__ import annotations

import asyncio

import grpc

from tests.server.calls import grid, registered, until
from tests.server.telemetry.asking import Serve, failing, status_of


async def test_nobody_watches_unless_asked(serve: Serve) -> None:
    serving = await serve()
    await serving.calls.grid(grid())
    assert not serving.server.parts.observers
    await status_of(serving)
    assert len(serving.server.parts.observers) == 1
    await status_of(serving)
    assert len(serving.server.parts.observers) == 1


async def test_what_is_held_and_who_computes(serve: Serve) -> None:
    serving = await serve(queue_entries=7, queue_bytes=1 << 20, session_bytes=1 << 22, workers=2)
    await until(lambda: len(serving.server.parts.workers.devices) == 2)
    call = asyncio.ensure_future(serving.calls.grid(registered("hangs")))
    await until(lambda: serving.server.parts.admission.requests)
    load = (await status_of(serving)).load
    assert (load.entries, load.most_entries, load.most_held_bytes, load.most_session_bytes) == (1, 7, 1 << 20, 1 << 22)
    assert 0 < load.held_bytes < 1 << 20
    workers = (await status_of(serving)).workers
    assert [(each.number, each.device, each.ready, each.restarts) for each in workers] == [
        (0, "cpu", True, 0),
        (1, "cpu", True, 0),
    ]
    assert sum(each.batches for each in workers) == 1
    assert len({each.pid for each in workers}) == 2
    call.cancel()


async def test_a_worker_that_dies_is_a_restart(serve: Serve) -> None:
    serving = await serve()
    assert await failing(serving.calls.grid(registered("kills"))) is grpc.StatusCode.ABORTED
    status = await status_of(serving)
    assert status.workers[0].restarts in (1, 2)  # the second death may just have been seen
