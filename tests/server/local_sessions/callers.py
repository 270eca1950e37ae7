"""Callers at the socket of sessions: raw sockets that misbehave as they like."""

from __future__ import annotations

import array
import asyncio
import contextlib
import itertools
import mmap
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from tests.server.conftest import Serving

POINTS = 1000  # a result of 16,000 bytes, more than goes over the socket


PATIENCE_S = 20.0


LONG = 20_000  # a result of 320,000 bytes


CRAMPED = {"session_bytes": 1 << 16, "unary_result_bytes": 20_000, "piece_cost": 512}


class Caller:
    """A caller at the socket of sessions."""

    def __init__(self, name: str | Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        self.socket.connect(str(name) if isinstance(name, Path) else f"\0{name}")
        self.memory: mmap.mmap | None = None
        self.descriptors = array.array("i")
        self._received = b""
        self._numbers = itertools.count(1)

    async def send(self, **fields: Any) -> None:
        await self.send_bytes(pb.SessionRequest(**fields).SerializeToString())

    async def send_bytes(self, message: bytes) -> None:
        await self.send_raw(struct.pack("<I", len(message)) + message)

    async def send_raw(self, raw: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.socket, raw)

    async def receive(self) -> pb.SessionResponse | None:
        """The next message; None when the server has hung up."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self._received) < 4 or len(self._received) < 4 + struct.unpack_from("<I", self._received)[0]:
                try:
                    part, ancillary, _, _ = self.socket.recvmsg(1 << 16, 1024)
                except BlockingIOError:
                    await readable(self.socket)
                    continue
                except ConnectionResetError:
                    part, ancillary = b"", []
                for _, _, raw in ancillary:
                    self.descriptors.frombytes(raw)
                if not part:
                    return None
                self._received += part
        end = 4 + struct.unpack_from("<I", self._received)[0]
        message, self._received = self._received[4:end], self._received[end:]
        return pb.SessionResponse.FromString(message)

    async def answer(self) -> pb.SessionResponse:
        response = await self.receive()
        assert response is not None, "the server hung up"
        return response

    async def hung_up(self) -> bool:
        return await self.receive() is None

    async def greet(self, token: bytes) -> None:
        await self.send(token=token)
        self.map(await self.answer())

    def map(self, first: pb.SessionResponse) -> None:
        """Maps the memory that the first answer has brought."""
        self.memory = mmap.mmap(self.descriptors[0], first.memory_bytes, mmap.MAP_SHARED, mmap.PROT_READ)

    async def ask(self, request: pb.GridGradientRequest | None = None, **fields: Any) -> int:
        number = next(self._numbers)
        await self.send(id=number, request=(request or grid()).SerializeToString(), **fields)
        return number

    def numbers(self, lease: pb.Lease) -> list[float]:
        assert self.memory is not None
        return numbers(self.memory[lease.offset : lease.offset + lease.size])

    def close(self) -> None:
        self.socket.close()
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors = array.array("i")
        self.memory = None


Opening = Callable[..., Awaitable[Caller]]


def numbers(data: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(data) // 8}d", data))


async def readable(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(connection, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(connection)


def grid(points: int = POINTS, function: str | None = None) -> pb.GridGradientRequest:
    what = pb.Function(registered=function) if function else pb.Function(expression="x")
    axis = pb.Input(name="x", dims=["x"], linspace=pb.Linspace(start=0, stop=1, num=points))
    return pb.GridGradientRequest(function=what, inputs=[axis], derivatives=[pb.Derivative(wrt=["x"])])


async def offer(serving: Serving) -> pb.OpenSessionResponse:
    return pb.OpenSessionResponse.FromString(await serving.calls.method(methods.OPEN_SESSION))


async def opened(serving: Serving) -> Caller:
    offered = serving.server.parts.sessions.open("a caller")  # what the call would answer
    caller = Caller(offered.socket)
    await caller.greet(offered.token)
    return caller


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.002)


def response_of(answer: pb.SessionResponse) -> pb.GridGradientResponse:
    return pb.GridGradientResponse.FromString(answer.response)


async def occupied(serving: Serving, caller: Caller) -> int:
    """Gives the worker two batches, the first of which takes a while; returns how many answers are to come."""
    scheduler = serving.server.parts.scheduler
    for _ in range(10):
        await caller.ask(grid(function="slow"))
    await until(lambda: scheduler.batches == 1)
    await caller.ask(grid(function="slow"))
    await until(lambda: scheduler.batches == 2)
    return 11


async def windows(caller: Caller, at_once: int, points: int = LONG) -> dict[int, float]:
    """What comes in windows, of which the caller releases none before he has so many."""
    taken: dict[int, float] = {}
    held: list[int] = []
    while True:
        answer = await caller.answer()
        assert answer.HasField("lease"), answer.status
        part, values = answer.window, caller.numbers(answer.lease)
        assert (part.planes, part.first_plane, len(values)) == (2, 0, 2 * part.points)
        for plane in range(2):
            for i, value in enumerate(values[plane * part.points : (plane + 1) * part.points]):
                taken[plane * points + part.first_point + i] = value
        assert bool(answer.response) == (answer.last or len(taken) == 2 * part.points)
        if answer.last:
            assert list(response_of(answer).header.shape) == [points]
            await caller.send(released=[*held, answer.lease.number])
            return taken
        held.append(answer.lease.number)
        if len(held) == at_once:
            await caller.send(released=held)
            held = []


def descriptors() -> int:
    """How many of this process are sockets or memories of sessions; slots of batches come and go."""
    count = 0
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            count += link.readlink().name.startswith(("socket:", "memfd:gridgrad-session"))
    return count


def mapped(pid: int) -> int:
    return Path(f"/proc/{pid}/maps").read_text().count("/memfd:gridgrad-session")
