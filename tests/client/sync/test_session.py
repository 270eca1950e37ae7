"""Sessions at a fake server: when a client takes them, what keeps memory, and what comes of answers gone wrong."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
import gridgrad.aio
from gridgrad.protocol.retry import OpeningBackoff
from gridgrad_core.errors import REASONS, GridgradError, UseStreamError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.error_details import to_detail
from tests.client.fake import FakeServer, header_of, planes_of
from tests.client.fake_session import FakeSessions, Peer

AXES = {"t": [1.0, 2.0, 4.0], "k": [2.0, 3.0]}
SUMS = np.add.outer([1.0, 2.0, 4.0], [2.0, 3.0])
LARGE = {"t": np.arange(300.0), "k": np.arange(200.0)}  # three planes of it are over 1 MB
PATIENCE_S = 20.0


@pytest.fixture
def sessions(server: FakeServer) -> Iterator[FakeSessions]:
    fake = FakeSessions(server)
    yield fake
    fake.stop()


@pytest.fixture
def client(server: FakeServer) -> Iterator[gridgrad.Client]:
    with gridgrad.Client(server.address) as connected:
        connected.gradient("t*k", AXES)
        yield connected


def until(look: Callable[[], object]) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while not look():
        assert time.monotonic() < give_up_at
        time.sleep(0.005)


def refusal(number: int, error: GridgradError) -> pb.SessionResponse:
    status = pb.Status(code=REASONS[error.reason].code, message=str(error), detail=to_detail(error))
    return pb.SessionResponse(id=number, status=status)


# When a client takes a session


def test_the_second_call_goes_by_a_session(sessions: FakeSessions, client: gridgrad.Client, server: FakeServer) -> None:
    assert sessions.offers == 0
    for _ in range(5):
        result = client.gradient("t*k", AXES)
        assert_array_equal(result.value, SUMS)
        assert_array_equal(result.d["k"], 2000 + SUMS)
    assert (sessions.offers, len(sessions.peers), len(server.requests)) == (1, 1, 1)
    assert result.info.batch_size == 3
    assert not result.value.flags.writeable


@pytest.mark.parametrize("way", ["argument", "environment", "elsewhere"])
def test_there_are_ways_to_have_none(
    sessions: FakeSessions, server: FakeServer, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "environment":
        monkeypatch.setenv("GRIDGRAD_SESSIONS", "0")
    address = server.address if way != "elsewhere" else server.address.replace("127.0.0.1", "[::ffff:127.0.0.1]")
    with gridgrad.Client(address, sessions=way != "argument") as client:
        for _ in range(3):
            assert_array_equal(client.gradient("t*k", AXES).value, SUMS)
    assert sessions.offers == 0


@pytest.mark.parametrize(
    ("target", "is_near"),
    [
        ("localhost:1", True),
        ("127.0.0.1:1", True),
        ("[::1]:1", True),
        ("unix:/run/s", True),
        ("unix-abstract:s", True),
        ("dns:///localhost:1", True),
        ("ipv4:127.0.0.1:1", True),
        ("localhost.example.com:1", False),
        ("10.0.0.1:1", False),
        ("dns://8.8.8.8/localhost:1", False),
        ("ipv4:10.1.1.1:127", False),
    ],
)
def test_which_addresses_are_of_this_machine(target: str, is_near: bool) -> None:
    with gridgrad.Client(target) as client:
        assert client._settings.sessions is is_near


def test_a_server_without_sessions_is_seldom_asked(client: gridgrad.Client, server: FakeServer) -> None:
    before = len(server.metadata)
    for _ in range(5):
        client.gradient("t*k", AXES)
    assert len(server.requests) == 6
    assert len(server.metadata) == before + 5
    assert len(client._sessions) == 0


def test_memory_without_seals_is_not_mapped(sessions: FakeSessions, client: gridgrad.Client) -> None:
    sessions.is_sealed = False
    for _ in range(3):
        assert_array_equal(client.gradient("t*k", AXES).value, SUMS)
    assert (sessions.offers, len(client._sessions)) == (1, 0)


@pytest.mark.usefixtures("sessions")
def test_the_socket_of_another_user_is_left(client: gridgrad.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert_array_equal(client.gradient("t*k", AXES).value, SUMS)
    assert len(client._sessions) == 0


# What keeps memory


def released(client: gridgrad.Client, sessions: FakeSessions) -> list[int]:
    """What the server has heard of releases after one more call."""
    gc.collect()
    client.gradient("t*k", AXES)
    return sessions.peers[-1].released


def test_a_part_is_released_when_the_last_view_is_gone(sessions: FakeSessions, client: gridgrad.Client) -> None:
    result = client.gradient("t*k", AXES)
    view = result.d["t"][1:][:, 0]
    derived = np.lib.stride_tricks.sliding_window_view(view, 1).reshape(-1)
    del result, view
    assert released(client, sessions) == []
    assert_array_equal(derived, 1000 + SUMS[1:, 0])
    del derived
    assert released(client, sessions) == [2, 1]


def test_other_owners_keep_a_part_too(sessions: FakeSessions, client: gridgrad.Client) -> None:
    value: Any = client.gradient("t*k", AXES).value
    buffer = memoryview(value)
    del value
    assert released(client, sessions) == []
    assert np.asarray(buffer)[2, 1] == SUMS[2, 1]
    del buffer
    assert sorted(released(client, sessions)) == [1, 2]


def test_a_large_part_is_released_at_once(sessions: FakeSessions, client: gridgrad.Client) -> None:
    sessions.size = 1 << 26
    client.gradient("t*k", LARGE)
    until(lambda: sessions.peers[0].released == [1])


def test_a_copy_and_out_keep_nothing(sessions: FakeSessions, client: gridgrad.Client) -> None:
    out = np.empty((3, 3, 2))
    result = client.gradient("t*k", AXES, out=out)
    copy = client.gradient("t*k", AXES).copy()
    assert sorted(released(client, sessions)) == [1, 2]
    assert_array_equal(out[2], 2000 + SUMS)
    assert result.value.base is out
    assert copy.value.flags.writeable


def test_results_outlive_the_client(sessions: FakeSessions, server: FakeServer) -> None:
    with gridgrad.Client(server.address) as client:
        for _ in range(2):
            result = client.gradient("t*k", AXES)
    until(lambda: not sessions.peers[0].receive() if sessions.peers[0].connection.fileno() >= 0 else True)
    assert_array_equal(result.d["k"], 2000 + SUMS)


# Answers gone wrong


def test_errors_are_those_of_grpc(sessions: FakeSessions, client: gridgrad.Client) -> None:
    client.gradient("t*k", AXES)
    sessions.answer = lambda _, message: refusal(message.id, gridgrad.ExpressionError("function", "'^'", "write **"))
    with pytest.raises(gridgrad.ExpressionError, match=r"write \*\*"):
        client.gradient("t^k", AXES)
    sessions.answer = Peer.leased
    client.gradient("t*k", AXES)
    assert len(sessions.peers) == 1


def test_a_busy_server_is_asked_again(sessions: FakeSessions, client: gridgrad.Client, server: FakeServer) -> None:
    busy = iter([True, True])

    def answer(peer: Peer, message: pb.SessionRequest) -> pb.SessionResponse:
        return refusal(message.id, gridgrad.BusyError("", "full")) if next(busy, False) else peer.leased(message)

    sessions.answer = answer
    assert_array_equal(client.gradient("t*k", AXES).value, SUMS)
    assert len(server.requests) == 1


def test_what_wants_a_stream_goes_by_grpc(sessions: FakeSessions, client: gridgrad.Client, server: FakeServer) -> None:
    error = UseStreamError("", "no room", "call StreamGridGradients for it")
    sessions.answer = lambda _, message: refusal(message.id, error)
    assert_array_equal(client.gradient("t*k", AXES).value, SUMS)
    assert len(server.requests) == 2
    assert len(client._sessions) == 1


def window(peer: Peer, message: pb.SessionRequest, first: int, count: int) -> pb.SessionResponse:
    """The rows of a grid from one on, in memory that was not used before."""
    request = pb.GridGradientRequest.FromString(message.request)
    planes = planes_of(request)
    rows = np.ascontiguousarray(planes[:, first : first + count])
    number = peer.calls = peer.calls + 1
    os.pwrite(peer.memory, rows.tobytes(), 64 * 1024 * (number % 4))
    width, last = planes.shape[2], first + count == planes.shape[1]
    answer = pb.SessionResponse(
        id=message.id,
        lease=pb.Lease(number=number, offset=64 * 1024 * (number % 4), size=rows.nbytes),
        window=pb.Window(planes=len(planes), first_point=first * width, points=count * width),
        last=last,
    )
    if last or not first:
        answer.response = pb.GridGradientResponse(header=header_of(request)).SerializeToString()
    return answer


def by_windows(peer: Peer, message: pb.SessionRequest) -> None:
    for first in range(0, 300, 10):
        while peer.calls >= 4 and peer.calls - 3 not in peer.released:
            peer.receive()
        peer.send(window(peer, message, first, 10))


def test_a_large_result_comes_window_by_window(
    sessions: FakeSessions, client: gridgrad.Client, server: FakeServer
) -> None:
    sessions.answer = by_windows
    out = np.empty((3, 300, 200))
    seen: list[tuple[int, int]] = []
    got = client.gradient("t*k", LARGE, out=out, progress=lambda *points: seen.append(points))
    assert_array_equal(got.value, LARGE["t"][:, None] + LARGE["k"])
    assert got.value.base is out
    assert seen == [(200 * rows, 60_000) for rows in range(10, 301, 10)]
    own = client.gradient("t*k", LARGE)
    assert_array_equal(own.value, got.value)
    assert not own.value.flags.writeable
    assert len(server.requests) == 1


@pytest.mark.parametrize("wrong", ["outside", "too short", "incomplete", "no header"])
def test_windows_that_make_no_sense_end_the_session(
    sessions: FakeSessions, client: gridgrad.Client, wrong: str
) -> None:
    def answer(peer: Peer, message: pb.SessionRequest) -> pb.SessionResponse:
        bad = window(peer, message, 0, 10)
        if wrong == "outside":
            bad.window.first_point = 59_000
        elif wrong == "too short":
            bad.lease.size -= 8
        elif wrong == "incomplete":
            bad.last = True
        else:
            bad.ClearField("response")
        return bad

    sessions.answer = answer
    with pytest.raises(gridgrad.InternalError):
        client.gradient("t*k", LARGE)
    assert len(client._sessions) == 0


def test_what_fails_among_windows_is_told(sessions: FakeSessions, client: gridgrad.Client) -> None:
    def answer(peer: Peer, message: pb.SessionRequest) -> pb.SessionResponse:
        peer.send(window(peer, message, 0, 10))
        return refusal(message.id, gridgrad.CrashError("", "two workers died", "do not send it again"))

    sessions.answer = answer
    with pytest.raises(gridgrad.CrashError):
        client.gradient("t*k", LARGE)
    assert len(client._sessions) == 1


def test_inline_answers_are_read_too(sessions: FakeSessions, client: gridgrad.Client) -> None:
    sessions.answer = Peer.inline
    result = client.gradient("t*k", AXES)
    assert_array_equal(result.value, SUMS)
    assert not result.value.flags.writeable


def test_a_session_that_breaks_costs_the_caller_nothing(
    sessions: FakeSessions, client: gridgrad.Client, server: FakeServer
) -> None:
    def hang_up(peer: Peer, _: pb.SessionRequest) -> None:
        peer.close()

    sessions.answer = hang_up
    assert_array_equal(client.gradient("t*k", AXES).value, SUMS)
    assert len(server.requests) == 2
    sessions.answer = Peer.leased
    assert_array_equal(client.gradient("t*k", AXES).value, SUMS)
    assert len(server.requests) == 2
    assert len(sessions.peers) == 2


def test_a_session_that_ended_while_idle_costs_nothing(
    sessions: FakeSessions, client: gridgrad.Client, server: FakeServer
) -> None:
    client.gradient("t*k", AXES)
    sessions.peers[0].close()
    assert_array_equal(client.gradient("t*k", AXES).value, SUMS)
    assert len(server.requests) == 2


@pytest.mark.parametrize("wrong", ["no message", "beyond", "another size", "another dtype"])
def test_an_answer_that_makes_no_sense_ends_the_session(
    sessions: FakeSessions, client: gridgrad.Client, wrong: str
) -> None:
    def answer(peer: Peer, message: pb.SessionRequest) -> pb.SessionResponse | None:
        good = peer.leased(message)
        if wrong == "no message":
            peer.connection.sendall(b"\x02\x00\x00\x00\xff\xff")
            return None
        if wrong == "beyond":
            good.lease.offset = peer.size - 8
        elif wrong == "another size":
            good.lease.size -= 8
        else:
            response = pb.GridGradientResponse.FromString(good.response)
            response.header.dtype = 9  # type: ignore[assignment] # none of the schema
            good.response = response.SerializeToString()
        return good

    sessions.answer = answer
    with pytest.raises(gridgrad.InternalError):
        client.gradient("t*k", AXES)
    assert len(client._sessions) == 0


def test_a_late_answer_is_not_taken_for_another(sessions: FakeSessions, client: gridgrad.Client) -> None:
    late: list[pb.SessionResponse] = []

    def keep(peer: Peer, message: pb.SessionRequest) -> None:
        late.append(peer.leased(message))

    sessions.answer = keep
    with pytest.raises(gridgrad.DeadlineError):
        client.gradient("t*k", {"t": [9.0], "k": [9.0]}, timeout=0.3)
    until(lambda: sessions.peers[0].cancelled == [1])

    def both(peer: Peer, message: pb.SessionRequest) -> pb.SessionResponse:
        if late:
            peer.send(late.pop())
        return peer.leased(message)

    sessions.answer = both
    assert_array_equal(client.gradient("t*k", AXES).value, SUMS)
    assert 1 in released(client, sessions)
    assert len(sessions.peers) == 1


def test_a_large_request_goes_over_in_parts(sessions: FakeSessions, client: gridgrad.Client) -> None:
    sessions.size = 1 << 26
    field = np.arange(1 << 20, dtype=float)
    result = client.gradient("f", {"f": ("x", field)}, wrt=["f"])
    assert_array_equal(result.value, field)


def test_a_call_under_way_is_cancelled_by_close(sessions: FakeSessions, server: FakeServer) -> None:
    client = gridgrad.Client(server.address)
    client.gradient("t*k", AXES)

    def close(_: Peer, __: pb.SessionRequest) -> None:
        client.close()

    sessions.answer = close
    with pytest.raises(gridgrad.CallCancelledError):
        client.gradient("t*k", AXES)


def test_tries_to_open_come_less_and_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    backoff = OpeningBackoff(True)
    assert not backoff.may_try()
    backoff.succeeded()
    tries = []
    for _ in range(300):
        now[0] += 1
        if backoff.may_try():
            tries.append(now[0])
            backoff.failed()
    pauses = np.diff(tries)
    assert list(pauses[:5]) == [1, 2, 4, 8, 16]
    assert max(pauses) == 60


# asyncio


async def opened(client: gridgrad.aio.Client) -> None:
    for _ in range(2):
        await client.gradient("t*k", AXES)
    assert len(client._sessions) == 1


async def test_asyncio_shares_one_session(sessions: FakeSessions, server: FakeServer) -> None:
    async with gridgrad.aio.Client(server.address) as client:
        await opened(client)
        results: list[Any] = await asyncio.gather(*(client.gradient("t*k", {"t": [n], "k": [1.0]}) for n in range(20)))
        assert [result.value.item() for result in results] == [n + 1 for n in range(20)]
        assert len(server.requests) == 1
        del results
        await asyncio.sleep(0)  # until then the loop holds what it has woken this test with
        gc.collect()
        await client.gradient("t*k", AXES)
        assert sorted(sessions.peers[0].released) == list(range(1, 22))


async def test_asyncio_goes_on_by_grpc_when_the_session_breaks(sessions: FakeSessions, server: FakeServer) -> None:
    def hang_up(peer: Peer, _: pb.SessionRequest) -> None:
        peer.close()

    async with gridgrad.aio.Client(server.address) as client:
        await opened(client)
        sessions.answer = hang_up
        assert_array_equal((await client.gradient("t*k", AXES)).value, SUMS)
        assert len(server.requests) == 2
        sessions.answer = Peer.leased
        assert_array_equal((await client.gradient("t*k", AXES)).value, SUMS)
        assert len(server.requests) == 2
        assert len(client._sessions) == 1


async def test_asyncio_gives_up_by_timeout_and_by_cancelling(sessions: FakeSessions, server: FakeServer) -> None:
    async with gridgrad.aio.Client(server.address) as client:
        await opened(client)
        sessions.answer = lambda _, __: None
        with pytest.raises(gridgrad.DeadlineError):
            await client.gradient("t*k", AXES, timeout=0.1)
        call = asyncio.create_task(client.gradient("t*k", AXES))
        await asyncio.sleep(0.05)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        give_up_at = time.monotonic() + PATIENCE_S
        while sessions.peers[0].cancelled != [2, 3]:
            assert time.monotonic() < give_up_at
            await asyncio.sleep(0.005)


@pytest.mark.usefixtures("sessions")
def test_a_client_that_is_dropped_leaves_its_session_without_a_word(server: FakeServer) -> None:
    client = gridgrad.Client(server.address)
    for _ in range(2):
        result = client.gradient("t*k", AXES)
    assert len(client._sessions) == 1
    del client
    gc.collect()  # an unclosed socket would be an error here
    assert_array_equal(result.value, SUMS)


def test_releases_from_many_threads_are_all_told(sessions: FakeSessions, server: FakeServer) -> None:
    sessions.size = 1 << 28
    with gridgrad.Client(server.address) as client:
        client.gradient("t*k", AXES)
        results = [client.gradient("t*k", LARGE if n % 2 else AXES) for n in range(40)]
        threads = [threading.Thread(target=results.pop) for _ in range(40)]
        for thread in threads:
            thread.start()
        for _ in range(20):
            client.gradient("t*k", AXES)
        for thread in threads:
            thread.join()
        client.gradient("t*k", AXES)
        until(lambda: sorted(set(sessions.peers[0].released)) == list(range(1, 61)))
    assert len(sessions.peers[0].released) == 60
