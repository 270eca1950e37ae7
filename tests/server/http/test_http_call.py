"""A call by HTTP as handlers of gRPC see it: its caller, its time, and its end."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import grpc
import pytest

from gridgrad_server.http.http_body import Gone
from gridgrad_server.http.http_call import HttpCall, request_id_of
from gridgrad_server.http.http_errors import CallEnded
from gridgrad_server.requests.client_id import caller_of
from tests.server.calls import Serve, until
from tests.server.http.asking import address


def call_of(*messages: Any, client: tuple[str, int] = ("10.0.0.1", 7), **headers: str) -> HttpCall:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    left = list(messages)

    async def receive() -> Any:
        if not left:
            await asyncio.Event().wait()
        return left.pop(0)

    async def send(_: Any) -> None:
        """Nobody looks."""

    scope = {"headers": named, "client": client, "request_id": "1", "path": "/", "query_string": b""}
    return HttpCall(scope, receive, send, 100, 1.0)


BODY = {"type": "http.request", "body": b"abc"}


def test_callers_are_named_as_by_grpc() -> None:
    assert call_of().peer() == "ipv4:10.0.0.1:7"
    assert call_of(client=("::1", 7)).peer() == "ipv6:[::1]:7"
    assert caller_of(call_of().context).startswith("ipv4:10.0.0.1 ")
    named = {caller_of(call_of(client=("10.0.0.1", port), gridgrad_client_id="me").context) for port in (1, 2)}
    assert len(named) == 1


async def test_a_time_that_is_over_ends_the_call() -> None:
    call = call_of(connect_timeout_ms="10")
    with pytest.raises(CallEnded, match="timeout") as ended:
        async with call.handled():
            await asyncio.Event().wait()
    assert ended.value.reason == "DEADLINE"
    remaining_s = call.time_remaining()
    assert remaining_s is not None
    assert remaining_s <= 0


@pytest.mark.parametrize("text", ["", "-1", "1.5", "1e3", "12345678901"])
async def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(CallEnded, match="milliseconds"):
        async with call_of(connect_timeout_ms=text).handled():
            pass


async def test_a_caller_who_leaves_ends_the_call_once_it_was_read() -> None:
    call = call_of(BODY, {"type": "http.disconnect"})
    ended: list[object] = []
    call.add_done_callback(ended.append)

    async def handle() -> None:
        async with call.handled():
            assert await call.read() == b"abc"
            await asyncio.Event().wait()

    with pytest.raises(Gone):
        await handle()
    with pytest.raises(Gone):
        await call.write(b"")
    call.end()
    call.end()
    assert ended == [call]


async def test_a_cancellation_from_elsewhere_is_one() -> None:
    async def handle() -> None:
        async with call_of().handled():
            await asyncio.Event().wait()

    task = asyncio.create_task(handle())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_abort_ends_the_call() -> None:
    with pytest.raises(CallEnded) as ended:
        await call_of().abort(grpc.StatusCode.UNIMPLEMENTED, "no")
    assert (ended.value.code, ended.value.status) == (12, 501)


@pytest.mark.parametrize(("given", "is_taken"), [("abc-1", True), ("a" * 81, False), ("a b", False), ("é", False)])
def test_the_id_of_a_request_is_the_callers_if_it_is_short_and_plain(given: str, is_taken: bool) -> None:
    scope = {"headers": [(b"x-request-id", given.encode())]}
    assert (request_id_of(scope) == given) is is_taken
    assert len(request_id_of({"headers": []})) == 32


async def test_who_closes_the_connection_gives_his_place_back(serve: Serve) -> None:
    serving = await serve(http="127.0.0.1:0")
    admission = serving.server.parts.admission
    _, writer = await asyncio.open_connection(*address(serving))
    body = json.dumps({"registered": "hangs", "inputs": {"x": [1]}}).encode()
    head = (
        "POST /v1/gradient HTTP/1.1",
        "host: localhost",
        "content-type: application/json",
        f"content-length: {len(body)}",
    )
    writer.write("\r\n".join((*head, "", "")).encode() + body)
    await until(lambda: admission.requests == 1)
    writer.close()
    await until(lambda: admission.requests == 0)
