"""Sessions at a server in this process, whose callers are raw sockets and misbehave as they like."""

from __future__ import annotations

import array
import asyncio
import contextlib
import itertools
import mmap
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from gridgrad_server.local_sessions import manager as sessions_module
from gridgrad_server.local_sessions import session as session_module
from tests.server.conftest import Serving

POINTS = 1000  # a result of 16,000 bytes, more than goes over the socket
PATIENCE_S = 20.0


class Caller:
    """A caller at the socket of sessions."""

    def __init__(self, name: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        self.socket.connect(f"\0{name}")
        self.memory: mmap.mmap | None = None
        self.descriptors = array.array("i")
        self._received = b""
        self._numbers = itertools.count(1)

    async def send(self, **fields: Any) -> None:
        await self.send_bytes(pb.SessionRequest(**fields).SerializeToString())

    async def send_bytes(self, message: bytes) -> None:
        await self.send_raw(struct.pack("<I", len(message)) + message)

    async def send_raw(self, raw: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.socket, raw)

    async def receive(self) -> pb.SessionResponse | None:
        """The next message; None when the server has hung up."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self._received) < 4 or len(self._received) < 4 + struct.unpack_from("<I", self._received)[0]:
                try:
                    part, ancillary, _, _ = self.socket.recvmsg(1 << 16, 1024)
                except BlockingIOError:
                    await readable(self.socket)
                    continue
                except ConnectionResetError:
                    part, ancillary = b"", []
                for _, _, raw in ancillary:
                    self.descriptors.frombytes(raw)
                if not part:
                    return None
                self._received += part
        end = 4 + struct.unpack_from("<I", self._received)[0]
        message, self._received = self._received[4:end], self._received[end:]
        return pb.SessionResponse.FromString(message)

    async def answer(self) -> pb.SessionResponse:
        response = await self.receive()
        assert response is not None, "the server hung up"
        return response

    async def hung_up(self) -> bool:
        return await self.receive() is None

    async def greet(self, token: bytes) -> None:
        await self.send(token=token)
        first = await self.answer()
        self.memory = mmap.mmap(self.descriptors[0], first.memory_bytes, mmap.MAP_SHARED, mmap.PROT_READ)

    async def ask(self, request: pb.GridGradientRequest | None = None, **fields: Any) -> int:
        number = next(self._numbers)
        await self.send(id=number, request=(request or grid()).SerializeToString(), **fields)
        return number

    def numbers(self, lease: pb.Lease) -> list[float]:
        assert self.memory is not None
        return numbers(self.memory[lease.offset : lease.offset + lease.size])

    def close(self) -> None:
        self.socket.close()
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors = array.array("i")
        self.memory = None


def numbers(data: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(data) // 8}d", data))


async def readable(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(connection, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(connection)


def grid(points: int = POINTS, function: str | None = None) -> pb.GridGradientRequest:
    what = pb.Function(registered=function) if function else pb.Function(expression="x")
    axis = pb.Input(name="x", dims=["x"], linspace=pb.Linspace(start=0, stop=1, num=points))
    return pb.GridGradientRequest(function=what, inputs=[axis], derivatives=[pb.Derivative(wrt=["x"])])


async def offer(serving: Serving) -> pb.OpenSessionResponse:
    return pb.OpenSessionResponse.FromString(await serving.calls.method(methods.OPEN_SESSION))


Opening = Callable[..., Awaitable[Caller]]


@pytest.fixture
def opening() -> Iterator[Opening]:
    """Opens sessions; ends them after the test."""
    opened = []

    async def open_session(serving: Serving) -> Caller:
        offered = await offer(serving)
        caller = Caller(offered.socket)
        opened.append(caller)
        await caller.greet(offered.token)
        return caller

    yield open_session
    for caller in opened:
        caller.close()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.002)


def response_of(answer: pb.SessionResponse) -> pb.GridGradientResponse:
    return pb.GridGradientResponse.FromString(answer.response)


async def test_results_lie_in_the_memory(serve: Any, opening: Opening) -> None:
    caller = await opening(await serve())
    number = await caller.ask()
    answer = await caller.answer()
    assert answer.id == number
    assert (answer.lease.size, answer.lease.offset % 64) == (2 * 8 * POINTS, 0)
    assert caller.numbers(answer.lease) == [*range(POINTS), *range(1_000_000, 1_000_000 + POINTS)]
    header = response_of(answer).header
    assert (list(header.shape), list(header.dims), header.info.device) == ([POINTS], ["x"], "cpu")


async def test_a_grid_of_many_pieces_lies_there_in_one(serve: Any, opening: Opening) -> None:
    caller = await opening(await serve(piece_cost=64, workers=2))
    await caller.ask()
    answer = await caller.answer()
    assert caller.numbers(answer.lease) == [*range(POINTS), *range(1_000_000, 1_000_000 + POINTS)]


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_grid_that_is_computed_quickly_has_fewer_pieces(serve: Any, opening: Opening, workers: int) -> None:
    serving = await serve(piece_cost=1 << 16, workers=workers)
    caller, batches, leases = await opening(serving), [0], []
    for _ in range(2):
        await caller.ask(grid(1 << 17))
        leases.append((await caller.answer()).lease)
        batches.append(serving.server.parts.scheduler.batches)
    assert batches == [0, 4, 6]  # the worker says 1 ms for a tile; they may take 2
    assert caller.numbers(leases[0]) == caller.numbers(leases[1])


async def test_each_worker_gets_a_piece(serve: Any, opening: Opening) -> None:
    serving = await serve(piece_cost=1 << 16, workers=3)
    caller, batches = await opening(serving), [0]
    for _ in range(2):
        await caller.ask(grid(1 << 17))
        await caller.answer()
        batches.append(serving.server.parts.scheduler.batches)
    assert batches == [0, 4, 7]


async def test_small_results_go_over_the_socket(serve: Any, opening: Opening) -> None:
    caller = await opening(await serve())
    await caller.ask(grid(3))
    answer = await caller.answer()
    assert not answer.HasField("lease")
    assert numbers(response_of(answer).data) == [0, 1, 2, 1e6, 1e6 + 1, 1e6 + 2]


async def occupied(serving: Serving, caller: Caller) -> int:
    """Gives the worker two batches, the first of which takes a while; returns how many answers are to come."""
    scheduler = serving.server.parts.scheduler
    for _ in range(10):
        await caller.ask(grid(function="slow"))
    await until(lambda: scheduler.batches == 1)
    await caller.ask(grid(function="slow"))
    await until(lambda: scheduler.batches == 2)
    return 11


async def test_calls_of_sessions_and_of_grpc_share_a_batch(serve: Any, opening: Opening) -> None:
    serving = await serve()
    callers = [await opening(serving) for _ in range(2)]
    await occupied(serving, callers[0])
    for caller in callers:
        await caller.ask()
    response = await serving.calls.grid(grid())
    assert response.header.info.batch_size == 3


async def test_places_are_used_again_when_they_are_released(serve: Any, opening: Opening) -> None:
    caller = await opening(await serve())
    await caller.ask()
    first = (await caller.answer()).lease
    await caller.ask()
    second = (await caller.answer()).lease
    assert second.offset != first.offset
    await caller.ask(released=[first.number])
    third = (await caller.answer()).lease
    assert third.offset == first.offset
    assert third.number != first.number


async def test_a_full_memory_falls_back_to_the_socket(serve: Any, opening: Opening) -> None:
    caller = await opening(await serve(session_bytes=1 << 16, unary_result_bytes=20_000))
    answers = []
    for _ in range(5):
        await caller.ask()
        answers.append(await caller.answer())
    assert [answer.HasField("lease") for answer in answers] == [True] * 4 + [False]
    assert numbers(response_of(answers[4]).data) == caller.numbers(answers[0].lease)
    await caller.ask(grid(2000))
    refused = await caller.answer()
    assert refused.status.detail.reason == pb.ERROR_REASON_TOO_LARGE
    assert refused.status.detail.closer_reason == pb.ERROR_REASON_USE_STREAM
    assert "StreamGridGradients" in refused.status.detail.remedy


LONG = 20_000  # a result of 320,000 bytes
CRAMPED = {"session_bytes": 1 << 16, "unary_result_bytes": 20_000, "piece_cost": 512}


async def windows(caller: Caller, at_once: int, points: int = LONG) -> dict[int, float]:
    """What comes in windows, of which the caller releases none before he has so many."""
    taken: dict[int, float] = {}
    held: list[int] = []
    while True:
        answer = await caller.answer()
        assert answer.HasField("lease"), answer.status
        part, values = answer.window, caller.numbers(answer.lease)
        assert (part.planes, part.first_plane, len(values)) == (2, 0, 2 * part.points)
        for plane in range(2):
            for i, value in enumerate(values[plane * part.points : (plane + 1) * part.points]):
                taken[plane * points + part.first_point + i] = value
        assert bool(answer.response) == (answer.last or len(taken) == 2 * part.points)
        if answer.last:
            assert list(response_of(answer).header.shape) == [points]
            await caller.send(released=[*held, answer.lease.number])
            return taken
        held.append(answer.lease.number)
        if len(held) == at_once:
            await caller.send(released=held)
            held = []


@pytest.mark.parametrize("at_once", [1, 3, 4])
async def test_a_result_larger_than_the_memory_comes_in_windows(serve: Any, opening: Opening, at_once: int) -> None:
    serving = await serve(**CRAMPED)
    caller = await opening(serving)
    await caller.ask(grid(LONG))
    taken = await windows(caller, at_once)
    assert len(taken) == 2 * LONG
    await until(lambda: serving.server.parts.admission.requests == 0)
    await caller.ask()  # all of the memory is free again
    assert (await caller.answer()).HasField("lease")


async def test_windows_wait_until_earlier_ones_are_released(serve: Any, opening: Opening) -> None:
    serving = await serve(**CRAMPED)
    caller = await opening(serving)
    await caller.ask(grid(LONG))
    leases = [(await caller.answer()).lease for _ in range(4)]
    assert len({lease.offset for lease in leases}) == 4
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await caller.receive()
    await caller.send(released=[leases[2].number])
    assert (await caller.answer()).lease.offset == leases[2].offset


async def test_windows_that_are_not_released_end_the_session(
    serve: Any, opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "STALLED_AFTER_S", 0.1)
    monkeypatch.setattr(sessions_module, "_CHECK_EVERY_S", 0.05)
    serving = await serve(**CRAMPED)
    caller = await opening(serving)
    await caller.ask(grid(LONG))
    while await caller.receive() is not None:
        pass
    await until(lambda: serving.server.parts.admission.requests == 0)
    assert serving.server.parts.budget.taken_bytes == 0


async def test_a_call_in_windows_can_be_given_up(serve: Any, opening: Opening) -> None:
    serving = await serve(**CRAMPED)
    caller = await opening(serving)
    number = await caller.ask(grid(LONG))
    first = await caller.answer()
    await caller.send(cancel=number)
    leases = [first.lease.number]
    while not (answer := await caller.answer()).HasField("status"):
        leases.append(answer.lease.number)
    await caller.ask(grid(LONG), released=leases)
    assert len(await windows(caller, 1)) == 2 * LONG


async def test_a_window_is_computed_again_when_its_worker_dies(serve: Any, opening: Opening) -> None:
    points = 1300  # few tiles, since each of them costs a worker
    caller = await opening(await serve(**{**CRAMPED, "session_bytes": 1 << 14}))
    await caller.ask(grid(points, function="kills_once"))
    taken = await windows(caller, 2, points)
    assert [taken[i] for i in range(points)] == [*range(points)]


async def test_what_is_wrong_with_a_request_is_told(serve: Any, opening: Opening) -> None:
    caller = await opening(await serve())
    await caller.ask(pb.GridGradientRequest(function=pb.Function(expression="y +")))
    assert (await caller.answer()).status.detail.reason == pb.ERROR_REASON_EXPRESSION
    await caller.ask(grid(function="fails"))
    assert (await caller.answer()).status.detail.found == "it raised"
    await caller.ask()
    assert (await caller.answer()).HasField("lease")


async def test_limits_hold_in_sessions_too(serve: Any, opening: Opening) -> None:
    serving = await serve(queue_entries=2)
    caller = await opening(serving)
    for _ in range(3):
        await caller.ask(grid(function="slow"))
    answers = [await caller.answer() for _ in range(3)]
    assert answers[0].status.detail.reason == pb.ERROR_REASON_BUSY
    assert all(answer.HasField("lease") for answer in answers[1:])
    await until(lambda: serving.server.parts.admission.requests == 0)
    assert serving.server.parts.admission.held_bytes == 0


async def test_a_call_that_is_given_up_is_answered_and_leaves_nothing(serve: Any, opening: Opening) -> None:
    serving = await serve()
    caller = await opening(serving)
    numbers = [await caller.ask(grid(function="slow")) for _ in range(4)]
    await caller.send(cancel=numbers[3])
    await caller.send(cancel=99)
    answers = {answer.id: answer for answer in [await caller.answer() for _ in range(4)]}
    assert answers[numbers[3]].status.detail.reason == pb.ERROR_REASON_CANCELLED
    assert all(answers[number].HasField("lease") for number in numbers[:3])
    await until(lambda: serving.server.parts.admission.requests == 0)


async def test_a_deadline_passes_in_the_queue(serve: Any, opening: Opening) -> None:
    serving = await serve()
    caller = await opening(serving)
    others = await occupied(serving, caller)
    late = await caller.ask(timeout_s=0.01)
    answers = {answer.id: answer for answer in [await caller.answer() for _ in range(others + 1)]}
    assert answers[late].status.detail.reason == pb.ERROR_REASON_DEADLINE


# Who is let in


async def test_a_token_serves_once(serve: Any) -> None:
    serving = await serve()
    offered = await offer(serving)
    first, second = Caller(offered.socket), Caller(offered.socket)
    await first.greet(offered.token)
    await second.send(token=offered.token)
    assert await second.hung_up()
    await first.ask()
    assert (await first.answer()).HasField("lease")
    first.close()
    second.close()


@pytest.mark.parametrize("greeting", [b"", b"\x0a\x20" + bytes(32), b"\xff\xff", b"\x7a\x00"])
async def test_without_a_token_nobody_is_let_in(serve: Any, greeting: bytes) -> None:
    serving = await serve()
    await offer(serving)
    caller = Caller((await offer(serving)).socket)
    await caller.send_bytes(greeting)
    assert await caller.hung_up()
    assert not caller.descriptors
    assert len(serving.server.parts.sessions) == 0
    caller.close()


async def test_a_token_does_not_serve_for_long(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions_module, "TOKEN_FOR_S", -1.0)
    offered = await offer(await serve())
    caller = Caller(offered.socket)
    await caller.send(token=offered.token)
    assert await caller.hung_up()
    caller.close()


async def test_who_does_not_greet_is_let_go(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions_module, "AUTHENTICATE_WITHIN_S", 0.05)
    caller = Caller((await offer(await serve())).socket)
    await caller.send_raw(b"\x01")
    assert await caller.hung_up()
    caller.close()


async def test_another_user_is_hung_up_on(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions_module, "peer_uid", lambda _: os.geteuid() + 1)
    serving = await serve()
    offered = await offer(serving)
    caller = Caller(offered.socket)
    with contextlib.suppress(ConnectionError):
        await caller.send(token=offered.token)
    assert await caller.hung_up()
    assert not caller.descriptors
    caller.close()


async def test_a_server_without_sessions(serve: Any) -> None:
    serving = await serve(sessions=0)
    with pytest.raises(grpc.aio.AioRpcError, match="--sessions") as raised:
        await offer(serving)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_who_asks_and_does_not_come_keeps_nobody_out(serve: Any, opening: Opening) -> None:
    serving = await serve(sessions=2)
    for _ in range(3000):
        serving.server.parts.sessions.open("somebody")
    for _ in range(2):
        await (caller := await opening(serving)).ask()
        assert (await caller.answer()).HasField("lease")


async def test_sessions_are_bounded(serve: Any, opening: Opening) -> None:
    serving = await serve(sessions=2)
    offered = await offer(serving)
    first = await opening(serving)
    await opening(serving)
    with pytest.raises(grpc.aio.AioRpcError, match="raise --sessions"):
        await offer(serving)
    late = Caller(offered.socket)
    await late.send(token=offered.token)
    assert await late.hung_up()
    late.close()
    first.close()
    await until(lambda: len(serving.server.parts.sessions) == 1)
    await opening(serving)


# What may come over the socket


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param(struct.pack("<I", (1 << 26) + 1), id="too long a message"),
        pytest.param(struct.pack("<I", 3) + b"\xff\xff\xff", id="no message"),
        pytest.param(struct.pack("<I", 2) + b"\x22\x05", id="cut short"),
        pytest.param(struct.pack("<I", 3) + b"\x22\x01\x07", id="a lease that it has not"),
        pytest.param(struct.pack("<I", 3) + b"\x7a\x01\x00", id="a call without a number"),
        pytest.param(struct.pack("<I", 1 << 20) + b"half", id="half a message"),
    ],
)
async def test_a_hostile_message_ends_the_session_and_harms_nobody(
    serve: Any, opening: Opening, hostile: bytes
) -> None:
    serving = await serve()
    good, bad = await opening(serving), await opening(serving)
    await bad.ask(grid(function="slow"))
    await bad.send_raw(hostile)
    bad.socket.shutdown(socket.SHUT_WR)
    while await bad.receive():
        pass
    await until(lambda: len(serving.server.parts.sessions) == 1)
    await good.ask()
    assert (await good.answer()).HasField("lease")
    await until(lambda: serving.server.parts.admission.requests == 0)


async def test_a_number_twice_ends_the_session(serve: Any, opening: Opening) -> None:
    caller = await opening(await serve())
    for _ in range(2):
        await caller.send(id=5, request=grid(function="slow").SerializeToString())
    assert await caller.hung_up()


async def test_a_lease_can_be_released_once(serve: Any, opening: Opening) -> None:
    caller = await opening(await serve())
    await caller.ask()
    lease = (await caller.answer()).lease
    await caller.send(released=[lease.number, lease.number])
    assert await caller.hung_up()


async def test_who_reads_nothing_is_read_no_further_and_let_go(
    serve: Any, opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "STALLED_AFTER_S", 0.1)
    monkeypatch.setattr(sessions_module, "_CHECK_EVERY_S", 0.05)
    serving = await serve(session_bytes=4096)  # all answers come over the socket
    caller = await opening(serving)
    most = 0

    async def flood() -> None:
        nonlocal most
        with contextlib.suppress(ConnectionError):
            while True:
                await caller.ask(grid(20_000))
                most = max(most, serving.server.parts.admission.requests)

    flooding = asyncio.create_task(flood())
    await until(lambda: len(serving.server.parts.sessions) == 0)
    await flooding
    assert 0 < most <= session_module.MOST_CALLS
    await until(lambda: serving.server.parts.admission.requests == 0)
    assert serving.server.parts.admission.held_bytes == 0


async def test_draining_refuses_calls_and_answers_those_accepted(serve: Any, opening: Opening) -> None:
    serving = await serve()
    caller = await opening(serving)
    accepted = await caller.ask(grid(function="slow"))
    await until(lambda: serving.server.parts.admission.requests)
    serving.server.stop()
    refused = await caller.ask()
    answers = {answer.id: answer for answer in [await caller.answer() for _ in range(2)]}
    assert answers[accepted].HasField("lease")
    assert answers[refused].status.detail.reason == pb.ERROR_REASON_UNAVAILABLE
    assert await caller.hung_up()
    assert caller.numbers(answers[accepted].lease)[:3] == [0, 1, 2]


# What becomes of memory


async def test_a_retry_writes_to_the_same_place_after_the_worker_is_gone(serve: Any, opening: Opening) -> None:
    caller = await opening(await serve())
    await caller.ask(grid(function="kills_once"))
    answer = await caller.answer()
    assert caller.numbers(answer.lease)[:3] == [0, 1, 2]


async def test_a_session_that_ends_under_a_call_leaves_nothing(serve: Any, opening: Opening) -> None:
    serving = await serve()
    caller = await opening(serving)
    for _ in range(4):
        await caller.ask(grid(function="slow"))
    await until(lambda: serving.server.parts.admission.requests == 4)
    caller.close()
    await until(lambda: not serving.server.parts.budget.arenas)
    assert serving.server.parts.budget.taken_bytes == 0
    assert (await serving.calls.grid(grid())).header.info.device == "cpu"


def descriptors() -> int:
    """How many of this process are sockets or memories of sessions; slots of batches come and go."""
    count = 0
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            count += link.readlink().name.startswith(("socket:", "memfd:gridgrad-session"))
    return count


def mapped(pid: int) -> int:
    return Path(f"/proc/{pid}/maps").read_text().count("/memfd:gridgrad-session")


async def test_workers_forget_the_memory_of_sessions_that_ended(serve: Any, opening: Opening) -> None:
    serving = await serve()
    pid = serving.server.parts.workers.running[0].pid
    caller = await opening(serving)
    await caller.ask()
    await caller.answer()
    assert mapped(pid) == 1
    caller.close()
    await until(lambda: mapped(pid) == 0)


async def test_ten_thousand_sessions_leave_nothing(serve: Any) -> None:
    serving = await serve()
    await (one := await opened(serving)).ask()
    one.close()
    await until(lambda: len(serving.server.parts.sessions) == 0)
    left = descriptors(), len(asyncio.all_tasks())
    for number in range(10_000):
        caller = await opened(serving)
        if number % 10 == 0:
            await caller.ask()
            if number % 20 == 0:
                await caller.answer()
        caller.close()
    await until(lambda: len(serving.server.parts.sessions) == 0 and not serving.server.parts.budget.arenas)
    await until(lambda: serving.server.parts.admission.requests == 0)
    assert (descriptors(), len(asyncio.all_tasks())) == left
    assert serving.server.parts.budget.taken_bytes == 0
    assert mapped(os.getpid()) == 0
    await until(lambda: mapped(serving.server.parts.workers.running[0].pid) == 0)


async def opened(serving: Serving) -> Caller:
    offered = serving.server.parts.sessions.open("a caller")  # what the call would answer
    caller = Caller(offered.socket)
    await caller.greet(offered.token)
    return caller
