"""Random requests at a running server, by every method and over the socket of a session.

Whatever comes is answered or refused by name, what others ask meanwhile is answered, the processes stay, and so does
their memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

import gridgrad
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from tests.seeds import examples, seed
from tests.server.local_sessions.callers import Caller
from tests.service.calls import OPTIONS, axis, grids, request
from tests.service.harness import Running, eventually, own_mib, running
from tests.service.random_requests import METHODS, changed, random_message, random_request

COUNT = 10_000
WARM = 4_000
"""After some 2,300 of them a worker grows by 20 MiB at once, and hardly any more from there on."""
LONGER_WARM = 50
"""The parsed texts that a server keeps fill up within some 150,000 requests."""
LONGER = 100
AT_ONCE = 16
OF_SESSIONS = 2_000
MIB = 16.0
"""How much memory a process may have more after all of them, when its caches were filled by others."""
PATIENCE_S = 60.0
GOOD = request("t*k + 2*t*k**2", [axis("t", [1.0, 2.0, 4.0]), axis("k", [2.0, 3.0])], ["t"])
GOOD_PLANES = [[[10, 21], [20, 42], [40, 84]], [[10, 21], [10, 21], [10, 21]]]
PATHS = (*METHODS, methods.GRID_GRADIENT.path, methods.GRID_GRADIENT.path, methods.STREAM_GRID_GRADIENTS.path)
OURS = {code.value[0] for code in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.ABORTED)}
"""Statuses that none of these requests may get: the fault would be the server's."""

Report = Callable[[str, str], None]


