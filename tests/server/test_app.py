"""The server from its start to its end: when it is healthy, what it leaves behind, how it drains."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from gridgrad_server.healthcheck import check
from tests.server.calls import (
    Code,
    HealthStatus,
    Serve,
    expected,
    grid,
    health_of,
    numbers,
    refusal,
    registered,
    streamed,
    until,
)


async def test_an_address_file_that_can_not_be_written_any_more_ends_the_server(
    serve: Serve, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    serving = await serve("--slow-start", wait=False, address_file=folder / "address")
    folder.rmdir()
    assert await serving.task == 1
    assert "address can't be written any more" in capfd.readouterr().err


async def test_nothing_is_served_before_a_worker_is_warm(serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "addresses"
    serving = await serve("--slow-start", wait=False, address_file=file)
    await until(lambda: serving.server.addresses)
    async with grpc.aio.insecure_channel(serving.server.addresses[0]) as channel:
        assert await health_of(channel) == HealthStatus.NOT_SERVING
        assert not file.exists()
        call: Any = channel.unary_unary(methods.GRID_GRADIENT.path)
        code, error, _ = await refusal(call(grid().SerializeToString()))
        assert code == Code.UNAVAILABLE
        assert "no worker is warm yet" in str(error)
        await until(file.exists)
        assert await health_of(channel) == HealthStatus.SERVING
        assert await health_of(channel, methods.SERVICE) == HealthStatus.SERVING


async def test_it_listens_at_all_addresses_and_leaves_no_file(serve: Serve, tmp_path: Path) -> None:
    file, path = tmp_path / "addresses", tmp_path / "socket"
    serving = await serve(listen=("127.0.0.1:0", f"unix:{path}", "localhost:0"), address_file=file)
    targets = file.read_text().splitlines()
    assert targets == serving.server.addresses
    assert targets[1] == f"unix:{path}"
    for target in targets:
        assert await asyncio.to_thread(check, target) == "SERVING"
    serving.server.stop()
    assert await serving.task == 0
    assert not file.exists()
    assert not path.exists()


async def test_a_drain_answers_what_was_accepted_and_refuses_the_rest(serve: Serve) -> None:
    serving = await serve()
    accepted = [asyncio.ensure_future(serving.calls.grid(registered("slow"))) for _ in range(4)]
    stream = serving.calls.stream()
    await stream.write(streamed(1, registered("slow")))
    idle = serving.calls.stream()
    await until(lambda: serving.server.parts.admission.requests == 5)
    serving.server.stop()
    await until(lambda: serving.server.is_draining)
    code, _, _ = await refusal(serving.calls.grid(grid()))
    assert code == Code.UNAVAILABLE
    for each in accepted:
        assert numbers((await each).data) == expected(4, planes=1)
    answered = pb.StreamGridGradientsResponse.FromString(await stream.read())
    assert numbers(answered.data) == expected(4, planes=1)
    assert await stream.code() == Code.UNAVAILABLE
    assert await idle.code() == Code.UNAVAILABLE
    assert await serving.task == 0


async def test_a_drain_that_takes_too_long_is_cut(serve: Serve) -> None:
    serving = await serve(drain_timeout=0.2)
    hanging = asyncio.ensure_future(refusal(serving.calls.grid(registered("hangs"))))
    await until(lambda: serving.server.parts.admission.requests == 1)
    serving.server.stop()
    assert await serving.task == 0
    code, _, _ = await hanging
    assert code in (Code.UNAVAILABLE, Code.CANCELLED)
