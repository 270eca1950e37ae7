"""Sessions between real processes: the same bits as by gRPC, and what becomes of them when a process dies."""

from __future__ import annotations

import asyncio
import gc
import mmap
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
import gridgrad.aio
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from tests.service.calls import Calls
from tests.service.harness import DEADLY, HOLD, Running, eventually, running

SIDE = 64
AXES = {"t": np.linspace(1, 2, SIDE), "k": np.linspace(2, 3, SIDE)}
TEXT = "t*exp(-k) + sin(t*k)"
LARGE = {"t": np.linspace(1, 2, 700), "k": np.linspace(2, 3, 600)}


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with two workers and small pieces, for these tests alone."""
    flags = ["--workers", "2", "--piece-cost", "100000", "--session-bytes", "64MiB"]
    with running(tmp_path_factory.mktemp("own"), *flags) as started:
        yield started


def in_session(client: gridgrad.Client) -> gridgrad.Client:
    """The client, once it has a session."""
    client.gradient("x", {"x": [1.0]})
    client.gradient("x", {"x": [1.0]})
    assert len(client._sessions) == 1
    return client


def is_mapped(result: gridgrad.Result) -> bool:
    return type(result.value.base.base) is mmap.mmap  # type: ignore[union-attr] # a view of the planes


def memories(pid: int | str = "self") -> int:
    return Path(f"/proc/{pid}/maps").read_text().count("/memfd:gridgrad-session")


def assert_same(one: gridgrad.Result, other: gridgrad.Result) -> None:
    assert (one.dims, one.components, list(one.d)) == (other.dims, other.components, list(other.d))
    for derivative in ((), *one.d):
        assert one.d[derivative].dtype == other.d[derivative].dtype
        assert one.d[derivative].tobytes() == other.d[derivative].tobytes()


REQUESTS: dict[str, dict[str, Any]] = {
    "small": {"function": TEXT, "inputs": AXES, "order": 2},
    "in pieces": {"function": TEXT, "inputs": LARGE},
    "float32": {"function": TEXT, "inputs": LARGE, "dtype": "float32"},
    "a tuple": {"function": "u = t*k; v = exp(t)/k; u, v", "inputs": LARGE},
    "separable": {"function": "t*k + 2*t*k**2 + t**3*exp(k)", "inputs": LARGE},
    "registered": {"function": gridgrad.registered("fails"), "inputs": {"x": np.linspace(0, 3, 200_000)}},
    "a point": {"function": "t*k", "inputs": {"t": 2.0, "k": 3.0}, "wrt": ["t"]},
    "nothing": {"function": "t*k", "inputs": {"t": [], "k": [1.0]}},
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_the_same_bits_as_by_grpc(own_server: Running, request_: dict[str, Any]) -> None:
    with gridgrad.Client(own_server.address) as near, gridgrad.Client(own_server.address, sessions=False) as far:
        got, want = in_session(near).gradient(**request_), far.gradient(**request_)
        assert len(far._sessions) == 0
        assert is_mapped(got) == (want.nbytes > 4096)
        assert not got.value.flags.writeable
        assert_same(got, want)


def test_out_is_filled_from_the_memory(own_server: Running) -> None:
    out = np.empty((3, SIDE, SIDE))
    with gridgrad.Client(own_server.address) as client:
        result = in_session(client).gradient(TEXT, AXES, out=out)
        want = client.gradient(TEXT, AXES)
    assert result.value.base is out
    assert_same(result, want)


HUGE = {"t": np.linspace(1, 2, 2000), "k": np.linspace(2, 3, 1500)}  # 72 MB of results, more than the memory


def test_a_grid_larger_than_the_memory_comes_window_by_window(own_server: Running) -> None:
    out = np.empty((3, 2000, 1500))
    seen: list[tuple[int, int]] = []
    with gridgrad.Client(own_server.address) as near, gridgrad.Client(own_server.address, sessions=False) as far:
        want = far.gradient(TEXT, HUGE)
        in_session(near)._by_grpc = unreachable  # type: ignore[method-assign,assignment] # all goes by the session
        got = near.gradient(TEXT, HUGE, out=out, progress=lambda *points: seen.append(points))
        assert_same(got, want)
        assert got.value.base is out
        assert seen == sorted(seen)
        assert len(seen) > 30
        assert seen[-1] == (3_000_000, 3_000_000)
        assert_same(near.gradient(TEXT, HUGE), want)


def unreachable(*_: object) -> gridgrad.Result:
    raise AssertionError("it went by gRPC")


async def test_asyncio_takes_windows_too(own_server: Running) -> None:
    async with gridgrad.aio.Client(own_server.address) as client:
        await aio_in_session(client)
        client._by_grpc = unreachable  # type: ignore[assignment,method-assign] # all goes by the session
        large, small = await asyncio.gather(client.gradient(TEXT, HUGE), client.gradient(TEXT, AXES))
        assert_array_equal(small.value, (await client.gradient(TEXT, AXES)).value)
    with gridgrad.Client(own_server.address, sessions=False) as far:
        assert_same(large, far.gradient(TEXT, HUGE))


def test_results_are_never_overwritten_while_they_are_held(own_server: Running) -> None:
    with gridgrad.Client(own_server.address) as client:
        in_session(client)
        kept = {}
        for number in range(60):
            result = client.gradient(f"t*k + {number}", AXES)
            kept[number] = (result.d["t"], result.value[3:5]) if number % 3 else (result.value, result.value)
            for old in [old for old in kept if old % 4 == number % 4 and old < number - 8]:
                del kept[old]
        del result
        gc.collect()
        grid = np.multiply.outer(AXES["t"], AXES["k"])
        for number, (first, second) in kept.items():
            assert_array_equal(second, grid[3:5] + number if number % 3 else grid + number)
            if number % 3:
                assert_array_equal(first, np.broadcast_to(AXES["k"], (SIDE, SIDE)))


def test_released_memory_is_used_again(own_server: Running) -> None:
    with gridgrad.Client(own_server.address) as client:
        in_session(client)
        addresses = {client.gradient(TEXT, LARGE).value.ctypes.data for _ in range(20)}
    assert len(addresses) <= 3


def test_results_outlive_client_and_server(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        client = gridgrad.Client(server.address)
        result = in_session(client).gradient(TEXT, AXES)
        want = result.copy()
        client.close()
        assert_same(result, want)
        other = gridgrad.Client(server.address)
        second = in_session(other).gradient(TEXT, AXES)
        server.process.kill()
        server.process.wait()
        assert_same(second, want)
        other.close()
    assert_same(result, want)
    before = memories()
    del result, second
    gc.collect()
    assert memories() < before


def test_a_full_memory_changes_nothing_but_the_way(own_server: Running) -> None:
    with gridgrad.Client(own_server.address) as client:
        in_session(client)
        results = [client.gradient(TEXT, LARGE) for _ in range(9)]  # of 10 MB each
        assert [is_mapped(result) for result in results] == [True] * 6 + [False] * 3
        for result in results[1:]:
            assert_same(result, results[0])
        del results, result
        assert is_mapped(client.gradient(TEXT, LARGE))


MANY = [{"t": np.linspace(1, 2 + n, 24), "k": np.linspace(2, 3, 20)} for n in range(400)]


def with_packs(client: gridgrad.Client) -> list[gridgrad.Client]:
    """The client, whose maps go by a session or raise; the list is filled once one has asked for a stream."""
    in_session(client)
    opened: list[gridgrad.Client] = []
    open_stream = client._open_stream

    def noted(*arguments: Any) -> Any:
        opened.append(client)
        return open_stream(*arguments)

    client._open_stream = noted  # type: ignore[method-assign,assignment]
    return opened


@pytest.mark.parametrize("order", [0, 2])
def test_grids_of_a_map_lie_together_in_the_memory(own_server: Running, order: int) -> None:
    with gridgrad.Client(own_server.address) as near, gridgrad.Client(own_server.address, sessions=False) as far:
        streams = with_packs(near)
        for got, want in zip(near.map(TEXT, MANY, order=order), far.map(TEXT, MANY, order=order), strict=True):
            assert_same(got, want)
            assert not got.value.flags.writeable
        assert not streams
        reduced = [result.value.item() for result in near.map(TEXT, MANY[:50], reduce="sum")]
        assert reduced == [result.value.item() for result in far.map(TEXT, MANY[:50], reduce="sum")]


def test_one_grid_that_fails_takes_no_other_with_it(own_server: Running) -> None:
    deadly = [{"x": np.full(600, 2 * DEADLY if n == 70 else float(n))} for n in range(100)]
    with gridgrad.Client(own_server.address) as client:
        streams = with_packs(client)
        outcomes = list(client.map(gridgrad.registered("fails"), deadly, errors="return"))
        assert streams
        assert [n for n, outcome in enumerate(outcomes) if not isinstance(outcome, gridgrad.Result)] == [70]
        assert isinstance(outcomes[70], gridgrad.RequestError)
        assert is_mapped(client.gradient(TEXT, AXES))


def test_results_of_a_map_that_are_kept_fill_the_memory_and_go_on_by_grpc(own_server: Running) -> None:
    inputs = [{"t": np.linspace(1, 2 + n, 100), "k": np.linspace(2, 3, 100)} for n in range(400)]  # 96 MB of results
    with gridgrad.Client(own_server.address) as client:
        streams = with_packs(client)
        results = list(client.map("t*k", inputs))
        assert streams
        for result, given in zip(results, inputs, strict=True):
            assert_array_equal(result.value, np.multiply.outer(given["t"], given["k"]))
        del results, result
        streams.clear()
        assert sum(1 for _ in client.map("t*k", inputs)) == len(inputs)
        assert not streams


def test_a_map_that_is_left_gives_its_grids_up_and_keeps_the_session(own_server: Running) -> None:
    with gridgrad.Client(own_server.address) as client:
        streams = with_packs(client)
        for _ in range(5):
            left = client.map(TEXT, MANY)
            next(left)
            left.close()
        assert is_mapped(client.gradient(TEXT, AXES))
        assert len(client._sessions) == 1
        assert not streams


def test_what_never_fits_goes_by_grpc(own_server: Running) -> None:
    axes = {"t": np.linspace(1, 2, 2000), "k": np.linspace(2, 3, 2000)}  # 96 MB
    with gridgrad.Client(own_server.address) as client:
        result = in_session(client).gradient("t*k", axes)
        assert not is_mapped(result)
        assert len(client._sessions) == 1
    assert_array_equal(result.value, np.multiply.outer(axes["t"], axes["k"]))


def test_threads_have_sessions_of_their_own(own_server: Running) -> None:
    wrong = []
    with gridgrad.Client(own_server.address) as client:
        in_session(client)

        def work(number: int) -> None:
            for step in range(30):
                value = client.gradient(f"t*k + {number} + {step}", AXES).value
                if not np.array_equal(value, np.multiply.outer(AXES["t"], AXES["k"]) + number + step):
                    wrong.append((number, step))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 1 < len(client._sessions) <= 8
    assert not wrong


def test_errors_are_those_of_grpc(own_server: Running) -> None:
    with gridgrad.Client(own_server.address) as client:
        in_session(client)
        with pytest.raises(gridgrad.ExpressionError, match=r"line 1, column 4"):
            client.gradient("x +", {"x": [1.0]})
        with pytest.raises(gridgrad.UnknownFunctionError):
            client.gradient(gridgrad.registered("nowhere"), {"x": [1.0]})
        with pytest.raises(gridgrad.RequestError, match="the furnace is out"):
            client.gradient(gridgrad.registered("fails"), {"x": np.full(1000, 2 * DEADLY)})
        with pytest.raises(gridgrad.CrashError):
            client.gradient(gridgrad.registered("deadly"), {"x": np.full(1000, 2 * DEADLY)})
        assert is_mapped(client.gradient(TEXT, AXES))
        assert len(client._sessions) == 1


def test_a_timeout_gives_the_call_up_and_keeps_the_session(own_server: Running) -> None:
    control = own_server.control
    with gridgrad.Client(own_server.address, retries=0) as client, control.held():
        in_session(client)
        with pytest.raises(gridgrad.DeadlineError, match=r"0\.3 s"):
            client.gradient(gridgrad.registered("gate"), {"x": np.full(1000, 2 * HOLD)}, timeout=0.3)
        control.release()
        assert is_mapped(client.gradient(TEXT, AXES))
        assert len(client._sessions) == 1


def test_a_worker_that_dies_costs_a_retry(own_server: Running) -> None:
    control = own_server.control
    with gridgrad.Client(own_server.address) as client, control.held():
        in_session(client)
        results: list[gridgrad.Result] = []
        asked = {"x": np.concatenate([[2 * HOLD], np.linspace(0, 1, 1000)])}
        call = threading.Thread(
            target=lambda: results.append(client.gradient(gridgrad.registered("gate"), asked, wrt=["x"]))
        )
        call.start()
        control.await_held()
        (pid,) = control.held_workers()
        control.release()
        control.hold()
        os.kill(pid, signal.SIGKILL)
        control.release()
        call.join()
    assert is_mapped(results[0])
    assert_array_equal(results[0].value, asked["x"] ** 2)
    eventually(lambda: own_server.replaced(pid), "a new worker")


def test_a_server_that_is_killed_and_comes_back(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    with running(tmp_path / "first") as server:
        address = server.address
        client = in_session(gridgrad.Client(address))
        before = client.gradient(TEXT, AXES)
        problem = client.bind("a*t*k", {**AXES, "a": 1.0}, varying="a")
        assert_array_equal(problem(a=2.0).value, problem(a=2.0).value)  # the second by number
        server.process.kill()
        server.process.wait()
        with pytest.raises(gridgrad.UnavailableError):
            client.gradient(TEXT, AXES, timeout=1)
    with running(tmp_path / "second", "--listen", address):
        assert_same(
            problem(a=2.0), client.gradient("a*t*k", {**AXES, "a": 2.0})
        )  # of whose number this one knows nothing
        after = client.gradient(TEXT, AXES)  # by gRPC
        assert_same(after, before)
        eventually(lambda: is_mapped(client.gradient(TEXT, AXES)), "a new session")
    client.close()


def test_a_client_that_is_killed_leaves_nothing(own_server: Running) -> None:
    code = f"""
