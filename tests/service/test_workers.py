"""What happens when processes die: workers are replaced, their entries tried again, and nothing is left behind."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc import StatusCode
from grpc_health.v1 import health_pb2

import gridgrad
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.service.calls import OPTIONS, Call, Calls, axis, refusal_of, request
from tests.service.gates import at_gate, value
from tests.service.harness import DEADLY, HOLD, PATIENCE_S, Running, eventually, marked, running

SERVING = health_pb2.HealthCheckResponse.SERVING


def await_serving(server: Running) -> int:
    """Waits until a worker serves, and returns its process id.

    A server whose worker has just been killed says SERVING until it has noticed.
    """
    with grpc.insecure_channel(server.address) as channel:

        def serving() -> list[int]:
            workers = server.workers()
            alone = len(workers) == 1 and Calls(channel).health() == SERVING and server.workers() == workers
            return workers if alone else []

        (worker,) = eventually(serving, "one worker, SERVING")
    return worker


# Workers


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server whose workers the tests of this module kill."""
    with running(tmp_path_factory.mktemp("workers"), "--piece-timeout", "3") as started:
        yield started


@pytest.fixture
def worker(server: Running) -> int:
    """The worker that serves when the test begins."""
    return await_serving(server)


def test_a_worker_killed_mid_batch(server: Running, worker: int, calls: Calls) -> None:
    with server.control.held():
        first = calls.start(at_gate(HOLD + 1))
        server.control.await_held()
        behind = [calls.start(at_gate(float(x))) for x in range(20)]
        other = calls.start(request("3*x", [axis("x", [5.0])]))
        os.kill(worker, signal.SIGKILL)
        server.control.release()
        assert value(first) == (HOLD + 1) ** 2
        assert [value(call) for call in behind] == [x**2 for x in range(20)]
        assert value(other) == 15
    assert value(calls.start(at_gate(2.0))) == 4
    assert server.replaced(worker)


def test_what_never_ends_is_given_up_and_nothing_beside_it(
    server: Running, worker: int, client: gridgrad.Client, calls: Calls
) -> None:
    """Questions about functions come before it, beside it and after it, calls after it, and none of them is blamed."""

    def restarts() -> int:
        return sum(each.restarts for each in client.server_status().workers)

    before = restarts()
    with server.control.held(), ThreadPoolExecutor(4) as pool:
        endless = calls.start(at_gate(HOLD + 1))
        prepared = [pool.submit(client.prepare, f"x*{n} + 0.5", ["x"]) for n in range(4)]
        server.control.await_held()
        behind = [calls.start(at_gate(float(x))) for x in range(5)]
        refusal = refusal_of(endless)
        for each in prepared:
            each.result()
    assert (refusal.code, refusal.reason) == (StatusCode.ABORTED, "CRASH")
    assert [value(call) for call in behind] == [x**2 for x in range(5)]
    assert value(calls.start(at_gate(2.0))) == 4
    assert restarts() == before + 2
    assert server.replaced(worker)


def test_a_worker_killed_under_a_large_grid(server: Running, worker: int, client: gridgrad.Client) -> None:
    x = gridgrad.linspace(0, HOLD + 1e5, 3_000_000)
    with server.control.held():
        threading.Thread(target=_kill_when_held, args=(server, worker)).start()
        result = client.gradient(gridgrad.registered("gate"), {"x": x}, timeout=PATIENCE_S)
    assert (result.value == result.inputs["x"] ** 2).all()
    assert (result.d["x"] == 2 * result.inputs["x"]).all()
    assert server.replaced(worker)


def _kill_when_held(server: Running, worker: int) -> None:
    server.control.await_held()
    os.kill(worker, signal.SIGKILL)
    server.control.release()


