"""Streams of the client for asyncio: sources of requests, failures, and what is left behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc
import pytest

import gridgrad
import gridgrad.aio
from gridgrad_core import errors
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.client.fake import FakeServer, Times, entry, failed_entry, refuse

NEVER_S = 30.0
BUSY = errors.BusyError("", "the queue is full", "retry")


@pytest.fixture
async def client(server: FakeServer) -> AsyncIterator[gridgrad.aio.Client]:
    async with gridgrad.aio.Client(server.address) as connected:
        yield connected


def requests(count: int, **asked: Any) -> list[gridgrad.Request]:
    return [gridgrad.Request("t*k", {"t": [float(n)], "k": [0.0, 1.0]}, tag=n, **asked) for n in range(count)]


async def many(count: int) -> AsyncIterator[gridgrad.Request]:
    for request in requests(count):
        await asyncio.sleep(0)
        yield request


@pytest.mark.parametrize("source", [requests, many])
async def test_a_stream_ties_results_to_their_requests(client: gridgrad.aio.Client, source: Any) -> None:
    results = [result async for result in client.stream(source(50), in_flight=4)]
    assert sorted(result.request.tag for result in results) == list(range(50))
    assert all(result.value[0, 1] == result.request.tag + 1 for result in results)


async def test_requests_are_read_in_step(client: gridgrad.aio.Client) -> None:
    read: list[int] = []

    def source() -> Iterator[gridgrad.Request]:
        for request in requests(50):
            read.append(request.tag)
            yield request

    taken = 0
    async for _ in client.stream(source(), in_flight=3):
        taken += 1
        assert len(read) <= taken + 3
    assert len(read) == 50


async def test_the_first_failure_ends_the_stream_or_stands_in_its_place(
    server: FakeServer, client: gridgrad.aio.Client
) -> None:
    server.stream = lambda messages, _: (
        failed_entry(m, errors.CrashError("", "gone", "")) if m.id == 2 else entry(m) for m in messages
    )
    asked = requests(4)
    with pytest.raises(gridgrad.CrashError) as caught:
        [result async for result in client.stream(asked, in_flight=1)]
    assert caught.value.request is asked[1]
    outcomes = [outcome async for outcome in client.stream(asked, errors="return")]
    assert [type(outcome) for outcome in outcomes].count(gridgrad.CrashError) == 1
    assert len(outcomes) == 4


async def test_busy_entries_and_broken_streams_are_taken_up_again(
    server: FakeServer, client: gridgrad.aio.Client
) -> None:
    decide = Times(2, lambda message: failed_entry(message, BUSY), entry)

    def breaks(messages: Iterator[pb.StreamGridGradientsRequest], context: grpc.ServicerContext) -> Iterator[bytes]:
        yield entry(next(messages))
        refuse(context, errors.UnavailableError("", "stopping", ""))

    server.stream = Times(1, breaks, lambda messages, _: (decide(message) for message in messages))
    results = [result async for result in client.stream(requests(8), in_flight=4)]
    assert sorted(result.request.tag for result in results) == list(range(8))


async def test_a_stream_closed_early_is_cancelled(server: FakeServer, client: gridgrad.aio.Client) -> None:
    cancelled = threading.Event()

    def watched(messages: Iterator[pb.StreamGridGradientsRequest], context: grpc.ServicerContext) -> Iterator[bytes]:
        context.add_callback(cancelled.set)
        return map(entry, messages)

    server.stream = watched
    stream: Any = client.stream(many(100), in_flight=2)
    await anext(stream)
    await stream.aclose()
    assert await asyncio.to_thread(cancelled.wait, NEVER_S)
    assert len(server.entries) <= 4


async def test_a_stream_whose_reader_is_cancelled_leaves_no_task(
    server: FakeServer, client: gridgrad.aio.Client
) -> None:
    server.stream = lambda messages, _: (entry(m) for m in messages if m.id == 1)
    first = asyncio.Event()

    async def read() -> None:
        async for _ in client.stream(requests(3)):
            first.set()

    task = asyncio.create_task(read())
    await first.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    left = [t for t in asyncio.all_tasks() if "gridgrad/aio/" in repr(t)]
    assert not left


async def test_what_the_source_raises_comes_through(client: gridgrad.aio.Client) -> None:
    async def source() -> AsyncIterator[gridgrad.Request]:
        for request in requests(2):
            yield request
        raise LookupError("the caller's own")

    with pytest.raises(LookupError, match="the caller's own"):
        [result async for result in client.stream(source())]


async def test_a_timeout_of_a_stream(server: FakeServer, client: gridgrad.aio.Client) -> None:
    server.stream = lambda messages, _: (entry(m) for m in messages if m.id != 2)
    with pytest.raises(gridgrad.DeadlineError):
        [result async for result in client.stream(requests(3), timeout=0.3)]


async def test_an_empty_stream(client: gridgrad.aio.Client) -> None:
    assert [result async for result in client.stream([])] == []
