"""The calls of a session, fed by hand: what is sent, what completes a call, and what is nobody's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad.protocol.error_mapping import EntryFailed
from gridgrad.protocol.leased_memory import LeasedMemory
from gridgrad.protocol.session_messages import PendingCall, SessionCalls, SessionLost, out_of_time, token_message
from gridgrad.requests.prepare import prepare
from gridgrad.requests.request import Request
from gridgrad_core.system import shared_memory
from gridgrad_core.system.framing import FrameReader, framed
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.client.fake import header_of, planes_of

T = np.array([1.0, 2.0, 4.0])


class Peer:
    """A server's memory, and what it answers with."""

    def __init__(self) -> None:
        self.descriptor = shared_memory.create("test", 1 << 16)
        self.memory = LeasedMemory(self.descriptor, 1 << 16)
        self.calls = SessionCalls(self.memory)

    def begin(self, t: Any = T) -> tuple[PendingCall, pb.SessionRequest]:
        pending, message = self.calls.begin(prepare(Request("t", {"t": t})), 1.5, None)
        return pending, read(message)

    def leased(self, message: pb.SessionRequest, offset: int = 0) -> bytes:
        request = pb.GridGradientRequest.FromString(message.request)
        data = planes_of(request).tobytes()
        os.pwrite(self.descriptor, data, offset)
        lease = pb.Lease(number=message.id, offset=offset, size=len(data))
        response = pb.GridGradientResponse(header=header_of(request)).SerializeToString()
        return framed(pb.SessionResponse(id=message.id, lease=lease, response=response).SerializeToString())


def read(message: bytes) -> pb.SessionRequest:
    frames = FrameReader()
    frames.feed(message)
    raw = frames.take()
    assert raw is not None
    assert frames.take() is None
    return pb.SessionRequest.FromString(raw)


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    os.close(made.descriptor)


def test_a_call_is_one_message_and_its_answer_completes_it(peer: Peer) -> None:
    pending, message = peer.begin()
    assert (message.id, message.timeout_s) == (1, 1.5)
    assert np.frombuffer(pb.GridGradientRequest.FromString(message.request).inputs[0].array.data).tolist() == [1, 2, 4]
    completed: list[bool] = []
    pending.on_complete = lambda: completed.append(True)
    answer = peer.leased(message)
    peer.calls.feed(answer[:5])
    assert pending.outcome is None
    peer.calls.feed(answer[5:])
    assert completed == [True]
    assert_array_equal(pending.result().d["t"], 1000 + T)


def test_calls_are_answered_in_any_order_and_in_one_read(peer: Peer) -> None:
    calls = [peer.begin(n * T) for n in range(3)]
    answers = [peer.leased(message, 1024 * n) for n, (_, message) in enumerate(calls)]
    peer.calls.feed(b"".join(reversed(answers)))
    for n, (pending, _) in enumerate(calls):
        assert_array_equal(pending.result().value, n * T)


def test_what_fails_is_that_call_alone(peer: Peer) -> None:
    (first, one), (second, other) = peer.begin(), peer.begin()
    peer.calls.feed(framed(pb.SessionResponse(id=one.id, status=pb.Status(code=3)).SerializeToString()))
    with pytest.raises(EntryFailed) as caught:
        first.result()
    assert caught.value.status.code == 3
    assert second.outcome is None
    peer.calls.feed(peer.leased(other))
    assert_array_equal(second.result().value, T)


def test_a_call_that_was_given_up_is_told_and_its_memory_released(peer: Peer) -> None:
    pending, message = peer.begin()
    news = [peer.calls.has_news]
    assert read(peer.calls.give_up(pending)).cancel == 1
    peer.calls.feed(peer.leased(message))
    assert pending.outcome is None
    news.append(peer.calls.has_news)
    assert list(read(peer.calls.release()).released) == [1]
    assert [*news, peer.calls.has_news] == [False, True, False]


def test_released_memory_is_told_with_the_next_call(peer: Peer) -> None:
    pending, message = peer.begin()
    peer.calls.feed(peer.leased(message))
    result = pending.result()
    pending.outcome = None
    del result
    assert list(peer.begin()[1].released) == [1]
    assert list(peer.begin()[1].released) == []


def test_calls_that_are_made_together_have_one_answer(peer: Peer) -> None:
    calls = [prepare(Request("t", {"t": n * T})) for n in range(3)]
    pending, raw = peer.calls.begin_pack(calls, None)
    message = read(raw)
    asked = pb.StreamGridGradientsRequest.FromString(message.pack)
    assert (message.request, asked.entries) == (b"", 3)
    one = pb.GridGradientRequest.FromString(calls[0].message)
    for n in range(3):
        os.pwrite(peer.descriptor, np.concatenate([n * T, 1000 + n * T]).tobytes(), 64 * n)
    response = pb.GridGradientResponse(header=header_of(one)).SerializeToString()
    answer = pb.SessionResponse(id=message.id, lease=pb.Lease(number=1, size=3 * 64), response=response)
    peer.calls.feed(framed(answer.SerializeToString()))
    assert isinstance(pending.outcome, list)
    for n, result in enumerate(pending.outcome):
        assert_array_equal(result.value, n * T)
        assert_array_equal(result.d["t"], 1000 + n * T)


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        (pb.SessionResponse(status=pb.Status(code=3)), EntryFailed),
        (pb.SessionResponse(lease=pb.Lease(size=64), response=b""), gridgrad.InternalError),
    ],
)
def test_calls_that_are_made_together_fail_together(
    peer: Peer, answer: pb.SessionResponse, raised: type[Exception]
) -> None:
    pending, raw = peer.calls.begin_pack([prepare(Request("t", {"t": n * T})) for n in range(3)], None)
    answer.id = read(raw).id
    peer.calls.feed(framed(answer.SerializeToString()))
    assert isinstance(pending.outcome, raised)


def test_a_lost_session_ends_all_its_calls(peer: Peer) -> None:
    calls = [peer.begin()[0] for _ in range(2)]
    peer.calls.lose(SessionLost("gone"))
    for pending in calls:
        with pytest.raises(SessionLost, match="gone"):
            pending.result()


def test_what_is_no_message_is_an_error(peer: Peer) -> None:
    peer.begin()
    with pytest.raises(gridgrad.InternalError):
        peer.calls.feed(framed(b"\xff\xff"))


def test_a_left_memory_has_no_windows_awaited(peer: Peer) -> None:
    pending, message = peer.begin()
    peer.memory.leave()
    peer.calls.feed(framed(pb.SessionResponse(id=message.id, window=pb.Window(points=1)).SerializeToString()))
    with pytest.raises(SessionLost):
        pending.result()


def test_the_first_message_has_the_token_alone() -> None:
    assert read(token_message(b"secret")) == pb.SessionRequest(token=b"secret")


def test_out_of_time_is_a_deadline() -> None:
    assert out_of_time().status.code == 4  # of google.rpc.Code