@pytest.mark.parametrize(("name", "power"), [("deadly", 3), ("leaves", 4)])
def test_a_request_that_kills_every_worker_it_meets(
    name: str, power: int, server: Running, worker: int, calls: Calls, client: gridgrad.Client
) -> None:
    """It is tried once more, and neither the server nor the SDK tries it again."""
    function, deaths = gridgrad.registered(name), server.control.deaths()
    asked = pb.Function(registered=name)

    def await_entries(count: int) -> None:
        eventually(lambda: client.server_status().load.entries == count, f"{count} calls at the server")

    with server.control.held(), ThreadPoolExecutor(1) as pool:
        first = calls.start(at_gate(HOLD + 2))
        server.control.await_held()
        fine = [calls.start(request(asked, [axis("x", [float(x)])])) for x in range(5)]
        await_entries(6)
        killer = pool.submit(client.gradient, function, {"x": [2 * DEADLY]}, timeout=PATIENCE_S)
        await_entries(7)
        fine += [calls.start(request(asked, [axis("x", [float(x)])])) for x in range(5, 10)]
        other = calls.start(request("3*x", [axis("x", [5.0])]))
        server.control.release()
        with pytest.raises(gridgrad.CrashError) as raised:
            killer.result()
    assert raised.value.found
    assert raised.value.remedy
    assert value(first) == (HOLD + 2) ** 2
    assert [value(call) for call in fine] == [x**power for x in range(10)]
    assert value(other) == 15
    assert server.control.deaths() == deaths + 2
    assert await_serving(server) != worker


def test_a_stopped_worker_is_replaced_when_idle(server: Running, worker: int, calls: Calls) -> None:
    os.kill(worker, signal.SIGSTOP)
    eventually(lambda: server.replaced(worker), "another worker")
    assert value(calls.start(at_gate(3.0))) == 9
    assert not Path(f"/proc/{worker}").exists()


def test_a_stopped_worker_is_replaced_when_called(server: Running, worker: int, calls: Calls) -> None:
    os.kill(worker, signal.SIGSTOP)
    assert [value(call) for call in [calls.start(at_gate(float(x))) for x in range(5)]] == [x**2 for x in range(5)]
    assert server.replaced(worker)


# A server whose workers can't start again

BARREN = """
import os
import sys
from pathlib import Path

folder = Path(os.environ["GRIDGRAD_TEST_CONTROL"])
if "gridgrad_worker" in sys.orig_argv:
    with (folder / "starts").open("a") as file:
        file.write(f"{os.getpid()}\\n")
    if (folder / "barren").exists():
        os._exit(1)
"""


