"""Batches go with their numbers and come back with results where they belong, from a worker's own end of the socket."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator

import pytest

from gridgrad_core.remote.exchanges import packed
from gridgrad_core.system import shared_memory
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.workers.transports.exchange_socket import ExchangeSocket
from gridgrad_worker.cluster.socket_channel import SocketChannel

SIZE = 1 << 22
LAYOUT = wpb.PieceLayout(inputs=[wpb.PieceInput(array=wpb.SlotArray(shape=[1 << 17], dtype="float64"))])
INPUT_BYTES = 1 << 20
RESULT = wpb.Span(slot=1, offset=INPUT_BYTES, rows=2, row_bytes=INPUT_BYTES, pitch=INPUT_BYTES + 64)


class Told:
    """What came of the worker."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.closed = 0

    def lost(self) -> None:
        self.closed += 1


async def until(told: Told, count: int) -> None:
    async with asyncio.timeout(20):
        while len(told.messages) < count and not told.closed:
            await asyncio.sleep(0.001)


@pytest.fixture
async def ends() -> AsyncIterator[tuple[ExchangeSocket, Told, socket.socket]]:
    told = Told()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        theirs = socket.create_connection(listening.getsockname())
        link = ExchangeSocket(listening.accept()[0], told.messages.append, told.lost)
    with theirs:
        yield link, told, theirs
    link.close()


def doubles(connection: socket.socket) -> None:
    """A worker that reverses the input of each batch, twice, until the end."""
    channel = SocketChannel(connection)
    channel.spans_of = lambda _: [RESULT]
    memory = -1
    while frame := channel.receive():
        memory = frame.descriptors[0] if frame.descriptors else memory
        batch = wpb.ServerMessage.FromString(frame.message).batch
        given = os.pread(memory, INPUT_BYTES, 0)[::-1]
        os.pwrite(memory, given, RESULT.offset)
        os.pwrite(memory, given, RESULT.offset + RESULT.pitch)
        channel.send(wpb.WorkerMessage(done=wpb.BatchDone(id=batch.id)).SerializeToString())
    os.close(memory)


async def test_numbers_cross_both_ways(ends: tuple[ExchangeSocket, Told, socket.socket]) -> None:
    link, told, theirs = ends
    worker = threading.Thread(target=doubles, args=(theirs,))
    worker.start()
    memory = shared_memory.create("slot", SIZE)
    try:
        for number in range(1, 4):
            given = os.urandom(INPUT_BYTES)
            os.pwrite(memory, given, 0)
            is_new = number == 1
            slot = wpb.Slot(id=1, size=SIZE, descriptor_attached=is_new)
            piece = wpb.Piece(layout=LAYOUT.SerializeToString(), inputs_slot=1)
            asked = wpb.ServerMessage(batch=wpb.Batch(id=number, slots=[slot], pieces=[piece]))
            link.send(asked.SerializeToString(), [memory] if is_new else [])
            await until(told, number)
            assert wpb.WorkerMessage.FromString(told.messages[-1]).done.id == number
            assert os.pread(memory, INPUT_BYTES, RESULT.offset) == given[::-1]
            assert os.pread(memory, INPUT_BYTES, RESULT.offset + RESULT.pitch) == given[::-1]
    finally:
        os.close(memory)
        link.close()
        worker.join(20)
    link.send(asked.SerializeToString())  # to nobody
    assert not told.closed


@pytest.mark.parametrize(
    "answer",
    [
        wpb.Exchanged(messages=[b"done"], results=[wpb.Span(slot=9, rows=1, row_bytes=8)]).SerializeToString(),
        wpb.Exchanged().SerializeToString(),
        b"\xff\xff",
    ],
)
async def test_a_worker_that_answers_what_cannot_be_is_given_up(
    ends: tuple[ExchangeSocket, Told, socket.socket], answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    _, told, theirs = ends
    theirs.sendall(packed(answer, [])[0])
    await until(told, 1)
    assert (told.closed, told.messages) == (1, [])
    assert "please report it" in caplog.text
