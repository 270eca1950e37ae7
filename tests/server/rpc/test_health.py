"""The standard health service, by real gRPC and by frames of HTTP/2."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from gridgrad_core.wire import methods
from tests.server.calls import Code, HealthStatus, Serve, refusal, until
from tests.service.http2 import http2_caller

WATCH = "/grpc.health.v1.Health/Watch"
OF_CONNECTION = 16


@pytest.fixture(autouse=True)
def _no_traceback(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing that a stranger asks is logged as an error of ours."""
    yield
    assert not [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]


def asked(service: str = "") -> bytes:
    return health_pb2.HealthCheckRequest(service=service).SerializeToString()


async def test_all_services_are_listed(serve: Serve) -> None:
    serving = await serve()
    stub: Any = health_pb2_grpc.HealthStub(serving.calls.channel)
    messages: Any = health_pb2  # whose types know no List yet
    listed = await stub.List(messages.HealthListRequest())
    assert {name: each.status for name, each in listed.statuses.items()} == {
        "": HealthStatus.SERVING,
        methods.SERVICE: HealthStatus.SERVING,
    }


async def test_another_service_is_not_found_and_the_known_one_named(serve: Serve) -> None:
    serving = await serve()
    check: Any = serving.calls.channel.unary_unary("/grpc.health.v1.Health/Check")
    with pytest.raises(grpc.aio.AioRpcError, match=methods.SERVICE) as refused:
        await check(asked("nobody" * 10_000))
    assert refused.value.code() is Code.NOT_FOUND
    assert len(refused.value.details() or "") < 1000


@pytest.mark.parametrize("method", ["Check", "Watch"])
async def test_bytes_that_are_no_message_are_refused(serve: Serve, method: str) -> None:
    serving = await serve()
    call: Any = serving.calls.channel.unary_unary(f"/grpc.health.v1.Health/{method}")
    code, error, _ = await refusal(call(b"\xff"))
    assert code is Code.INVALID_ARGUMENT
    assert "no grpc.health.v1.HealthCheckRequest" in str(error)


async def test_a_watch_tells_what_changes(serve: Serve) -> None:
    serving = await serve()
    watch: Any = serving.calls.channel.unary_stream(WATCH)
    known, unknown = watch(asked(methods.SERVICE)), watch(asked("nobody"))
    assert await _status(unknown) == HealthStatus.SERVICE_UNKNOWN
    assert await _status(known) == HealthStatus.SERVING
    serving.server.stop()
    assert await _status(known) == HealthStatus.NOT_SERVING


async def test_a_connection_has_a_few_watches_and_its_calls(serve: Serve) -> None:
    serving = await serve()
    watch: Any = serving.calls.channel.unary_stream(WATCH)
    watches = [watch(asked()) for _ in range(OF_CONNECTION)]
    for each in watches:
        assert await _status(each) == HealthStatus.SERVING
    code, error, trailers = await refusal(watch(asked()).read())
    assert code is Code.RESOURCE_EXHAUSTED
    assert "16 watches of health on this connection" in str(error)
    assert "grpc-retry-pushback-ms" in trailers
    async with grpc.aio.insecure_channel(serving.server.addresses[0], _OWN) as other:
        others: Any = other.unary_stream(WATCH)
        assert await _status(others(asked())) == HealthStatus.SERVING
    watches.pop().cancel()
    await _taken(watch)


async def _taken(watch: Any) -> None:
    """Waits until there is a place for a watch again."""
    while True:
        try:
            assert await _status(watch(asked())) == HealthStatus.SERVING
        except grpc.aio.AioRpcError as error:
            assert error.code() is Code.RESOURCE_EXHAUSTED  # noqa: PT017 - it may be refused for a while
            await asyncio.sleep(0.01)
        else:
            return


async def test_a_watch_of_which_nothing_is_taken_is_ended(serve: Serve) -> None:
    serving = await serve(stall_timeout=0.5)
    reading: Any = serving.calls.channel.unary_stream(WATCH)(asked())
    assert await _status(reading) == HealthStatus.SERVING

    with http2_caller(serving.server.addresses[0], takes=False) as unread:
        numbers = {unread.call(WATCH, asked()) for _ in range(OF_CONNECTION)}
        await until(lambda: len(serving.server.parts.health.watches) == OF_CONNECTION + 1)
        await serving.calls.method(methods.SERVER_INFO)  # grpc.aio keeps the last call of a server
        while not numbers <= unread.ended:
            await asyncio.to_thread(unread.pump, 0.1)
    serving.server.parts.health.set(False)  # who reads is told as long as it likes
    assert await _status(reading) == HealthStatus.NOT_SERVING
    reading.cancel()
    await until(lambda: not len(serving.server.parts.health.watches))


async def _status(watch: Any) -> int:
    status: int = HealthStatus.FromString(await watch.read()).status
    return status


_OWN = [("grpc.use_local_subchannel_pool", 1)]
"""A channel with these has a connection of its own."""
