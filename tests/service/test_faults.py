"""What happens to a server and its machine while callers go on: no call that was accepted is lost."""

from __future__ import annotations

import os
import random
import resource
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from tests.service.calls import OPTIONS, Calls, linspace, request
from tests.service.harness import Running, eventually, running
from tests.service.http2 import http2_caller
from tests.service.load import Load, under_load

STORM = 1000
SPARE_DESCRIPTORS = 4
VANISHING = 20
HELD = request("x*y", [linspace("x", 0, 1, 300), linspace("y", 0, 1, 300)], ["x"])

Report = Callable[[str, str], None]


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with two workers, which die."""
    with running(tmp_path_factory.mktemp("faults"), "--workers", "2") as started:
        yield started


def kill(server: Running, load: Load) -> None:
    """Kills one worker after the other."""
    for worker in server.workers():
        load.await_answers(2)
        os.kill(worker, signal.SIGKILL)
        eventually(lambda: len(server.workers()) == 2 and worker not in server.workers(), "another worker")  # noqa: B023


def stop(server: Running, load: Load) -> None:
    """Stops a worker, as a debugger does or a cluster that takes a machine away."""
    worker = server.workers()[0]
    os.kill(worker, signal.SIGSTOP)
    load.await_answers(2)
    eventually(lambda: server.replaced(worker), "another worker")


def leave_few_descriptors(server: Running, load: Load) -> None:
    """Leaves a few descriptors, and has other callers ask for memory of every size."""
    pid = server.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + SPARE_DESCRIPTORS, before[1]))
    try:
        with grpc.insecure_channel(server.address, OPTIONS) as channel:
            calls = Calls(channel)
            sizes = (linspace("t", 0, 1, 7000 << n % 8) for n in range(40))
            started = [calls.start(request("t*t + 1", [size], ["t"])) for size in sizes]
            codes = Counter(call.exception().code() if call.exception() else grpc.StatusCode.OK for call in started)
        assert set(codes) <= {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED}
        load.await_answers(2)
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def cancel_many(server: Running, load: Load) -> None:
    """Sends many calls and gives all of them up."""
    with grpc.insecure_channel(server.address, OPTIONS) as channel:
        started = [Calls(channel).start(HELD) for _ in range(STORM)]
        for call in started:
            call.cancel()
    load.await_answers(2)


def let_many_expire(server: Running, load: Load) -> None:
    """Sends many calls with next to no time."""
    draw = random.Random(1)  # noqa: S311 - no secret
    with grpc.insecure_channel(server.address, OPTIONS) as channel:
        started = [Calls(channel).start(HELD, timeout=draw.uniform(0.0, 0.003)) for _ in range(STORM)]
        for call in started:
            call.exception()
    load.await_answers(2)


def vanish(server: Running, load: Load) -> None:
    """Opens streams, sends what takes long and resets their connections."""
    message = pb.StreamGridGradientsRequest(id=1, request=HELD).SerializeToString()
    for _ in range(VANISHING):
        with http2_caller(server.address, takes=False) as caller:
            for _ in range(3):
                caller.send(caller.begin(methods.STREAM_GRID_GRADIENTS.path), message, end=False)
            caller.vanish()
    load.await_answers(2)


Fault = Callable[[Running, Load], None]


@pytest.mark.parametrize("fault", [leave_few_descriptors, cancel_many, let_many_expire, vanish])
def test_no_call_is_lost(server: Running, report: Report, fault: Fault) -> None:
    _lose_none(server, report, fault)


@pytest.mark.long
@pytest.mark.parametrize("fault", [kill, stop])
def test_no_call_is_lost_with_a_worker(two_workers: Running, report: Report, fault: Fault) -> None:
    _lose_none(two_workers, report, fault)


def _lose_none(server: Running, report: Report, fault: Fault) -> None:
    logged = server.log.stat().st_size
    with under_load(server.address) as load:
        fault(server, load)
    report(f"callers beside {fault.__name__}", str(load))
    assert "Traceback" not in server.log.read_text()[logged:]
    eventually(lambda: _held(server) == 0, "all places back")


def _held(server: Running) -> int:
    with grpc.insecure_channel(server.address, OPTIONS) as channel:
        ask: Any = channel.unary_unary(methods.SERVER_STATUS.path)
        load = pb.GetServerStatusResponse.FromString(ask(b"")).load
        return load.entries + load.streams
