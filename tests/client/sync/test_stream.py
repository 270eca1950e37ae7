"""Streams of many requests: order, windows, back-pressure, failures, reconnection."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad_core import errors
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.client.fake import FakeServer, Times, entry, failed_entry, refuse, windows

NEVER_S = 30.0
TOO_LARGE = errors.UseStreamError("result", "7200000 bytes", "call StreamGridGradients")
BUSY = errors.BusyError("", "the queue is full", "retry")


def requests(count: int, **asked: Any) -> list[gridgrad.Request]:
    return [gridgrad.Request("t*k", {"t": [float(n)], "k": [0.0, 1.0]}, tag=n, **asked) for n in range(count)]


def test_a_stream_ties_results_to_their_requests(server: FakeServer, client: gridgrad.Client) -> None:
    def backwards(messages: Iterator[pb.StreamGridGradientsRequest], _: grpc.ServicerContext) -> Iterator[bytes]:
        held = [next(messages) for _ in range(4)]
        yield from map(entry, reversed(held))
        yield from map(entry, messages)

    server.stream = backwards
    asked = requests(10)
    results = list(client.stream(asked, in_flight=4))
    assert [result.request.tag for result in results[:4]] == [3, 2, 1, 0]
    assert sorted(result.request.tag for result in results) == list(range(10))
    assert all(result.request is asked[result.request.tag] for result in results)
    assert all(result.value[0, 1] == result.request.tag + 1 for result in results)


def test_a_stream_of_windows_interleaved(server: FakeServer, client: gridgrad.Client) -> None:
    boxes = [(0, 1, 1, 1), (1, 2, 0, 2), (0, 1, 0, 1)]

    def interleaved(messages: Iterator[pb.StreamGridGradientsRequest], _: grpc.ServicerContext) -> Iterator[bytes]:
        held = [next(messages) for _ in range(3)]
        for raws in zip(*(windows(message, boxes) for message in held), strict=True):
            yield from raws

    server.stream = interleaved
    for result in client.stream(requests(3)):
        assert_array_equal(result.d["k"], [[result.request.tag + 2000, result.request.tag + 2001]])


def test_requests_are_read_in_step(client: gridgrad.Client) -> None:
    read: list[int] = []

    def source() -> Iterator[gridgrad.Request]:
        for request in requests(50):
            read.append(request.tag)
            yield request

    stream = client.stream(source(), in_flight=3)
    assert not read
    for taken, _ in enumerate(stream, 1):
        assert len(read) <= taken + 3
    assert read == list(range(50))


def test_a_request_can_wait_for_an_earlier_result(client: gridgrad.Client) -> None:
    got: list[float] = []

    def source() -> Iterator[gridgrad.Request]:
        for n in range(5):
            assert len(got) == n
            yield gridgrad.Request("t", {"t": [got[-1] + 1 if got else 0.0]}, order=0)

    got.extend(result.value[0] for result in client.stream(source(), in_flight=1))
    assert got == [0, 1, 2, 3, 4]


def test_the_first_failure_ends_the_stream(server: FakeServer, client: gridgrad.Client) -> None:
    server.stream = lambda messages, _: (
        failed_entry(m, errors.CrashError("", "gone", "")) if m.id == 3 else entry(m) for m in messages
    )
    asked = requests(10)
    with pytest.raises(gridgrad.CrashError) as caught:
        list(client.stream(asked, in_flight=1))
    assert caught.value.request is asked[2]
    assert len(server.entries) == 3


def test_failures_can_be_returned_in_their_place(server: FakeServer, client: gridgrad.Client) -> None:
    server.stream = lambda messages, _: (
        failed_entry(m, errors.ExpressionError("", "no", "")) if m.id == 2 else entry(m) for m in messages
    )
    asked = requests(4)
    asked[2] = gridgrad.Request("t*k", {"t": "wrong"}, tag=2)
    outcomes = {outcome.request.tag: outcome for outcome in client.stream(asked, errors="return") if outcome.request}
    assert {tag for tag, outcome in outcomes.items() if isinstance(outcome, gridgrad.Result)} == {0, 3}
    assert isinstance(outcomes[1], gridgrad.ExpressionError)
    assert isinstance(outcomes[2], gridgrad.RequestError)


def test_a_busy_entry_is_sent_again(server: FakeServer, client: gridgrad.Client) -> None:
    decide = Times(3, lambda message: failed_entry(message, BUSY), entry)
    server.stream = lambda messages, _: (decide(message) for message in messages)
    results = list(client.stream(requests(6)))
    assert sorted(result.value[0, 0] for result in results) == list(range(6))
    assert len(server.entries) == 9


def test_a_broken_stream_is_taken_up_again(server: FakeServer, client: gridgrad.Client) -> None:
    def breaks(messages: Iterator[pb.StreamGridGradientsRequest], context: grpc.ServicerContext) -> Iterator[bytes]:
        yield entry(next(messages))
        refuse(context, errors.UnavailableError("", "stopping", ""))

    server.stream = Times(2, breaks, server.stream)
    results = list(client.stream(requests(8), in_flight=4))
    assert sorted(result.value[0, 0] for result in results) == list(range(8))


def test_a_stream_to_nowhere_ends() -> None:
    with gridgrad.Client("127.0.0.1:1", retries=1) as client, pytest.raises(gridgrad.UnavailableError):
        list(client.stream(requests(3)))


def test_a_stream_closed_early_is_cancelled(server: FakeServer, client: gridgrad.Client) -> None:
    cancelled = threading.Event()

    def watched(messages: Iterator[pb.StreamGridGradientsRequest], context: grpc.ServicerContext) -> Iterator[bytes]:
        context.add_callback(cancelled.set)
        return map(entry, messages)

    server.stream = watched
    stream: Any = client.stream(requests(100), in_flight=2)
    next(stream)
    stream.close()
    assert cancelled.wait(NEVER_S)
    assert len(server.entries) <= 4


def test_what_the_source_raises_comes_through(client: gridgrad.Client) -> None:
    def source() -> Iterator[gridgrad.Request]:
        yield from requests(2)
        raise LookupError("the caller's own")

    with pytest.raises(LookupError, match="the caller's own"):
        list(client.stream(source()))


def test_a_timeout_of_a_stream(server: FakeServer, client: gridgrad.Client) -> None:
    server.stream = lambda messages, _: (entry(m) for m in messages if m.id != 2)
    with pytest.raises(gridgrad.DeadlineError):
        list(client.stream(requests(3), timeout=0.3))


def test_an_empty_stream(client: gridgrad.Client) -> None:
    assert list(client.stream([])) == []


@pytest.mark.parametrize("wrong", [{"in_flight": 0}, {"errors": "ignore"}, {"timeout": -1}])
def test_wrong_arguments_of_a_stream_show_at_once(client: gridgrad.Client, wrong: dict[str, Any]) -> None:
    with pytest.raises(gridgrad.RequestError, match=next(iter(wrong))):
        client.stream([], **wrong)


def test_something_else_than_a_request(client: gridgrad.Client) -> None:
    with pytest.raises(gridgrad.RequestError, match=r"gridgrad.Request\("):
        list(client.stream(["t*k"]))  # type: ignore[list-item]  # what the test is about


def test_a_streamed_result_can_go_into_out(client: gridgrad.Client) -> None:
    out = np.empty((3, 1, 2))
    (result,) = client.stream(requests(1, out=out))
    assert np.shares_memory(result.value, out)
    assert out[2, 0, 1] == 2001


def test_large_entries_bound_what_is_in_flight(server: FakeServer, client: gridgrad.Client) -> None:
    large = [gridgrad.Request("t", {"t": gridgrad.linspace(0, 1, 10**9)}, order=0) for _ in range(5)]
    seen = threading.Event()

    def refuse_each(messages: Iterator[pb.StreamGridGradientsRequest], _: grpc.ServicerContext) -> Iterator[bytes]:
        for message in messages:
            seen.set()
            yield failed_entry(message, TOO_LARGE)

    server.stream = refuse_each
    stream = client.stream(large, errors="return")
    for number, _ in enumerate(stream, 1):
        assert len(server.entries) == number
    assert seen.is_set()
