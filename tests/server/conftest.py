"""A server in this process, with workers that only pretend to compute."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from gridgrad_server.app import Server
from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.requests.throughput import Throughput
from gridgrad_server.workers.transports.local_transport import LocalPlace
from tests.server.building import KEYS

FAKE_WORKER = Path(__file__).with_name("fake_worker.py")


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

    def __init__(self, server: Server, task: asyncio.Task[int]) -> None:
        self.server = server
        self.task = task
        self.channel: grpc.aio.Channel | None = None

    @property
    def calls(self) -> Calls:
        if self.channel is None:
            self.channel = grpc.aio.insecure_channel(self.server.addresses[0])
        return Calls(self.channel)


@pytest.fixture(autouse=True)
def _unmeasured() -> None:
    """The keys of functions that tests share are as if nothing of them had been computed."""
    for key in KEYS.values():
        key.throughput = Throughput()


@contextlib.asynccontextmanager
async def servers() -> AsyncIterator[Callable[..., Awaitable[Serving]]]:
    """Starts servers with pretending workers; stops them at the end."""
    running: list[Serving] = []

    async def start(*worker_flags: str, workers: int = 1, wait: bool = True, **settings: Any) -> Serving:
        places = [LocalPlace([sys.executable, str(FAKE_WORKER), *worker_flags])] * workers
        server = Server(ServerSettings(**{"listen": ("127.0.0.1:0",), **settings}), places)
        serving = Serving(server, asyncio.get_running_loop().create_task(server.serve()))
        running.append(serving)
        while wait and not server.is_serving:
            assert not serving.task.done()
            await asyncio.sleep(0.005)
        return serving

    yield start
    for serving in running:
        if serving.channel:
            await serving.channel.close()
        serving.server.stop()
        await serving.task


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Awaitable[Serving]]]:
    """The same for a test."""
    async with servers() as start:
        yield start
