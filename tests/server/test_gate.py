"""The gate before all calls: who comes without the right credentials is denied, before the message."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest

from gridgrad_core.errors import ForbiddenError, RefusedError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from gridgrad_server.access.rules import ANYONE, RULES
from gridgrad_server.access.token_file import TokenEntry, digest_of, edited
from gridgrad_server.rpc.outgoing import OutgoingMessages
from tests.server.calls import (
    Code,
    HealthStatus,
    expected,
    grid,
    health_of,
    messages,
    numbers,
    refusal,
    registered,
    streamed,
    until,
)
from tests.server.conftest import Serving
from tests.server.local_sessions.callers import Caller, offer

ROLES = ("call", "metrics", "admin")
REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
Serve = Callable[..., Awaitable[Serving]]


def headers(token: str) -> list[tuple[str, str]]:
    return [("authorization", f"Bearer {token}")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of tokens: the token of a role is its name."""
    with edited(tmp_path / "tokens") as file:
        for role in ROLES:
            file.add(TokenEntry(f"{role}er", (role,), digest_of(role)))
    return tmp_path / "tokens"


def any_call(serving: Serving, path: str, **options: Any) -> Awaitable[Any]:
    """A call of a method of whatever kind, ended after its first answer."""
    described = path.endswith(("StreamGridGradients", "ServerReflectionInfo", "Watch"))
    channel = serving.calls.channel
    if not described:
        unary: Any = channel.unary_unary(path)
        answer: Awaitable[Any] = unary(b"", **options)
        return answer
    stream: Any = channel.stream_stream(path)
    asked = ServerReflectionRequest(list_services="").SerializeToString() if "ServerReflection" in path else b""

    async def first() -> object:
        call = stream(iter([asked]), **options)
        answer = await call.read()
        call.cancel()
        return answer

    return first()


CLOSED = [path for path, rule in RULES.items() if rule is not ANYONE and ".v1.ServerReflection" not in path]


async def test_without_a_token_every_method_is_denied_but_health(serve: Serve, path: Path) -> None:
    serving = await serve(auth_tokens=path)
    for method in (*CLOSED, "/gridgrad.v1.GridGradientService/Other", "/other/Method"):
        code, _, _ = await refusal(any_call(serving, method))
        assert code is Code.UNAUTHENTICATED, method
    code, error, _ = await refusal(serving.calls.grid(grid()))
    assert isinstance(error, RefusedError)
    assert "GRIDGRAD_TOKEN" in str(error)
    assert await health_of(serving.calls.channel) == HealthStatus.SERVING


@pytest.mark.parametrize("role", ROLES)
async def test_each_method_asks_for_its_role(serve: Serve, path: Path, role: str) -> None:
    serving = await serve(auth_tokens=path)
    for method in CLOSED:
        code = Code.OK
        try:
            await any_call(serving, method, metadata=headers(role))
        except grpc.aio.AioRpcError as error:
            code = error.code()
        may = role in RULES[method] or role == "admin"
        assert (code not in (Code.UNAUTHENTICATED, Code.PERMISSION_DENIED)) is may, (method, code)


async def test_a_caller_gets_what_he_asks_for_by_any_way(serve: Serve, path: Path) -> None:
    serving = await serve(auth_tokens=path)
    answer = await serving.calls.grid(grid(), metadata=headers("call"))
    assert numbers(answer.data) == expected(6)
    stream = serving.calls.stream(iter([streamed(1, grid())]), metadata=headers("call"))
    (part,) = [each async for each in messages(stream)]
    assert numbers(part.data) == expected(6)
    code, error, _ = await refusal(serving.calls.grid(grid(), metadata=headers("metrics")))
    assert code is Code.PERMISSION_DENIED
    assert isinstance(error, ForbiddenError)
    assert "metricser" in str(error)


async def test_a_method_that_is_none_is_unimplemented_for_callers(serve: Serve, path: Path) -> None:
    serving = await serve(auth_tokens=path)
    code, _, _ = await refusal(any_call(serving, "/other/Method", metadata=headers("call")))
    assert code is Code.UNIMPLEMENTED


