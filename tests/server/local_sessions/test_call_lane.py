"""One lane on the server: its end in each of the ways that there are, and its watch."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from gridgrad_core.system import lane_layout
from gridgrad_server.local_sessions.call_lane import LaneCall, LaneUse
from tests.server.local_sessions.callers import Opening, until
from tests.server.local_sessions.lane_callers import again, granted, lanes_of, numbered, prepared, use

pytestmark = pytest.mark.skipif(not lane_layout.keeps_order(), reason="there are no lanes on this machine")


def regions(pid: int | str = "self") -> int:
    return Path(f"/proc/{pid}/maps").read_text().count("/memfd:gridgrad-")


def test_use_is_counted_from_one_look_to_the_next() -> None:
    assert LaneUse(5, 50, 25, 2.0).since(LaneUse(3, 30, 15, 0.5)) == LaneUse(2, 20, 10, 1.5)


async def test_a_worker_that_dies_takes_its_lanes_along(serve: Any, opening: Opening) -> None:
    serving = await serve()
    await prepared(serving)
    caller = await opening(serving)
    number = await numbered(caller)
    await granted(caller, number)
    (lane,) = lanes_of(serving)
    os.kill(lane.worker.pid, 9)
    await until(lambda: not lanes_of(serving))
    assert not lane.is_open
    await until(lambda: serving.server.is_serving)
    await prepared(serving)
    anew = await granted(caller, number)
    assert (anew.slots, anew.memory_bytes > 0) == (1, True)
    assert len(caller.descriptors) == 5


@pytest.mark.long
async def test_a_worker_that_is_at_a_call_for_too_long_is_killed(serve: Any, opening: Opening) -> None:
    serving = await serve(piece_timeout=2.0)
    await prepared(serving)
    caller = await opening(serving)
    await granted(caller, await numbered(caller))
    (lane,) = lanes_of(serving)
    use(lane, 1, busy_since=time.monotonic() - 1.0)
    assert lane.busy_since
    lane.worker.check()
    assert lane.is_open
    use(lane, 1, busy_since=time.monotonic() - 3.0)
    lane.worker.check()
    await until(lambda: not lanes_of(serving))


async def test_memory_and_descriptors_go_with_the_lane(serve: Any, opening: Opening) -> None:
    serving = await serve()
    await prepared(serving)
    caller = await opening(serving)
    number = await numbered(caller)
    (worker,) = serving.server.parts.workers.running
    before, of_worker = regions(), regions(worker.pid)
    await granted(caller, number)
    (lane,) = lanes_of(serving)
    assert regions() == before + 2
    descriptors = [lane.memory.descriptor, lane.private.descriptor, *lane.bells]
    lane.close()
    lane.close()
    assert regions() == before
    for descriptor in descriptors:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
    worker.check()  # which tells it of what is no more
    await until(lambda: regions(worker.pid) <= of_worker)


@pytest.mark.long
async def test_what_waits_to_be_sent_keeps_its_descriptors(serve: Any, opening: Opening) -> None:
    serving = await serve()
    await prepared(serving)
    caller = await opening(serving)
    number = await numbered(caller)
    await granted(caller, number)
    (lane,) = lanes_of(serving)
    intake, whose = serving.server.parts.intake, serving.server.parts.sessions._lanes._callers[lane]
    known = intake._request_cache.find(again(number).SerializeToString(), whose)
    assert known is not None
    assert lane.bind(LaneCall(number, known[0], known[1], [1]), 1)
    lane.close()  # before the worker has said that it has the message
    os.fstat(lane.memory.descriptor)
    await until(lambda: not lane.worker.lanes)
    assert not lanes_of(serving)
