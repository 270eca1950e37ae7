"""The in-flight window of a stream, fed by hand: room, order, failures, and what is sent again."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

import gridgrad
from gridgrad.protocol import error_mapping
from gridgrad.protocol.error_mapping import StreamEnded
from gridgrad.protocol.in_flight import InFlightWindow, SentRequests
from gridgrad.protocol.options import settings_of
from gridgrad.protocol.retry import Attempts
from gridgrad.protocol.routing import Routes
from gridgrad.requests.request import Request
from gridgrad_core import errors
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.client.fake import entry, failed_entry

SETTINGS = settings_of(
    "localhost:1", credentials=None, metadata=None, timeout=None, retries=2, proxy=False, sessions=False, options=()
)
BUSY = errors.BusyError("", "the queue is full", "retry")


def window_of(limit: int = 100, errors: str = "raise", *, in_order: bool = False) -> InFlightWindow:
    return InFlightWindow(limit, errors, in_order, Routes(), SETTINGS)


def request(number: float, text: str = "t*2") -> Request:
    return Request(text, {"t": np.array([number])}, tag=number)


STREAM = SentRequests()
"""What is on the one stream that most of these tests have."""


@pytest.fixture(autouse=True)
def _new_stream() -> None:
    STREAM.clear()


def sent(window: InFlightWindow, stream: SentRequests = STREAM) -> list[pb.StreamGridGradientsRequest]:
    packs = window.outgoing()
    return [pb.StreamGridGradientsRequest.FromString(stream.message(pack)) for pack in packs]


def receive(window: InFlightWindow, raw: bytes, stream: SentRequests = STREAM) -> None:
    window.receive(raw, stream, Attempts(0, None))


def tags(window: InFlightWindow) -> list[Any]:
    found = []
    while (outcome := window.take()) is not None:
        assert outcome.request is not None
        found.append(outcome.request.tag)
    return found


def state(window: InFlightWindow) -> tuple[bool, bool]:
    return window.has_room, window.is_idle


def test_there_is_room_for_as_many_as_were_allowed() -> None:
    window = window_of(2)
    assert state(window) == (True, True)
    window.add(request(0))
    assert state(window) == (True, False)
    window.add(request(1))
    assert state(window) == (False, False)
    for message in sent(window):
        receive(window, entry(message))
    assert state(window) == (False, False), "until an outcome is taken"
    assert tags(window) == [0, 1]
    assert state(window) == (True, True)


def test_large_results_take_the_room_of_many() -> None:
    window = window_of()
    window.add(Request("t", {"t": gridgrad.linspace(0, 1, 10**8)}, order=0))
    assert not window.has_room


def test_outcomes_come_as_they_do_or_in_the_order_of_their_requests() -> None:
    for in_order, wanted in ((False, [2, 1, 0]), (True, [0, 1, 2])):
        window = window_of(in_order=in_order)
        for number in range(3):
            window.add(request(number, f"t*{number}"))
        for message in reversed(sent(window)):
            receive(window, entry(message))
        assert tags(window) == wanted


def test_a_request_that_is_wrong_in_itself_has_its_outcome_at_once() -> None:
    window = window_of(errors="return")
    window.add(Request("t", {"t": "wrong"}, tag="mine"))
    window.add("t*k")
    assert window.outgoing() == []
    assert window.has_outcome
    outcomes = [window.take(), window.take()]
    assert [type(outcome) for outcome in outcomes] == [gridgrad.RequestError] * 2
    assert isinstance(outcomes[0], gridgrad.RequestError)
    assert outcomes[0].request is not None
    assert outcomes[0].request.tag == "mine"


def test_an_error_is_raised_when_its_turn_comes() -> None:
    window = window_of(in_order=True)
    for number in range(2):
        window.add(request(number, f"t*{number}"))
    first, second = sent(window)
    receive(window, failed_entry(second, errors.CrashError("", "gone", "")))
    assert not window.has_outcome
    receive(window, entry(first))
    assert isinstance(window.take(), gridgrad.Result)
    with pytest.raises(gridgrad.CrashError):
        window.take()


def test_a_busy_server_is_asked_again_later_and_in_the_end_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    window = window_of(errors="return")
    window.add(request(1))
    for _ in range(SETTINGS.retries):
        (message,) = sent(window)
        receive(window, failed_entry(message, BUSY))
        due_in_s = window.due_in_s()
        assert due_in_s is not None
        assert 0 < due_in_s < 1
        assert sent(window) == []
        now[0] += due_in_s
    (message,) = sent(window)
    assert window.due_in_s() is None
    receive(window, failed_entry(message, BUSY))
    assert isinstance(window.take(), gridgrad.BusyError)
    assert window.is_idle


def test_a_broken_stream_has_what_was_not_answered_sent_again() -> None:
    window = window_of()
    for number in range(3):
        window.add(request(number, f"t*{number}"))
    before = sent(window)
    receive(window, entry(before[1]))
    window.send_again(STREAM.take_all())
    another = SentRequests()
    after = sent(window, another)
    assert [message.request for message in after] == [before[0].request, before[2].request]
    receive(window, entry(before[0]))  # what the old stream still brings is nobody's
    assert tags(window) == [1]
    for message in after:
        receive(window, entry(message), another)
    assert tags(window) == [0, 2]


def test_an_answer_gives_the_stream_its_attempts_back() -> None:
    window, attempts = window_of(), Attempts(1, None)
    failure = error_mapping.of(StreamEnded(), "localhost:1", None)
    attempts.wait_s(failure)
    window.add(request(1))
    (message,) = sent(window)
    window.receive(entry(message), STREAM, attempts)
    attempts.wait_s(failure)
    with pytest.raises(gridgrad.UnavailableError):
        attempts.wait_s(failure)
