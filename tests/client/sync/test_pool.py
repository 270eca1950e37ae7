"""When a client takes a session, keeps it and leaves it for another."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
import gridgrad.aio
from gridgrad_core.errors import REASONS, GridgradError, UseStreamError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.error_details import to_detail
from tests.client.fake import FakeServer
from tests.client.fake_session import FakeSessions, Peer

AXES = {"t": [1.0, 2.0, 4.0], "k": [2.0, 3.0]}
SUMS = np.add.outer([1.0, 2.0, 4.0], [2.0, 3.0])


@pytest.fixture
def client(server: FakeServer) -> Iterator[gridgrad.Client]:
    with gridgrad.Client(server.address) as connected:
        connected.gradient("t*k", AXES)
        yield connected


def refusal(number: int, error: GridgradError) -> pb.SessionResponse:
    status = pb.Status(code=REASONS[error.reason].code, message=str(error), detail=to_detail(error))
    return pb.SessionResponse(id=number, status=status)


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


def test_a_server_that_makes_no_packs_is_sent_them_by_grpc(sessions: FakeSessions, client: gridgrad.Client) -> None:
    client.gradient("t*k", AXES)
    many = [{"t": [1.0, n], "k": [2.0, 3.0]} for n in range(1, 9)]
    results = list(client.map("t*k", many))
    assert [result.value[1, 0] for result in results] == [n + 2.0 for n in range(1, 9)]
    assert (sessions.offers, sessions.peers[0].calls) == (1, 1)
    client.gradient("t*k", AXES)
    assert sessions.peers[0].calls == 2


def test_packs_of_a_session_that_breaks_go_by_grpc(sessions: FakeSessions, client: gridgrad.Client) -> None:
    sessions.has_packs = True
    client.gradient("t*k", AXES)
    many = [{"t": [1.0, n], "k": [2.0, 3.0]} for n in range(1, 9)]
    sessions.on_pack = lambda peer, _: peer.close()
    results = list(client.map("t*k", many))
    assert [result.value[1, 0] for result in results] == [n + 2.0 for n in range(1, 9)]
    sessions.on_pack = lambda peer, message: peer.send(refusal(message.id, UseStreamError("", "found", "remedy")))
    results = list(client.map("t*k", many))
    assert [result.value[1, 0] for result in results] == [n + 2.0 for n in range(1, 9)]
    sessions.on_pack = lambda *_: None
    for _ in range(2):
        client.gradient("t*k", AXES)
    with pytest.raises(gridgrad.DeadlineError):
        list(client.map("t*k", many, timeout=0.3))


def test_a_server_without_sessions_is_seldom_asked(client: gridgrad.Client, server: FakeServer) -> None:
    before = len(server.metadata)
    for _ in range(5):
        client.gradient("t*k", AXES)
    assert len(server.requests) == 6
    assert len(server.metadata) == before + 5
    assert len(client._sessions) == 0


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


def test_a_call_under_way_is_cancelled_by_close(sessions: FakeSessions, server: FakeServer) -> None:
    client = gridgrad.Client(server.address)
    client.gradient("t*k", AXES)

    def close(_: Peer, __: pb.SessionRequest) -> None:
        client.close()

    sessions.answer = close
    with pytest.raises(gridgrad.CallCancelledError):
        client.gradient("t*k", AXES)


@pytest.mark.usefixtures("sessions")
def test_a_client_that_is_dropped_leaves_its_session_without_a_word(server: FakeServer) -> None:
    client = gridgrad.Client(server.address)
    for _ in range(2):
        result = client.gradient("t*k", AXES)
    assert len(client._sessions) == 1
    del client
    gc.collect()  # an unclosed socket would be an error here
    assert_array_equal(result.value, SUMS)