def test_workers_that_do_not_start_are_tried_again(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(BARREN)  # which every interpreter runs as it starts
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    with (
        running(tmp_path, environment={"PYTHONPATH": path}) as server,
        grpc.insecure_channel(server.address, OPTIONS) as channel,
    ):
        starts = server.control.folder / "starts"
        (server.control.folder / "barren").touch()
        os.kill(await_serving(server), signal.SIGKILL)
        eventually(lambda: len(starts.read_text().split()) >= 5, "three attempts that failed")
        calls = Calls(channel)
        assert calls.health() != SERVING
        refusal = calls.refusal(at_gate(1.0))
        assert (refusal.code, refusal.reason) == (StatusCode.UNAVAILABLE, "UNAVAILABLE")
        (server.control.folder / "barren").unlink()
        await_serving(server)
        assert value(calls.start(at_gate(2.0))) == 4


@pytest.mark.parametrize(
    ("module", "figures"),
    [("tests.service.wrong_bessel", ["wrong_bessel", r"0\.881", r"0\.6509"]), ("tests.service.nowhere", ["nowhere"])],
)
def test_functions_that_are_refused_keep_the_server_from_serving(
    module: str, figures: list[str], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "gridgrad_server", "--listen", "127.0.0.1:0", "--device", "cpu"]
    address = tmp_path / "address"
    done = subprocess.run(
        [*command, "--functions", module, "--address-file", str(address)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode not in (0, -signal.SIGKILL)
    assert not address.exists()
    for figure in figures:
        assert re.search(figure, done.stderr), done.stderr
    assert "Traceback" not in done.stderr


# The end of the server


def test_a_server_killed_takes_its_workers_along(tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "2") as server:
        eventually(lambda: len(server.workers()) == 2, "two workers, once the fork for helpers is one of these")
        with grpc.insecure_channel(server.address, OPTIONS) as channel, server.control.held():
            call = Calls(channel).start(at_gate(HOLD + 1))
            server.control.await_held()
            server.process.kill()
            eventually(lambda: not marked(server.mark), "the end of all workers")
            assert refusal_of(call).code is StatusCode.UNAVAILABLE


@pytest.mark.parametrize("whom", ["the server", "its process group"])
def test_sigterm_under_load(whom: str, tmp_path: Path) -> None:
    socket = tmp_path / "socket"
    flags = ["--listen", "127.0.0.1:0", "--listen", f"unix:{socket}", "--queue-entries", "24"]  # one caller gets half
    with running(tmp_path, *flags, own_group=True) as server, contextlib.ExitStack() as stack:
        address_file = Path(_flag(server, "--address-file"))
        assert address_file.exists()
        assert socket.exists()
        first, second = (stack.enter_context(_channel(address)) for address in server.addresses)
        idle = Calls(second).open_stream(_open_until(never := threading.Event()))
        with server.control.held():
            accepted = _accepted(server, Calls(first), 12)
            (os.killpg if whom == "its process group" else os.kill)(server.process.pid, signal.SIGTERM)
            _await_refusals(server)
            assert not any(call.done() for call in accepted), "an accepted call was dropped"
            server.control.release()
            answers = sorted(value(call) for call in accepted)
        assert answers == sorted([*(float(x) ** 2 for x in range(11)), (HOLD + 1) ** 2])
        with contextlib.suppress(grpc.RpcError):
            assert list(idle) == []
        never.set()
        assert server.process.wait(PATIENCE_S) == 0
        assert marked(server.mark) == []
        assert not socket.exists()
        assert not address_file.exists()


def _flag(server: Running, name: str) -> str:
    command: Any = server.process.args
    return str(command[command.index(name) + 1])


def _channel(address: str) -> grpc.Channel:
    return grpc.insecure_channel(address, OPTIONS)


def _open_until(end: threading.Event) -> Iterator[bytes]:
    """A stream of requests that stays open and sends nothing."""
    end.wait(PATIENCE_S)
    yield from ()


def _accepted(server: Running, calls: Calls, room: int) -> list[Call]:
    """Fills the queue, so that it is known that each call was accepted: one at the gate, the others behind it."""
    started = [calls.start(at_gate(HOLD + 1))]
    server.control.await_held()
    started += [calls.start(at_gate(float(x))) for x in range(room - 1)]
    eventually(lambda: calls.refusal(at_gate(1.0), timeout=0.3).reason == "BUSY", "a full queue")
    assert not any(call.done() for call in started)
    return started


def _await_refusals(server: Running) -> None:
    """Waits until new calls on new channels are refused as they should be."""

    def refused() -> bool:
        with _channel(server.address) as channel:
            code = Calls(channel).refusal(at_gate(1.0)).code
        assert code in (StatusCode.UNAVAILABLE, StatusCode.RESOURCE_EXHAUSTED)
        return code is StatusCode.UNAVAILABLE

    eventually(refused, "UNAVAILABLE")


def test_sigterm_while_callers_keep_calling(tmp_path: Path, report: Callable[[str, str], None]) -> None:
    with running(tmp_path) as server, contextlib.ExitStack() as stack:
        channels = [stack.enter_context(_channel(server.address)) for _ in range(4)]
        callers = [_Caller(Calls(channel), number) for number, channel in enumerate(channels * 2)]
        eventually(lambda: all(caller.answered > 20 for caller in callers), "calls under way")
        server.process.terminate()
        for caller in callers:
            caller.thread.join(PATIENCE_S)
        assert {caller.end for caller in callers} == {StatusCode.UNAVAILABLE}
        report("callers until SIGTERM", f"{sum(caller.answered for caller in callers)} calls answered, 0 lost")
        assert server.process.wait(PATIENCE_S) == 0


class _Caller:
    """Calls one after the other until one is not answered."""

    def __init__(self, calls: Calls, number: int) -> None:
        self.answered = 0
        self.end: StatusCode | None = None
        self._calls, self._number = calls, number
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        asked = request("n*x", [axis("x", [float(self._number)]), axis("n", [2.0])])
        while True:
            call = self._calls.start(asked)
            if call.exception() is not None:
                self.end = refusal_of(call).code
                return
            assert value(call) == 2 * self._number
            self.answered += 1


def test_an_idle_open_stream_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with running(tmp_path, "--drain-timeout", "50") as server, _channel(server.address) as channel:
        end = threading.Event()
        stream: Any = Calls(channel).open_stream(_open_until(end))
        watch: Any = Calls(channel).watch_health()
        assert next(watch) == SERVING
        one_more = Calls(channel).stream([(1, at_gate(3.0))])
        assert [answer.id for answer in one_more] == [1]
        server.process.terminate()
        with contextlib.suppress(grpc.RpcError):
            assert list(stream) == []
        assert stream.code() in (StatusCode.OK, StatusCode.UNAVAILABLE)
        with contextlib.suppress(grpc.RpcError):
            assert SERVING not in list(watch)
        end.set()
        assert server.process.wait(20) == 0  # not the 50 s of the drain
