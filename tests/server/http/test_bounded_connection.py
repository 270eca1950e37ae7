"""Connections of callers who send or read too slowly end; those of others go on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from gridgrad_server.http import bounded_connection
from gridgrad_server.http.http_server import HttpServer

Start = Callable[[Any, float], Awaitable[tuple[str, int]]]
HEAD = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\n\r\n"


async def greet(scope: Any, receive: Any, send: Any) -> None:
    del scope, receive
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    servers: list[HttpServer] = []

    async def started(app: Any, stall_timeout: float) -> tuple[str, int]:
        servers.append(HttpServer(app, "127.0.0.1:0", stall_timeout, None))
        await servers[-1].start()
        host, _, port = servers[-1].address.rpartition(":")
        return host, int(port)

    yield started
    for server in servers:
        await server.close()


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nhost: lo"])
async def test_a_header_that_does_not_come_ends_the_connection(start: Start, begun: bytes) -> None:
    reader, writer = await asyncio.open_connection(*await start(greet, 0.2))
    writer.write(begun)
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.close()


async def test_a_body_that_nobody_reads_ends_the_connection_after_its_answer(start: Start) -> None:
    reader, writer = await asyncio.open_connection(*await start(greet, 0.2))
    writer.write(HEAD)
    assert b"200" in await reader.readline()
    writer.write(b"12")
    with contextlib.suppress(ConnectionResetError):
        await reader.read()
    assert reader.at_eof() or reader.exception()
    writer.close()


async def test_who_takes_nothing_of_an_answer_is_let_go(start: Start) -> None:
    left = asyncio.Event()

    async def flood(scope: Any, receive: Any, send: Any) -> None:
        del scope
        await send({"type": "http.response.start", "status": 200, "headers": []})
        gone = asyncio.create_task(receive())
        while not gone.done():
            await send({"type": "http.response.body", "body": bytes(1 << 20), "more_body": True})
            await asyncio.sleep(0)
        left.set()

    reader, writer = await asyncio.open_connection(*await start(flood, 0.4))
    writer.write(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
    await reader.readline()  # and from then on only as much as fits buffers
    await asyncio.wait_for(left.wait(), 30)
    writer.close()


@pytest.mark.long
async def test_who_reads_slowly_gets_all(start: Start) -> None:
    async def large(scope: Any, receive: Any, send: Any) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % (8 << 20))]})
        for _ in range(8):
            await send({"type": "http.response.body", "body": bytes(1 << 20), "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    reader, writer = await asyncio.open_connection(*await start(large, 0.4), limit=1 << 16)
    writer.write(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    for _ in range(8):
        assert await reader.readexactly(1 << 20) == bytes(1 << 20)
        await asyncio.sleep(0.1)  # the caller's pace: longer in all than the server waits for one who takes nothing
    writer.close()


async def test_more_connections_than_there_may_be_are_closed(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_connection, "MOST_CONNECTIONS", 2)
    target = await start(greet, 30.0)
    held = [await asyncio.open_connection(*target) for _ in range(2)]
    for reader, writer in held:
        writer.write(HEAD + b"1234")
        assert b"200" in await reader.readline()
    reader, writer = await asyncio.open_connection(*target)
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    for _, each in (*held, (reader, writer)):
        each.close()
