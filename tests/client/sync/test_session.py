"""Sessions at a fake server: when a client takes them, what keeps memory, and what comes of answers gone wrong."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
import gridgrad.aio
from gridgrad_core.errors import REASONS, GridgradError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.error_details import to_detail
from tests.client.fake import FakeServer, header_of, planes_of
from tests.client.fake_session import FakeSessions, Peer

AXES = {"t": [1.0, 2.0, 4.0], "k": [2.0, 3.0]}
SUMS = np.add.outer([1.0, 2.0, 4.0], [2.0, 3.0])
LARGE = {"t": np.arange(300.0), "k": np.arange(200.0)}  # three planes of it are over 1 MB
PATIENCE_S = 20.0


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


# Answers gone wrong


def test_errors_are_those_of_grpc(sessions: FakeSessions, client: gridgrad.Client) -> None:
    client.gradient("t*k", AXES)
    sessions.answer = lambda _, message: refusal(message.id, gridgrad.ExpressionError("function", "'^'", "write **"))
    with pytest.raises(gridgrad.ExpressionError, match=r"write \*\*"):
        client.gradient("t^k", AXES)
    sessions.answer = Peer.leased
    client.gradient("t*k", AXES)
    assert len(sessions.peers) == 1


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


# asyncio