@pytest.fixture(scope="module")
def strangers_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that computes little for each request."""
    with running(tmp_path_factory.mktemp("strangers"), "--request-cost", str(1 << 16)) as started:
        yield started


@pytest.mark.random
@pytest.mark.timeout(examples(300, 12))
def test_random_requests_by_every_method(strangers_server: Running, report: Report) -> None:
    before, count = strangers_server.workers(), examples(COUNT, LONGER)
    warm = WARM * LONGER_WARM if count > COUNT else WARM
    with _runner() as run:
        run(_asked(strangers_server.address, range(warm)))
        own = _own(strangers_server)
        statuses = run(_asked(strangers_server.address, range(warm, warm + count)))
    grown = [now - then for now, then in zip(_own(strangers_server), own, strict=True)]
    report("random requests", f"{dict(statuses)}, server and worker grew by {grown[0]:.1f} and {grown[1]:.1f} MiB")
    assert strangers_server.workers() == before, "a worker was lost"
    assert statuses["OK"] > count / 20, "nearly everything is refused"
    assert max(grown) < MIB


@contextlib.contextmanager
def _runner() -> Iterator[Callable[[Any], Any]]:
    with asyncio.Runner() as runner:
        yield runner.run


def _own(server: Running) -> list[float]:
    return [own_mib(pid) for pid in (server.process.pid, *server.workers())]


async def _asked(address: str, numbers: range) -> Counter[str]:
    """Asks with many at once; returns how often each status came."""
    statuses: Counter[str] = Counter()
    waiting = iter(numbers)
    async with grpc.aio.insecure_channel(address, OPTIONS) as channel:

        async def ask_on() -> None:
            for number in waiting:
                statuses[await _ask(channel, number)] += 1
                if number % 100 == 0:
                    await _control(channel)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(ask_on())
    return statuses


async def _ask(channel: grpc.aio.Channel, number: int) -> str:
    draw = random.Random(seed(number))  # noqa: S311 - no secret
    raw, path = random_message(draw), draw.choice(PATHS)
    status = grpc.StatusCode.OK
    try:
        if path in METHODS:
            call: Any = channel.unary_unary(path)
            await call(raw, timeout=PATIENCE_S)
        else:
            await _stream(channel, raw)
    except grpc.aio.AioRpcError as error:
        status = error.code()
    at_fault = status.value[0] in OURS or status is grpc.StatusCode.DEADLINE_EXCEEDED
    assert not at_fault, f"{status} by {path}, seed {seed(number)}: {raw!r}"
    return str(status.name)


async def _stream(channel: grpc.aio.Channel, raw: bytes) -> None:
    async def sent() -> AsyncIterator[bytes]:
        yield raw

    opened: Any = channel.stream_stream(methods.STREAM_GRID_GRADIENTS.path)
    async for answer in opened(sent(), timeout=PATIENCE_S):
        status = pb.StreamGridGradientsResponse.FromString(answer).status
        assert status.code not in OURS, f"{status}\n{raw!r}"


async def _control(channel: grpc.aio.Channel) -> None:
    call: Any = channel.unary_unary(methods.GRID_GRADIENT.path)
    answer = await call(GOOD.SerializeToString(), timeout=PATIENCE_S)
    assert grids(pb.GridGradientResponse.FromString(answer)).tolist() == GOOD_PLANES


@pytest.mark.random
def test_random_messages_over_the_socket_of_a_session(strangers_server: Running, report: Report) -> None:
    before = strangers_server.workers()
    with _runner() as run:
        run(_over_sessions(strangers_server.address, range(-1, 0)))  # which has the server listen
        eventually(lambda: _sessions(strangers_server) == 0, "the end of the first session")
        descriptors = _descriptors(strangers_server)
        sessions = run(_over_sessions(strangers_server.address, range(examples(OF_SESSIONS))))
    report("random messages of sessions", f"{sessions} sessions for {examples(OF_SESSIONS)} messages")
    assert strangers_server.workers() == before, "a worker was lost"
    eventually(lambda: _descriptors(strangers_server) <= descriptors, "the end of the last session's descriptors")


async def _over_sessions(address: str, numbers: range) -> int:
    """Sends messages in a session until the server hangs up, then in another; returns how many it took."""
    async with grpc.aio.insecure_channel(address, OPTIONS) as channel:
        sessions, waiting = 0, iter(numbers)
        while (number := next(waiting, None)) is not None:
            sessions += 1
            offered: Any = channel.unary_unary(methods.OPEN_SESSION.path)
            offer = pb.OpenSessionResponse.FromString(await offered(b"", timeout=PATIENCE_S))
            caller = Caller(offer.socket)
            with contextlib.closing(caller):
                await caller.greet(offer.token)
                while number is not None and await _is_answered(caller, number):
                    number = next(waiting, None)
            await _control(channel)
    return sessions


async def _is_answered(caller: Caller, number: int) -> bool:
    """Whether the session goes on after a random message."""
    draw = random.Random(seed(number))  # noqa: S311 - no secret
    asked = pb.SessionRequest(id=number + 1, request=random_request(draw).SerializeToString())
    raw = changed(draw, asked)
    try:
        if draw.random() < 0.02:
            await caller.send_raw(struct.pack("<I", draw.choice((0, 1, 1 << 20, 0xFFFFFFFF))) + raw)
            return False
        await caller.send_bytes(raw)
        await caller.ask(GOOD)
        while (answer := await caller.receive()) is not None:
            assert answer.status.code not in OURS, f"{answer.status}\n{raw!r}"
            if answer.HasField("lease"):
                await caller.send(released=[answer.lease.number])
            response = pb.GridGradientResponse.FromString(answer.response)
            if response.data and grids(response).tolist() == GOOD_PLANES:
                return True
    except (BrokenPipeError, ConnectionResetError):
        pass
    return False


def _sessions(server: Running) -> int:
    with gridgrad.Client(server.address, sessions=False) as client:
        return client.server_status().load.sessions


def _descriptors(server: Running) -> int:
    """How many of the server's descriptors are sockets or memory of sessions; slots of batches come and go."""
    count = 0
    for link in Path(f"/proc/{server.process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            count += os.readlink(link).startswith(("socket:", "/memfd:gridgrad-session"))
    return count
