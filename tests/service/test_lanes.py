"""Lanes between real processes: the bits of any other call, and what becomes of calls when something ends."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gridgrad
import gridgrad.aio
from gridgrad.lanes.caller_lane import CallerLane
from gridgrad_core.system import lane_layout
from tests.service.harness import HOLD, Running, eventually, running

T, K = np.linspace(1, 2, 24), np.linspace(2, 3, 16)
TEXT = "a*t*exp(-b*k) + sin(t*k)"
INPUTS = {"t": T, "k": K, "a": 1.0, "b": 2.0}
COST = 2 * T.size * K.size  # the value and one derivative

pytestmark = [
    pytest.mark.long,  # servers that compile
    pytest.mark.skipif(not lane_layout.keeps_order(), reason="lanes are for processors that keep stores in order"),
    pytest.mark.timeout(600),
]


def compiling(cache: Path) -> dict[str, str]:
    return {"GRIDGRAD_COMPILE": "1", "GRIDGRAD_CACHE": str(cache)}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Running]:
    """A server with one worker that compiles."""
    with running(tmp_path_factory.mktemp("server"), environment=compiling(cache)) as started:
        yield started


class Guarded(NamedTuple):
    """A server with principals, their tokens, and the file of these."""

    server: Running
    tokens: dict[str, str]
    file: Path


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Guarded]:
    folder, made = tmp_path_factory.mktemp("guarded"), {}
    file = folder / "tokens"
    for name, limits in {"slow": [f"cost-rate={200 * COST}"], "none": ["lanes=0"], "revoked": []}.items():
        words = ["token", "add", "--file", str(file), "--principal", name]
        words += [flag for limit in limits for flag in ("--limit", limit)]
        command = [sys.executable, "-m", "gridgrad_server", *words]
        made[name] = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    with running(folder, "--auth-tokens", str(file), environment=compiling(cache)) as started:
        yield Guarded(started, made, file)


def lane_of(client: gridgrad.Client) -> CallerLane | None:
    """The lane of a client's only session, if it has one."""
    for session in client._sessions._open:
        if session._lane is not None:
            return session._lane._lane
    return None


def bound(client: gridgrad.Client) -> Any:
    return client.bind(TEXT, INPUTS, varying=["a", "b"], wrt="a")


def call(problem: Any, a: float, b: float = 0.5, **options: Any) -> None:
    """Makes a call, and compares its result with the closed form."""
    result, damped = problem(a=a, b=b, **options), T[:, None] * np.exp(-b * K)
    assert_allclose(result.value, a * damped + np.sin(T[:, None] * K), rtol=1e-13, atol=1e-13)
    assert_allclose(result.d["a"], damped, rtol=1e-13)


def many(problem: Any, times: int) -> None:
    for i in range(times):
        call(problem, 0.01 * i)


def on_lane(client: gridgrad.Client, problem: Any) -> CallerLane:
    """The lane of a client, once its calls go by it."""

    def granted() -> CallerLane | None:
        call(problem, 1.0)
        return lane_of(client)

    lane = eventually(granted, "a lane")
    assert lane is not None
    return lane


def count(client: gridgrad.Client, via: str = "lane") -> int:
    return client.server_status().answers.get((via, "OK"), 0)


def counted(client: gridgrad.Client, calls: Callable[[], None]) -> int:
    """How many calls go by lanes meanwhile."""
    before = count(client)
    calls()
    last = before
    while (now := count(client)) != last or now == before:  # lanes are looked at now and then
        last = now
        threading.Event().wait(0.2)
    return now - before


@pytest.fixture
def client(server: Running) -> Iterator[gridgrad.Client]:
    with gridgrad.Client(server.address) as made:
        made.server_status()
        yield made


def test_calls_by_a_lane_have_the_bits_of_any_other(server: Running, client: gridgrad.Client) -> None:
    problem = client.bind(TEXT, INPUTS, varying=["a", "b"], order=2)
    eventually(lambda: problem(a=1.0, b=1.0) and lane_of(client), "a lane")
    results: list[gridgrad.Result] = []
    made = counted(client, lambda: results.extend(problem(a=0.5 * i, b=1 / (1 + i)) for i in range(50)))
    assert made == 50
    with gridgrad.Client(server.address, sessions=False) as plain:
        for i, result in enumerate(results):
            want = plain.gradient(TEXT, {**INPUTS, "a": 0.5 * i, "b": 1 / (1 + i)}, order=2, tier="compiled")
            assert (result.dims, list(result.d)) == (want.dims, list(want.d))
            for one, other in zip([result.value, *result.d.values()], [want.value, *want.d.values()], strict=True):
                assert_array_equal(one, other, strict=True)
    assert results[3].info._replace(queue_s=0, compute_s=0) == want.info._replace(queue_s=0, compute_s=0)
    assert results[3].info.compute_s > 0
    assert client.server_status().load.lanes == 1


