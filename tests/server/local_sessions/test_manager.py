"""How callers come to a session: by a token, once, and nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Any

import grpc
import pytest

from gridgrad_server.local_sessions import manager as sessions_module
from tests.server.local_sessions.callers import Caller, Opening, descriptors, mapped, offer, opened, until


async def test_a_token_serves_once(serve: Any) -> None:
    serving = await serve()
    offered = await offer(serving)
    first, second = Caller(offered.socket), Caller(offered.socket)
    await first.greet(offered.token)
    await second.send(token=offered.token)
    assert await second.hung_up()
    await first.ask()
    assert (await first.answer()).HasField("lease")
    first.close()
    second.close()


@pytest.mark.parametrize("greeting", [b"", b"\x0a\x20" + bytes(32), b"\xff\xff", b"\x7a\x00"])
async def test_without_a_token_nobody_is_let_in(serve: Any, greeting: bytes) -> None:
    serving = await serve()
    await offer(serving)
    caller = Caller((await offer(serving)).socket)
    await caller.send_bytes(greeting)
    assert await caller.hung_up()
    assert not caller.descriptors
    assert len(serving.server.parts.sessions) == 0
    caller.close()


async def test_a_token_does_not_serve_for_long(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions_module, "TOKEN_FOR_S", -1.0)
    offered = await offer(await serve())
    caller = Caller(offered.socket)
    await caller.send(token=offered.token)
    assert await caller.hung_up()
    caller.close()


async def test_who_does_not_greet_is_let_go(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions_module, "AUTHENTICATE_WITHIN_S", 0.05)
    caller = Caller((await offer(await serve())).socket)
    await caller.send_raw(b"\x01")
    assert await caller.hung_up()
    caller.close()


async def test_another_user_is_hung_up_on(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions_module, "peer_uid", lambda _: os.geteuid() + 1)
    serving = await serve()
    offered = await offer(serving)
    caller = Caller(offered.socket)
    with contextlib.suppress(ConnectionError):
        await caller.send(token=offered.token)
    assert await caller.hung_up()
    assert not caller.descriptors
    caller.close()


async def test_a_server_without_sessions(serve: Any) -> None:
    serving = await serve(sessions=0)
    with pytest.raises(grpc.aio.AioRpcError, match="--sessions") as raised:
        await offer(serving)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_who_asks_and_does_not_come_keeps_nobody_out(serve: Any, opening: Opening) -> None:
    serving = await serve(sessions=2)
    for _ in range(3000):
        serving.server.parts.sessions.open("somebody")
    for _ in range(2):
        await (caller := await opening(serving)).ask()
        assert (await caller.answer()).HasField("lease")


async def test_sessions_are_bounded(serve: Any, opening: Opening) -> None:
    serving = await serve(sessions=2)
    offered = await offer(serving)
    first = await opening(serving)
    await opening(serving)
    with pytest.raises(grpc.aio.AioRpcError, match="raise --sessions"):
        await offer(serving)
    late = Caller(offered.socket)
    await late.send(token=offered.token)
    assert await late.hung_up()
    late.close()
    first.close()
    await until(lambda: len(serving.server.parts.sessions) == 1)
    await opening(serving)


@pytest.mark.parametrize("count", [500, pytest.param(10_000, marks=pytest.mark.long)])
async def test_many_sessions_leave_nothing(serve: Any, count: int) -> None:
    serving = await serve()
    serving.server.parts.helpers._process.start()  # whose socket would come while sessions do
    await (one := await opened(serving)).ask()
    one.close()
    await until(lambda: len(serving.server.parts.sessions) == 0)
    left, tasks = descriptors(), len(asyncio.all_tasks())
    for number in range(count):
        caller = await opened(serving)
        if number % 10 == 0:
            await caller.ask()
            if number % 20 == 0:
                await caller.answer()
        caller.close()
    await until(lambda: len(serving.server.parts.sessions) == 0 and not serving.server.parts.budget.arenas)
    await until(lambda: serving.server.parts.admission.requests == 0)
    assert descriptors() <= left
    assert len(asyncio.all_tasks()) == tasks
    assert serving.server.parts.budget.taken_bytes == 0
    assert mapped(os.getpid()) == 0
    await until(lambda: mapped(serving.server.parts.workers.running[0].pid) == 0)
