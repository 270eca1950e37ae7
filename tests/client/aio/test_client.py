"""The asyncio client: the same as the other, and what asyncio adds."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator
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
from tests.client.fake import HEALTH, FakeServer, Times, answer, refuse, windows

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
    for name in own.keys() - {"address", "addresses", "stream", "map", "windows"}:
        assert inspect.signature(own[name]) == inspect.signature(other[name]), name
    for name in ("stream", "map", "windows"):
        assert list(inspect.signature(own[name]).parameters) == list(inspect.signature(other[name]).parameters)
    coroutines = {name for name, member in own.items() if inspect.iscoroutinefunction(member)}
    assert coroutines == own.keys() - {"__init__", "address", "addresses", "stream", "map", "windows"}


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


async def test_an_older_server_is_asked_once_and_gets_sums_over_arrays_written_out(
    server: FakeServer, client: gridgrad.aio.Client
) -> None:
    server.plain[methods.SERVER_INFO.path] = lambda _: pb.GetServerInfoResponse(version="0.1.0").SerializeToString()
    n = np.array([1.0, 2.0])
    for _ in range(2):
        await client.gradient("t + sum(n*k)", AXES, coefficients={"n": n})
    [_] = [each async for each in client.stream([gridgrad.Request("t + sum(n*k)", AXES, coefficients={"n": n})])]
    with pytest.raises(errors.UnsupportedError, match="'arrays', which the server's version 0"):
        await client.gradient("t + sum(n*k)", AXES, coefficients={"n": np.ones(513)})
    assert [each.function.expression for each in server.requests] == ["t + (n_0*k + n_1*k)"] * 2
    assert not any(each.features for each in server.requests)
    assert [each.request.function.expression for each in server.entries] == ["t + (n_0*k + n_1*k)"]
    assert len(server.asked) == 2


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
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


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
