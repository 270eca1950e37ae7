"""Reflection, by the package of grpcio."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import Any

import grpc
import pytest
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest

from gridgrad_core.wire import methods
from tests.server.calls import Code, Serve, refusal

PATH = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
SERVICES = ServerReflectionRequest(list_services="").SerializeToString()
MOST = 64


async def test_reflection_describes_the_service(serve: Serve) -> None:
    serving = await serve()

    def describe() -> tuple[list[str], list[str]]:
        with grpc.insecure_channel(serving.server.addresses[0]) as channel:
            database = ProtoReflectionDescriptorDatabase(channel)
            file = database.FindFileContainingSymbol(methods.SERVICE)
            return list(database.get_services()), [method.name for method in file.service[0].method]

    services, names = await asyncio.to_thread(describe)
    assert methods.SERVICE in services
    assert names == [method.name for method in methods.METHODS]


@pytest.mark.parametrize(
    ("raw", "found"), [(b"\xff", "no grpc.reflection"), (bytes([0x0A, 0x80, 0x80, 0x02]) + bytes(1 << 15), "32772")]
)
async def test_what_is_no_question_is_refused(
    serve: Serve, caplog: pytest.LogCaptureFixture, raw: bytes, found: str
) -> None:
    serving = await serve()
    call: Any = serving.calls.channel.stream_stream(PATH)()
    await call.write(raw)
    code, error, _ = await refusal(call.read())
    assert code is Code.INVALID_ARGUMENT
    assert found in str(error)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("path", [PATH, "/grpc.health.v1.Health/Watch"])
async def test_random_bytes_are_answered_or_refused(serve: Serve, caplog: pytest.LogCaptureFixture, path: str) -> None:
    serving = await serve()
    draw = random.Random(f"{path} 1")  # noqa: S311 - no secret
    for _ in range(200):
        call: Any = serving.calls.channel.stream_stream(path)()
        await call.write(draw.randbytes(draw.randrange(1, 30)))
        try:
            await call.read()
        except grpc.aio.AioRpcError as error:
            assert error.code() is Code.INVALID_ARGUMENT  # noqa: PT017 - others are answered
        call.cancel()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_streams_are_bounded_and_half_of_them_are_for_others(serve: Serve) -> None:
    serving = await serve()
    streams: list[Any] = [serving.calls.channel.stream_stream(PATH)() for _ in range(MOST // 2)]
    for each in streams:
        await each.write(SERVICES)
        assert methods.SERVICE.encode() in await each.read()
    one_more: Any = serving.calls.channel.stream_stream(PATH)()
    code, error, _ = await refusal(one_more.read())
    assert code is Code.RESOURCE_EXHAUSTED
    assert "32 open streams of reflection of yours" in str(error)
