"""The lanes of all sessions: counted, charged, bounded and taken away."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gridgrad_core.system import lane_layout
from gridgrad_server.local_sessions import call_lane, lane_keeper
from gridgrad_server.memory.slots import Slot
from tests.server.local_sessions.callers import Opening, until
from tests.server.local_sessions.lane_callers import COST, budget, granted, lanes_of, numbered, prepared, use

pytestmark = pytest.mark.skipif(not lane_layout.keeps_order(), reason="there are no lanes on this machine")


async def test_what_goes_through_a_lane_is_counted(serve: Any, opening: Opening) -> None:
    serving = await serve()
    await prepared(serving)
    status = serving.server.parts.snapshot.status
    status()
    caller = await opening(serving)
    await granted(caller, await numbered(caller))
    (lane,) = lanes_of(serving)
    use(lane, 100)
    await until(lambda: any(each.via == "lane" and each.count == 100 for each in status().answers))
    assert status().load.lanes == 1
    (compiled,) = [each for each in status().computed if each.tier == "compiled"]
    assert (compiled.grids, compiled.points) == (100, 500)
    assert sum(status().compute_s.counts) >= 100
    use(lane, 130)
    caller.socket.close()
    await until(lambda: not lanes_of(serving))
    assert [each.count for each in status().answers if each.via == "lane"] == [130], "the last calls too"


@pytest.mark.long
async def test_an_idle_worker_is_not_idle_while_its_lanes_are_used(serve: Any, opening: Opening) -> None:
    serving = await serve()
    await prepared(serving)
    caller = await opening(serving)
    await granted(caller, await numbered(caller))
    (lane,) = lanes_of(serving)
    use(lane, 1)
    await until(lambda: lane.called_at)
    assert lane.worker.lanes.called_at == lane.called_at


async def test_a_rate_of_cost_is_a_budget_in_advance(serve: Any, opening: Opening) -> None:
    serving = await serve(quota=(f"cost-rate={50 * COST}",))
    await prepared(serving)
    caller = await opening(serving)
    await granted(caller, await numbered(caller))
    (lane,) = lanes_of(serving)
    assert 0 < budget(lane) <= 50 * COST
    use(lane, 500)  # ten seconds' worth
    await until(lambda: budget(lane) == 500 * COST)
    (account,) = serving.server.parts.access.quotas._accounts.values()
    assert account.debt_s() > 5
    assert account.total_cost >= 500 * COST


@pytest.mark.long
async def test_without_a_limit_nothing_is_refused(serve: Any, opening: Opening) -> None:
    serving = await serve()
    await prepared(serving)
    caller = await opening(serving)
    await granted(caller, await numbered(caller))
    assert budget(lanes_of(serving)[0]) == (1 << 63) - 1


@pytest.mark.long
@pytest.mark.parametrize("settings", [{"lanes": 1}, {"quota": ("lanes=1",)}])
async def test_there_are_no_more_than_are_allowed(settings: dict[str, Any], serve: Any, opening: Opening) -> None:
    serving = await serve(**settings)
    await prepared(serving)
    callers = [await opening(serving) for _ in range(2)]
    numbers = [await numbered(caller) for caller in callers]
    assert (await granted(callers[0], numbers[0])).slots == 1
    assert (await granted(callers[1], numbers[1])).slots == 0
    callers[0].socket.close()
    await until(lambda: not lanes_of(serving))
    assert (await granted(callers[1], numbers[1])).slots == 1


@pytest.mark.long
async def test_lanes_are_shared_out_among_workers(serve: Any, opening: Opening) -> None:
    serving = await serve(workers=2)
    await until(lambda: all(worker.is_ready for worker in serving.server.parts.workers.running))
    await prepared(serving)
    callers = [await opening(serving) for _ in range(2)]
    for caller in callers:
        assert (await granted(caller, await numbered(caller))).slots == 1
    assert len({lane.worker.name for lane in lanes_of(serving)}) == 2


@pytest.mark.long
async def test_a_server_that_drains_takes_them_away(serve: Any, opening: Opening) -> None:
    serving = await serve()
    await prepared(serving)
    caller = await opening(serving)
    await granted(caller, await numbered(caller))
    serving.server.parts.intake.draining = True
    await until(lambda: not lanes_of(serving))


@pytest.mark.long
async def test_when_numbers_are_forgotten_so_are_lanes(serve: Any, opening: Opening) -> None:
    serving = await serve()
    await prepared(serving)
    caller = await opening(serving)
    await granted(caller, await numbered(caller))
    serving.server.parts.sessions._lanes.close()
    assert not lanes_of(serving)


@pytest.mark.parametrize("made", range(3))
async def test_a_lane_that_can_not_be_had_leaves_no_descriptor(
    made: int, serve: Any, opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of its two memories and its bell one can't be made, as where no descriptors are left; later there is one."""
    serving = await serve()
    await prepared(serving)
    caller = await opening(serving)
    number = await numbered(caller)
    left = iter([True] * made)

    def scarce(make: Callable[..., Any]) -> Callable[..., Any]:
        def made_or_not(*arguments: Any) -> Any:
            if next(left, False):
                return make(*arguments)
            raise OSError(errno.EMFILE, "no descriptors are left")

        return made_or_not

    before = memories()
    with monkeypatch.context() as patched:
        patched.setattr(call_lane, "Slot", scarce(Slot))
        patched.setattr(socket, "socketpair", scarce(socket.socketpair))
        assert (await granted(caller, number)).slots == 0
    assert memories() == before
    assert (await granted(caller, number)).slots == 1


def memories() -> list[str]:
    """Of this process, those of lanes and batches that are mapped or open."""
    found = [link.readlink().name for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    maps = Path("/proc/self/maps").read_text().split()
    return sorted(each for each in (*found, *maps) if "memfd:gridgrad-" in each)


@pytest.mark.parametrize(("runnable", "spins"), [("1/99", True), ("50/99", False), ("", False)])
async def test_nobody_waits_busily_where_others_want_the_processors(
    runnable: str, spins: bool, serve: Any, opening: Opening, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    load = tmp_path / "loadavg"
    if runnable:  # else it can't be read, as where no descriptors are left
        load.write_text(f"0.1 0.2 0.3 {runnable} 77")
    monkeypatch.setattr(lane_keeper, "_LOAD", load)
    monkeypatch.setattr(lane_keeper, "threads_for", lambda _: 4)
    serving = await serve()
    await prepared(serving)
    caller = await opening(serving)
    await granted(caller, await numbered(caller))
    (lane,) = lanes_of(serving)
    await until(lambda: bool(struct.unpack_from("<q", lane.private.view, 56)[0]) is spins)