@pytest.mark.parametrize("asked", [b"\n\x06nobody", b"\xff"])
async def test_an_open_health_service_answers_for_the_whole_server_whatever_it_is_asked(
    serve: Serve, path: Path, asked: bytes
) -> None:
    serving = await serve(auth_tokens=path)
    check: Any = serving.calls.channel.unary_unary("/grpc.health.v1.Health/Check")
    assert await check(asked) == HealthCheckResponse(status=HealthCheckResponse.SERVING).SerializeToString()
    watch: Any = serving.calls.channel.unary_stream("/grpc.health.v1.Health/Watch")
    call = watch(asked)
    assert await call.read() == await check(asked)
    call.cancel()


async def test_a_health_service_that_is_closed(serve: Serve, path: Path) -> None:
    serving = await serve(auth_tokens=path, auth_health=True)
    for method in ("Check", "List", "Watch"):
        name = f"/grpc.health.v1.Health/{method}"
        code, _, _ = await refusal(any_call(serving, name))
        assert code is Code.UNAUTHENTICATED
        assert await any_call(serving, name, metadata=headers("metrics")) is not None


async def test_wrong_tokens_are_slowed_and_right_ones_beside_them_not(serve: Serve, path: Path) -> None:
    serving = await serve(auth_tokens=path)
    began_at = time.monotonic()
    wrong = [
        asyncio.ensure_future(refusal(serving.calls.grid(grid(), metadata=headers(f"wrong{n}")))) for n in range(30)
    ]
    await until(lambda: sum(each.done() for each in wrong) >= 20)
    await serving.calls.grid(grid(), metadata=headers("call"))
    assert not all(each.done() for each in wrong)
    assert {(await each)[0] for each in wrong} == {Code.UNAUTHENTICATED}
    assert time.monotonic() - began_at > 9 / 20