def test_float32_and_axes_that_vary(client: gridgrad.Client) -> None:
    inputs = {"t": T.astype("f4"), "k": K.astype("f4")}
    problem = client.bind("t*exp(-k)", inputs, varying="k")
    eventually(lambda: problem(k=inputs["k"]) and lane_of(client), "a lane")

    def calls() -> None:
        for i in range(20):
            axis = (K + i).astype("f4")
            result = problem(k=axis)
            assert result.value.dtype == np.float32
            assert_allclose(result.value, inputs["t"][:, None] * np.exp(-axis), rtol=1e-6)

    assert counted(client, calls) == 20


def test_what_is_large_or_reduced_goes_by_the_server(client: gridgrad.Client) -> None:
    large = client.bind("a*x", {"x": np.linspace(0, 1, 40_000), "a": 1.0}, varying="a")
    reduced = client.bind("a*x", {"x": T, "a": 1.0}, varying="a", reduce="sum")
    before = count(client)
    for _ in range(40):
        large(a=2.0)
        assert reduced(a=2.0).value == pytest.approx(2 * T.sum())
    threading.Event().wait(0.3)
    assert count(client) == before


def test_a_worker_that_is_killed_loses_no_call(client: gridgrad.Client, server: Running) -> None:
    problem = bound(client)
    for _ in range(3):
        on_lane(client, problem)
        (pid,) = server.workers()
        with ThreadPoolExecutor(1) as threads:
            calls = threads.submit(many, problem, 3000)
            threading.Event().wait(0.02)
            os.kill(pid, signal.SIGKILL)
            calls.result()
        eventually(functools.partial(server.replaced, pid), "another worker")
        call(problem, 2.0)


def test_a_worker_that_is_stopped_loses_no_call(client: gridgrad.Client, server: Running) -> None:
    problem = bound(client)
    on_lane(client, problem)
    (pid,) = server.workers()
    os.kill(pid, signal.SIGSTOP)
    for i in range(20):
        call(problem, float(i))  # until it is killed and replaced
    assert server.replaced(pid)


def test_behind_something_long_a_call_has_its_deadline(client: gridgrad.Client, server: Running) -> None:
    problem = bound(client)
    on_lane(client, problem)
    with server.control.held(), ThreadPoolExecutor(1) as threads, gridgrad.Client(server.address) as other:
        held = threads.submit(other.gradient, gridgrad.registered("gate"), {"x": [2 * HOLD]})
        server.control.await_held()
        for timeout in (0.01, 0.03, 0.2):
            with pytest.raises(gridgrad.DeadlineError):
                problem(a=1.0, b=1.0, timeout=timeout)
        server.control.release()
        held.result()
    call(problem, 3.0)
    assert counted(client, lambda: many(problem, 100)) > 0


def test_tasks_share_a_lane_and_go_beyond_it(server: Running) -> None:
    async def main() -> None:
        async with gridgrad.aio.Client(server.address) as client:
            problem = await client.bind(TEXT, INPUTS, varying=["a", "b"], wrt="a")
            while not any(each._lane and each._lane._lane for each in client._sessions._open):
                await problem(a=1.0, b=1.0)
            for _ in range(5):
                values = np.linspace(0, 1, 200)
                results = await asyncio.gather(*(problem(a=value, b=0.5) for value in values))
                for value, result in zip(values, results, strict=True):
                    damped = T[:, None] * np.exp(-0.5 * K)
                    assert_allclose(result.value, value * damped + np.sin(T[:, None] * K), rtol=1e-13, atol=1e-13)
            tasks = [asyncio.create_task(problem(a=1.0, b=1.0)) for _ in range(50)]
            await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(each, gridgrad.Result) for each in ended[1::2])
            assert (await problem(a=0.0, b=1.0)).value == pytest.approx(np.sin(T[:, None] * K))

    asyncio.run(main())


