"""The asyncio client: the same as the other, and what asyncio adds."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
import gridgrad.aio
from gridgrad_core import errors
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from tests.client.fake import HEALTH, FakeServer, Times, answer, entry, failed_entry, refuse, windows

AXES = {"t": [1.0, 2.0, 4.0], "k": [2.0, 3.0]}
SUMS = np.add.outer([1.0, 2.0, 4.0], [2.0, 3.0])
LARGE = {"t": np.arange(600.0), "k": np.arange(500.0)}
NEVER_S = 30.0
BUSY = errors.BusyError("", "the queue is full", "retry")


@pytest.fixture
async def client(server: FakeServer) -> AsyncIterator[gridgrad.aio.Client]:
    async with gridgrad.aio.Client(server.address) as connected:
        yield connected


def public(kind: type) -> dict[str, Any]:
    return {name: getattr(kind, name) for name in dir(kind) if not name.startswith("_") or name == "__init__"}


def test_it_mirrors_the_other_client() -> None:
    own, other = public(gridgrad.aio.Client), public(gridgrad.Client)
    assert own.keys() == other.keys()
    for name in own.keys() - {"address", "stream", "map", "windows"}:
        assert inspect.signature(own[name]) == inspect.signature(other[name]), name
    for name in ("stream", "map", "windows"):
        assert list(inspect.signature(own[name]).parameters) == list(inspect.signature(other[name]).parameters)
    coroutines = {name for name, member in own.items() if inspect.iscoroutinefunction(member)}
    assert coroutines == own.keys() - {"__init__", "address", "stream", "map", "windows"}


async def test_gradient_by_both_ways(server: FakeServer, client: gridgrad.aio.Client) -> None:
    boxes = [(1, 2, 0, 300_000), (0, 1, 0, 300_000)]
    server.stream = lambda messages, _: (raw for message in messages for raw in windows(message, boxes))
    small, large = await asyncio.gather(client.gradient("t*k", AXES), client.gradient("t*k", LARGE))
    assert_array_equal(small.d["k"], SUMS + 2000)
    assert_array_equal(large.d["k"], np.add.outer(LARGE["t"], LARGE["k"]) + 2000)
    assert (len(server.requests), len(server.entries)) == (1, 1)


async def test_a_result_that_the_server_finds_too_large_is_streamed(
    server: FakeServer, client: gridgrad.aio.Client
) -> None:
    server.unary = lambda _, context: refuse(context, errors.UseStreamError("", "", "call StreamGridGradients"))
    for _ in range(2):
        assert_array_equal((await client.gradient("t*k", AXES)).value, SUMS)
    assert (len(server.requests), len(server.entries)) == (1, 2)


async def test_what_the_server_says_about_itself(server: FakeServer, client: gridgrad.aio.Client) -> None:
    server.plain[methods.SERVER_INFO.path] = lambda _: pb.GetServerInfoResponse(version="1").SerializeToString()
    assert (await client.server_info()).version == "1"
    assert await client.functions() == ()
    server.plain[HEALTH] = Times(2, lambda _: b"\x08\x02", lambda _: b"\x08\x01")
    await client.wait_ready()


async def test_pushback_is_obeyed(server: FakeServer, client: gridgrad.aio.Client) -> None:
    server.unary = Times(2, lambda _, context: refuse(context, BUSY, pushback_ms=1), answer)
    assert_array_equal((await client.gradient("t*k", AXES)).value, SUMS)
    assert len(server.requests) == 3


@pytest.mark.parametrize("reason", sorted(errors.REASONS.keys() - {"USE_STREAM"}))  # which is followed
async def test_every_reason_is_one_exception(server: FakeServer, reason: str) -> None:
    sent = errors.REASONS[reason].error("field", "found", "remedy")
    server.unary = lambda _, context: refuse(context, sent)
    async with gridgrad.aio.Client(server.address, retries=0) as client:
        with pytest.raises(gridgrad.GridgradError) as caught:
            await client.gradient("t*k", AXES)
    assert type(caught.value) is type(sent)
    assert isinstance(caught.value.__cause__, grpc.RpcError)


async def test_nobody_there_is_an_error_within_seconds() -> None:
    async with gridgrad.aio.Client("127.0.0.1:1") as client, asyncio.timeout(NEVER_S):
        with pytest.raises(gridgrad.UnavailableError, match=r"no server answers at 127.0.0.1:1"):
            await client.gradient("t*k", AXES)


async def test_a_timeout_is_the_callers_and_a_cancelled_task_cancels_the_call(
    server: FakeServer, client: gridgrad.aio.Client
) -> None:
    started, cancelled = threading.Event(), threading.Event()

    def slow(_: pb.GridGradientRequest, context: grpc.ServicerContext) -> bytes:
        context.add_callback(cancelled.set)
        started.set()
        cancelled.wait(NEVER_S)
        return b""

    server.unary = slow
    with pytest.raises(gridgrad.DeadlineError, match=r"within 0.2 s"):
        await client.gradient("t*k", AXES, timeout=0.2)
    assert await asyncio.to_thread(cancelled.wait, NEVER_S), "the server learns of the deadline too, if later"
    started.clear()
    cancelled.clear()
    task = asyncio.create_task(client.gradient("t*k", AXES))
    assert await asyncio.to_thread(started.wait, NEVER_S)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(cancelled.wait, NEVER_S)


async def test_a_closed_client_says_so(client: gridgrad.aio.Client) -> None:
    await client.close()
    await client.close()
    with pytest.raises(gridgrad.CallCancelledError, match="closed"):
        await client.gradient("t*k", AXES)


def test_a_client_belongs_to_one_loop(server: FakeServer) -> None:
    client = gridgrad.aio.Client(server.address)

    async def use() -> None:
        await client.gradient("t*k", AXES)

    async def use_and_close() -> None:
        with pytest.raises(gridgrad.RequestError, match="another event loop"):
            await use()

    asyncio.run(use())
    asyncio.run(use_and_close())


# Streams


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