import sys, numpy as np, gridgrad
client = gridgrad.Client({own_server.address!r})
axes = {{"t": np.linspace(1, 2, 700), "k": np.linspace(2, 3, 600)}}
kept = [client.gradient("t*exp(k)", axes) for _ in range(3)]
print(len(client._sessions), flush=True)
sys.stdin.read()
"""
    pids = [own_server.process.pid, *own_server.workers()]
    eventually(lambda: not any(map(memories, pids)), "no session of an earlier test")
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        assert memories(own_server.process.pid) == 1
        process.kill()
    eventually(lambda: not any(map(memories, pids)), "the end of the memory")


FORK = """
import os, sys, numpy as np, gridgrad
def grid(n):
    return client.gradient(f"t*k + {n}", {"t": np.arange(64.0), "k": np.arange(64.0)})
def held(array, n):
    return bool((array == np.multiply.outer(np.arange(64.0), np.arange(64.0)) + n).all())
with gridgrad.Client(sys.argv[1]) as client:
    grid(0)
    first = grid(1).value
    assert len(client._sessions) == 1
    ready, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.read(ready, 1)
        assert held(first, 1)
        try:
            grid(5)
        except gridgrad.RequestError as error:
            assert "fork" in str(error)
            client.close()
            os._exit(0 if held(first, 1) else 1)
        os._exit(2)
    del first
    later = [grid(n) for n in range(2, 30)]
    assert len(client._sessions) == 1
    os.write(go, b"!")
    assert os.waitpid(pid, 0)[1] == 0
    assert all(held(result.value, n) for n, result in enumerate(later, 2))
    print("well")
