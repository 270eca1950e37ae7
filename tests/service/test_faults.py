"""What happens to a server and its machine while callers go on: no call that was accepted is lost."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

import gridgrad
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from gridgrad_worker.native.toolchain import find_compiler
from tests.service.calls import OPTIONS, Calls, linspace, request
from tests.service.harness import Running, eventually, running
from tests.service.http2 import http2_caller
from tests.service.load import TEXT, Load, under_load

STORM = 1000
SPARE_DESCRIPTORS = 4
VANISHING = 20
LITTLE_MEMORY = 8 << 20
MANY_POINTS = np.linspace(0.0, 1.0, 4_000_000)
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
            sizes = (linspace("t", 0, 1, 7000 << n % 5) for n in range(40))
            started = [calls.start(request("t*t + 1", [size], ["t"])) for size in sizes]
            found = {(call.code().name, call.details()) for call in started if call.exception()}
        assert all(code == "RESOURCE_EXHAUSTED" for code, _ in found), found
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


def limit_memory(server: Running, load: Load) -> None:
    """Leaves a worker little memory, while somebody asks for more than that."""
    worker = server.workers()[0]
    before = resource.prlimit(worker, resource.RLIMIT_AS)
    used = int(Path(f"/proc/{worker}/statm").read_text().split()[0]) * resource.getpagesize()
    resource.prlimit(worker, resource.RLIMIT_AS, (used + LITTLE_MEMORY, before[1]))
    with gridgrad.Client(server.address, sessions=False) as client:
        with pytest.raises(gridgrad.TooLargeError, match="out of memory"):
            client.gradient(gridgrad.registered("gate"), {"x": MANY_POINTS}, order=2)
        load.await_answers(2)
        resource.prlimit(worker, resource.RLIMIT_AS, before)
        result = client.gradient(gridgrad.registered("gate"), {"x": MANY_POINTS}, order=2)
    assert (result.value == MANY_POINTS**2).all()
    assert server.workers()[0] == worker


Fault = Callable[[Running, Load], None]


@pytest.mark.parametrize("fault", [leave_few_descriptors, cancel_many, let_many_expire, vanish])
def test_no_call_is_lost(server: Running, report: Report, fault: Fault) -> None:
    _lose_none(server, report, fault)


@pytest.mark.long
@pytest.mark.parametrize("fault", [kill, stop])
def test_no_call_is_lost_with_a_worker(two_workers: Running, report: Report, fault: Fault) -> None:
    _lose_none(two_workers, report, fault)


@pytest.mark.long
def test_no_call_is_lost_beside_one_that_takes_all_memory(server: Running, report: Report) -> None:
    _lose_none(server, report, limit_memory)


def _lose_none(server: Running, report: Report, fault: Fault) -> None:
    logged = server.log.stat().st_size
    with under_load(server.address) as load:
        fault(server, load)
    report(f"callers beside {fault.__name__}", str(load))
    said = server.log.read_text()[logged:]
    assert "Traceback" not in said, said
    eventually(lambda: _held(server) == 0, "all places back")


def _held(server: Running) -> int:
    with grpc.insecure_channel(server.address, OPTIONS) as channel:
        ask: Any = channel.unary_unary(methods.SERVER_STATUS.path)
        load = pb.GetServerStatusResponse.FromString(ask(b"")).load
        return load.entries + load.streams


# The disk and the compiler


COMPILER = """#!/bin/sh
case "$*" in *--version*) exec {real} "$@" ;; esac
if [ -e {folder}/kill ]; then kill -9 $$; fi
exec {real} "$@"
"""
LITTLE_ROOM = 1 << 14
"""Bytes of a file: the source is less, and what a compiler makes of it more."""


@contextlib.contextmanager
def no_room(server: Running, _: Path) -> Iterator[None]:
    """What a worker forks for compiling can't write a large file, as on a full disk; a small one, it can there too."""
    (worker,) = server.workers()
    forks = [int(pid) for pid in Path(f"/proc/{worker}/task/{worker}/children").read_text().split()]
    for pid in forks:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (LITTLE_ROOM, resource.RLIM_INFINITY))
    yield
    for pid in forks:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@contextlib.contextmanager
def killed_compiler(_: Running, folder: Path) -> Iterator[None]:
    """The compiler is killed."""
    (folder / "kill").touch()
    yield
    (folder / "kill").unlink()


@pytest.mark.long
@pytest.mark.skipif(find_compiler() is None, reason="there is no C++ compiler")
@pytest.mark.parametrize(("trouble", "said"), [(no_room, "File size limit exceeded"), (killed_compiler, "SIGKILL")])
def test_what_a_full_disk_or_a_killed_compiler_kept_is_made_later(
    tmp_path: Path,
    report: Report,
    trouble: Callable[[Running, Path], contextlib.AbstractContextManager[None]],
    said: str,
) -> None:
    compiler = tmp_path / "c++"
    compiler.write_text(COMPILER.format(real=find_compiler(), folder=tmp_path))
    compiler.chmod(0o700)
    environment = {"GRIDGRAD_COMPILE": "1", "GRIDGRAD_CACHE": str(tmp_path / "cache"), "CXX": str(compiler)}
    with running(tmp_path, environment=environment) as server, gridgrad.Client(server.address) as client:
        begun = contextlib.ExitStack()
        begun.enter_context(trouble(server, tmp_path))
        with begun, under_load(server.address) as load:
            first = client.prepare(TEXT, ["t", "k"])
            assert first.tier == "direct"
            assert "it is tried again when it is prepared" in first.reason
            assert said in first.reason
            begun.close()
            assert client.prepare(TEXT, ["t", "k"]).tier == "compiled"
            load.await_answers(2)
        report(f"callers beside the trouble {trouble.__name__!r} of a compiler", str(load))
        assert client.gradient(TEXT, {"t": [1.0], "k": [2.0]}, tier="compiled").value.item() == 10


@pytest.mark.long
@pytest.mark.skipif(find_compiler() is None, reason="there is no C++ compiler")
def test_a_cache_that_was_damaged_is_made_anew(tmp_path: Path, report: Report) -> None:
    environment = {"GRIDGRAD_COMPILE": "1", "GRIDGRAD_CACHE": str(tmp_path / "cache")}
    (tmp_path / "before").mkdir()
    with running(tmp_path / "before", environment=environment) as server, gridgrad.Client(server.address) as client:
        assert client.prepare(TEXT, ["t", "k"]).tier == "compiled"
    for library in (tmp_path / "cache").rglob("*.so"):
        library.write_bytes(library.read_bytes()[:1000])
    for manifest in (tmp_path / "cache").rglob("manifest.json"):
        deep = manifest.parent.with_name("a" * 64)
        deep.mkdir(mode=0o700)
        (deep / manifest.name).write_text("[" * 60_000)
    with running(tmp_path, environment=environment) as server, gridgrad.Client(server.address) as client:
        with under_load(server.address) as load:
            assert client.prepare(TEXT, ["t", "k"]).tier == "compiled"
        report("callers beside a damaged cache", str(load))
