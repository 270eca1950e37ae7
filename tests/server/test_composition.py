"""The parts of a server are built once, before anything runs, and share what they must share."""

from __future__ import annotations

import asyncio

from gridgrad_server.composition import compose
from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.workers.transports.local_transport import LocalPlace
from tests.server.building import make_request


async def test_nothing_runs_and_each_part_is_there() -> None:
    changed: list[str] = []
    tasks = len(asyncio.all_tasks())
    parts = compose(
        ServerSettings(queue_entries=3, session_bytes=1 << 20),
        [LocalPlace(["no", "such", "command"])] * 2,
        lambda: changed.append("changed"),
        changed.append,
    )
    assert len(asyncio.all_tasks()) == tasks
    assert (parts.workers.running, parts.workers.ready, parts.workers.restarts) == ([], None, [0, 0])
    assert not changed
    load = parts.snapshot.status().load
    assert (load.most_entries, load.most_session_bytes, load.entries) == (3, 1 << 20, 0)


async def test_all_parts_see_the_same_queue_and_the_same_observers() -> None:
    parts = compose(ServerSettings(), [LocalPlace(["no", "such", "command"])], lambda: None, lambda _: None)
    parts.intake.submit(make_request())
    assert parts.snapshot.status().load.queued == parts.scheduler.queued == 1
    assert len(parts.observers) == 1  # what the snapshot counts by
