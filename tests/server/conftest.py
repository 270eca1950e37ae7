"""A server in this process, with a worker that only pretends to compute; and what its tests send."""

from __future__ import annotations

import array
import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import grpc
import pytest

from gridgrad import methods
from gridgrad.errors import GridgradError
from gridgrad.v1 import gridgrad_pb2 as pb
from gridgrad.wire import ERROR_TRAILER
from gridgrad_server.main import Server
from gridgrad_server.settings import Settings

FAKE_WORKER = Path(__file__).with_name("fake_worker.py")


def axis(name: str, values: Iterable[float]) -> pb.Input:
    data = array.array("d", values)
    return pb.Input(name=name, dims=[name], array=pb.Array(shape=[len(data)], data=data.tobytes()))


class Calls:
    """The calls of a client on raw bytes."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.channel = channel
        self.unary: Any = channel.unary_unary(methods.GRID_GRADIENT.path)
        self.stream: Any = channel.stream_stream(methods.STREAM_GRID_GRADIENTS.path)

    async def grid(self, request: pb.GridGradientRequest, **options: Any) -> pb.GridGradientResponse:
        return pb.GridGradientResponse.FromString(await self.unary(request.SerializeToString(), **options))

    async def method(self, method: methods.Method, raw: bytes = b"") -> bytes:
        call: Any = self.channel.unary_unary(method.path)
        answer: bytes = await call(raw)
        return answer


class Serving:
    """A server that runs in this process."""

    def __init__(self, server: Server, calls: Calls) -> None:
        self.server = server
        self.calls = calls


Serve = Callable[..., Awaitable[Serving]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts servers with fake workers; stops them after the test."""
    running: list[tuple[Server, asyncio.Task[int], grpc.aio.Channel]] = []

    async def start(*worker_flags: str, workers: int = 1, **settings: Any) -> Serving:
        commands = [[sys.executable, str(FAKE_WORKER), *worker_flags]] * workers
        chosen = Settings(**{"listen": ("127.0.0.1:0",), **settings})
        server = Server(chosen, commands)
        task = asyncio.get_running_loop().create_task(server.serve())
        while not (server.is_serving or task.done()):
            await asyncio.sleep(0.01)
        if task.done():
            task.result()
        channel = grpc.aio.insecure_channel(server.addresses[0])
        running.append((server, task, channel))
        return Serving(server, Calls(channel))

    yield start
    for server, task, channel in running:
        await channel.close()
        server.stop()
        await task


def detail_of(error: grpc.aio.AioRpcError) -> pb.ErrorDetail:
    trailers = dict(error.trailing_metadata())
    raw = trailers[ERROR_TRAILER]
    assert isinstance(raw, bytes)
    return pb.ErrorDetail.FromString(raw)


class NoSink:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.pieces: list[tuple[Any, bytes]] = []
        self.errors: list[GridgradError] = []

    def piece(self, entry: Any, box: Any, result: memoryview) -> None:  # noqa: ARG002 - a Sink takes it
        self.pieces.append((box, bytes(result)))

    def failed(self, entry: Any, error: GridgradError) -> None:  # noqa: ARG002 - a Sink takes it
        self.errors.append(error)