"""


def test_results_stay_valid_in_a_forked_child(own_server: Running) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORK, own_server.address], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stdout == "well\n", done.stderr


OTHER_USER = """
import os, socket, struct, sys
os.setuid(65534)
name, token = sys.argv[1], bytes.fromhex(sys.argv[2])
near = socket.socket(socket.AF_UNIX)
near.settimeout(30)
near.connect("\\0" + name)
message = b"\\x0a\\x20" + token
try:
    near.sendall(struct.pack("<I", len(message)) + message)
    print(near.recvmsg(100, 100)[:2])
except ConnectionError:
    print((b"", []))
"""


def test_another_user_gets_nothing_with_the_right_token(calls: Calls) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can run a process of another user")
    method: Any = calls.channel.unary_unary(methods.OPEN_SESSION.path)
    offered = pb.OpenSessionResponse.FromString(method(b""))
    command = [sys.executable, "-c", OTHER_USER, offered.socket, offered.token.hex()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "(b'', [])\n", done.stderr


# The client for asyncio


async def aio_in_session(client: gridgrad.aio.Client) -> gridgrad.aio.Client:
    for _ in range(2):
        await client.gradient("x", {"x": [1.0]})
    assert len(client._sessions) == 1
    return client


async def test_tasks_share_a_session(own_server: Running) -> None:
    async with gridgrad.aio.Client(own_server.address) as client:
        await aio_in_session(client)
        results = await asyncio.gather(*(client.gradient(f"t*k + {n}", AXES) for n in range(100)))
        assert all(map(is_mapped, results))
        grid = np.multiply.outer(AXES["t"], AXES["k"])
        for number, result in enumerate(results):
            assert_array_equal(result.value, grid + number)


async def test_maps_share_the_session_too(own_server: Running) -> None:
    async with gridgrad.aio.Client(own_server.address) as client:
        await aio_in_session(client)

        async def mapped() -> list[gridgrad.Result]:
            return [result async for result in client.map("t*k", MANY)]

        client._open_stream = unreachable  # type: ignore[assignment,method-assign] # all goes by the session
        several = await asyncio.gather(mapped(), mapped(), client.gradient(TEXT, AXES))
        for results in several[:2]:
            for result, given in zip(results, MANY, strict=True):
                assert_array_equal(result.value, np.multiply.outer(given["t"], given["k"]))


async def test_a_cancelled_task_gives_its_call_up(own_server: Running) -> None:
    control = own_server.control
    async with gridgrad.aio.Client(own_server.address) as client:
        await aio_in_session(client)
        with control.held():
            gate = gridgrad.registered("gate")
            call = asyncio.create_task(client.gradient(gate, {"x": np.full(1000, 2 * HOLD)}))
            while not control.is_held():
                await asyncio.sleep(0.01)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            with pytest.raises(gridgrad.DeadlineError):
                await client.gradient(gate, {"x": np.full(1000, 2 * HOLD)}, timeout=0.2)
        assert is_mapped(await client.gradient(TEXT, AXES))


async def test_a_client_for_asyncio_survives_its_server(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    with running(tmp_path / "first") as server:
        address = server.address
        client = await aio_in_session(gridgrad.aio.Client(address))
        before = await client.gradient(TEXT, AXES)
        server.process.kill()
        server.process.wait()
        with pytest.raises(gridgrad.UnavailableError):
            await client.gradient(TEXT, AXES, timeout=1)
    with running(tmp_path / "second", "--listen", address):
        assert_same(await client.gradient(TEXT, AXES), before)
        await aio_in_session(client)
        assert_same(await client.gradient(TEXT, AXES), before)
    await client.close()