async def test_a_token_is_in_no_error_and_no_log(serve: Serve, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    serving = await serve(auth_tokens=path)
    for token in ("no-such-secret", "metrics"):
        code, error, trailers = await refusal(serving.calls.grid(grid(), metadata=headers(token)))
        assert code in (Code.UNAUTHENTICATED, Code.PERMISSION_DENIED)
        assert "secret" not in f"{error} {trailers}"
    written = "".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "denied" in written
    assert "no-such-secret" not in written
    assert "Bearer" not in written


async def test_sessions_and_streams_end_when_the_token_is_revoked(serve: Serve, path: Path) -> None:
    serving = await serve(auth_tokens=path)
    raw = await any_call(serving, methods.OPEN_SESSION.path, metadata=headers("call"))
    offered = pb.OpenSessionResponse.FromString(raw)
    late = pb.OpenSessionResponse.FromString(
        await any_call(serving, methods.OPEN_SESSION.path, metadata=headers("call"))
    )
    caller = Caller(offered.socket)
    await caller.greet(offered.token)
    await caller.ask()
    assert (await caller.answer()).HasField("lease")
    stream = serving.calls.stream(metadata=headers("call"))
    await stream.write(streamed(1, grid()))
    await stream.read()
    with edited(path) as file:
        file.remove(file.entries[:1])
    await serving.server.reload()
    assert await caller.hung_up()
    assert await stream.code() is Code.UNAUTHENTICATED
    assert len(serving.server.parts.sessions) == 0
    too_late = Caller(late.socket)
    await too_late.send(token=late.token)
    assert await too_late.hung_up()
    caller.close()
    too_late.close()
    code, _, _ = await refusal(serving.calls.grid(grid(), metadata=headers("call")))
    assert code is Code.UNAUTHENTICATED


async def test_a_stream_whose_results_never_end_does_so_when_its_token_is_revoked(
    serve: Serve, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving = await serve(auth_tokens=path)
    take, again = OutgoingMessages.take, pb.StreamGridGradientsResponse(id=1).SerializeToString()
    monkeypatch.setattr(OutgoingMessages, "take", lambda self: take(self) or again)
    stream = serving.calls.stream(metadata=headers("call"))
    await stream.write(streamed(1, grid()))
    await stream.read()
    with edited(path) as file:
        file.remove(file.entries[:1])
    await serving.server.reload()
    async with asyncio.timeout(60):
        assert await _end_of(stream) is Code.UNAUTHENTICATED


async def _end_of(stream: Any) -> Code:
    with contextlib.suppress(grpc.aio.AioRpcError):
        while await stream.read() is not grpc.aio.EOF:
            pass
    return Code(await stream.code())


async def test_a_session_ends_when_its_token_expires(serve: Serve, path: Path) -> None:
    with edited(path) as file:
        file.add(TokenEntry("guest", ("call",), digest_of("short"), expires_at=time.time() + 1.5))
    serving = await serve(auth_tokens=path)
    raw = await any_call(serving, methods.OPEN_SESSION.path, metadata=headers("short"))
    offered = pb.OpenSessionResponse.FromString(raw)
    caller = Caller(offered.socket)
    await caller.greet(offered.token)
    assert await caller.hung_up()
    caller.close()
    code, error, _ = await refusal(serving.calls.grid(grid(), metadata=headers("short")))
    assert code is Code.UNAUTHENTICATED
    assert "expired" in str(error)


async def test_a_wrong_line_leaves_the_old_tokens(serve: Serve, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    serving = await serve(auth_tokens=path)
    path.write_text(f"{path.read_text()}nonsense\n")
    await serving.server.reload()
    assert any("line 4" in str(record.__dict__) for record in caplog.records)
    await serving.calls.grid(grid(), metadata=headers("call"))


async def test_who_calls_sees_his_own_use_and_an_admin_that_of_all(serve: Serve, path: Path) -> None:
    serving = await serve(auth_tokens=path)
    await serving.calls.grid(grid(), metadata=headers("call"))
    for role, seen in (("call", ["caller"]), ("admin", ["caller"]), ("metrics", ["caller"])):
        raw = await any_call(serving, methods.SERVER_STATUS.path, metadata=headers(role))
        status = pb.GetServerStatusResponse.FromString(raw)
        assert [each.principal for each in status.principals] == seen
        assert (status.principals[0].total_requests, status.principals[0].total_cost) == (1, 12)
    await serving.calls.grid(grid(), metadata=headers("admin"))
    raw = await any_call(serving, methods.SERVER_STATUS.path, metadata=headers("call"))
    assert [each.principal for each in pb.GetServerStatusResponse.FromString(raw).principals] == ["caller"]


async def test_an_admin_has_the_server_drain_and_what_was_accepted_is_answered(serve: Serve, path: Path) -> None:
    serving = await serve(auth_tokens=path)
    accepted = asyncio.ensure_future(serving.calls.grid(registered("slow"), metadata=headers("call")))
    await until(lambda: serving.server.parts.admission.requests == 1)
    code, _, _ = await refusal(any_call(serving, methods.DRAIN.path, metadata=headers("call")))
    assert code is Code.PERMISSION_DENIED
    assert not serving.server.is_draining
    raw = await any_call(serving, methods.DRAIN.path, metadata=headers("admin"))
    assert pb.DrainResponse.FromString(raw).entries == 1
    code, _, _ = await refusal(serving.calls.grid(grid(), metadata=headers("call")))
    assert code is Code.UNAVAILABLE
    assert await health_of(serving.calls.channel) == HealthStatus.NOT_SERVING
    assert numbers((await accepted).data) == expected(4, planes=1)
    assert await serving.task == 0


async def test_where_nobody_is_asked_who_they_are_nobody_ends_the_server_by_a_call(serve: Serve) -> None:
    serving = await serve()
    code, error, _ = await refusal(any_call(serving, methods.DRAIN.path))
    assert code is Code.PERMISSION_DENIED
    assert "SIGTERM" in str(error)
    assert not serving.server.is_draining


async def test_without_flags_a_token_is_nothing_to_the_server(serve: Serve) -> None:
    serving = await serve()
    await serving.calls.grid(grid(), metadata=headers("whatever"))
    assert (await offer(serving)).token