def test_many_callers_have_lanes_of_their_own(client: gridgrad.Client, server: Running) -> None:
    def caller(seed: int) -> None:
        with gridgrad.Client(server.address) as own:
            problem = bound(own)
            on_lane(own, problem)
            together.wait(60)
            seen.append(client.server_status().load.lanes)
            for i in range(300):
                call(problem, seed + 0.01 * i)
            together.wait(60)

    together, seen = threading.Barrier(8), list[int]()
    before = client.server_status().load.lanes
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(caller, range(8)))
    assert max(seen) == before + 8
    eventually(lambda: client.server_status().load.lanes == before, "the end of their lanes")


def test_threads_of_one_client_have_lanes_too(server: Running) -> None:
    with gridgrad.Client(server.address) as client:
        problem = bound(client)

        def caller(seed: int) -> None:
            for i in range(300):
                call(problem, seed + 0.01 * i)

        with ThreadPoolExecutor(6) as threads:
            list(threads.map(caller, range(6)))


@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # of JAX, where another test has imported it
def test_a_child_of_a_fork_leaves_the_lane_to_its_parent(client: gridgrad.Client) -> None:
    problem = bound(client)
    on_lane(client, problem)
    child = os.fork()
    if not child:
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    for i in range(100):
        call(problem, float(i))


@pytest.mark.parametrize("seed", range(3))
def test_hostile_bytes_end_nothing_but_their_own_calls(client: gridgrad.Client, server: Running, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - bytes to try, no secrets
    with gridgrad.Client(server.address) as hostile:
        lane = on_lane(hostile, bound(hostile))
        pids, problem = server.workers(), bound(client)
        on_lane(client, problem)
        until = time.monotonic() + 2
        while time.monotonic() < until:
            start = draw.randrange(lane_layout.CONTROL_BYTES)
            if draw.random() < 0.1:
                start = draw.randrange(lane._size - 64)
            size = draw.choice([1, 4, 8, 64])
            lane._map[start : start + size] = draw.randbytes(size)
            with contextlib.suppress(OSError):
                lane.bell.send(draw.randbytes(draw.choice([1, 100, 10_000])))
            call(problem, draw.random())
        assert server.workers() == pids
    for i in range(50):
        call(problem, float(i))
    assert server.workers() == pids


def test_a_lane_that_is_refused_or_not_offered(guarded: Guarded, tmp_path: Path, cache: Path) -> None:
    with gridgrad.Client(guarded.server.address, token=guarded.tokens["none"]) as client:
        problem = bound(client)
        for i in range(100):
            call(problem, float(i))
        assert lane_of(client) is None
    with (
        running(tmp_path, "--lanes", "0", environment=compiling(cache)) as without,
        gridgrad.Client(without.address) as client,
    ):
        problem = bound(client)
        for i in range(40):
            call(problem, float(i))
        assert all(session._lane is None for session in client._sessions._open)


def test_a_principal_has_his_rate_by_a_lane_too(guarded: Guarded) -> None:
    token = guarded.tokens["slow"]
    with gridgrad.Client(guarded.server.address, token=token, retries=0) as client:
        problem = bound(client)
        on_lane(client, problem)
        said = r"slow has .*; its limit is cost-rate=\d+; retry in"
        with pytest.raises(gridgrad.BusyError, match=said):
            many(problem, 20_000)
    with gridgrad.Client(guarded.server.address, token=token, retries=20) as client:
        problem = bound(client)
        began_at = time.monotonic()
        for i in range(400):
            call(problem, float(i))
        took_s = time.monotonic() - began_at
        (use,) = client.server_status().principals
    assert took_s > 0.5, "it was waited for"
    assert use.total_cost >= 400 * COST


def test_who_is_revoked_has_no_lane_any_more(guarded: Guarded) -> None:
    with gridgrad.Client(guarded.server.address, token=guarded.tokens["revoked"]) as client:
        problem = bound(client)
        on_lane(client, problem)
        command = [sys.executable, "-m", "gridgrad_server", "token", "revoke", "--file", str(guarded.file)]
        subprocess.run([*command, "--principal", "revoked"], check=True, capture_output=True)
        os.kill(guarded.server.process.pid, signal.SIGHUP)
        with pytest.raises(gridgrad.GridgradError, match="token"):
            many(problem, 200_000)


def test_a_server_that_drains_takes_lanes_away(tmp_path: Path, cache: Path) -> None:
    with running(tmp_path, environment=compiling(cache)) as own, gridgrad.Client(own.address, retries=0) as client:
        problem = bound(client)
        on_lane(client, problem)
        own.process.terminate()
        with pytest.raises(gridgrad.GridgradError):
            many(problem, 200_000)
        own.process.wait(60)
