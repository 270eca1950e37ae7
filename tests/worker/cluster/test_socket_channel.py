"""Numbers come with a batch and go with its answer; other messages go as they are."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from gridgrad_core.remote.exchanges import ExchangeReader, packed
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.cluster.socket_channel import SocketChannel

SIZE = 1 << 20
DONE = pb.WorkerMessage(done=pb.BatchDone(id=1)).SerializeToString()
STATE = pb.WorkerMessage(state=pb.PlanState(plan_id=7)).SerializeToString()


class Server:
    """The other end."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self.numbers: list[bytearray] = []
        self._reader: ExchangeReader[pb.Exchanged] = ExchangeReader(self._read)

    def _read(self, header: bytes) -> tuple[pb.Exchanged, list[memoryview]]:
        said = pb.Exchanged.FromString(header)
        self.numbers = [bytearray(span.rows * span.row_bytes) for span in said.results]
        return said, [memoryview(each) for each in self.numbers]

    def send(self, asked: pb.Exchange, *numbers: bytes) -> None:
        self._socket.sendall(b"".join(packed(asked.SerializeToString(), [memoryview(n) for n in numbers])))

    def receive(self) -> pb.Exchanged:
        while (said := self._reader.take()) is None:
            self._reader.feed(self._socket.recv(1000))
        return said


@pytest.fixture
def both() -> Iterator[tuple[Server, SocketChannel]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Server(ours), SocketChannel(theirs)


def batch(spans: list[pb.Span]) -> pb.Exchange:
    slot = pb.Slot(id=2, size=SIZE, descriptor_attached=True)
    message = pb.ServerMessage(batch=pb.Batch(id=1, slots=[slot])).SerializeToString()
    return pb.Exchange(message=message, inputs=spans)


@pytest.mark.parametrize("size", [16, SIZE // 2])
def test_a_batch_comes_with_its_numbers_and_goes_with_its_results(
    both: tuple[Server, SocketChannel], size: int
) -> None:
    server, channel = both
    given, result = os.urandom(1000), pb.Span(slot=2, offset=SIZE // 2, rows=2, row_bytes=size // 4, pitch=size // 2)
    channel.spans_of = lambda asked: [result] if asked.id == 1 else []
    server.send(batch([pb.Span(slot=2, offset=64, rows=1, row_bytes=1000)]), given)
    assert channel.wait(10)
    frame = channel.receive()
    assert frame
    (memory,) = frame.descriptors
    assert os.pread(memory, 1000, 64) == given
    rows = os.urandom(size // 4), os.urandom(size // 4)
    for number, row in enumerate(rows):
        os.pwrite(memory, row, SIZE // 2 + number * (size // 2))
    os.close(memory)
    channel.send(STATE)
    assert server.receive() == pb.Exchanged(messages=[STATE])
    with ThreadPoolExecutor(1) as threads:  # a socket does not hold all of it
        sent = threads.submit(channel.send, DONE)
        assert server.receive() == pb.Exchanged(messages=[DONE], results=[result])
        sent.result()
    assert [bytes(each) for each in server.numbers] == [b"".join(rows)]


def test_messages_come_in_order_and_then_the_end(both: tuple[Server, SocketChannel]) -> None:
    server, channel = both
    assert not channel.wait(0)
    asked = [pb.ServerMessage(ping=pb.Ping(question=n)).SerializeToString() for n in range(1, 4)]
    for message in asked:
        server.send(pb.Exchange(message=message))
    for message in asked:
        assert channel.wait(10)
        frame = channel.receive()
        assert frame
        assert frame.message == message
        assert not frame.descriptors
    server._socket.close()
    assert channel.wait(10)
    assert channel.receive() is None
    with pytest.raises(ConnectionError):
        channel.send(DONE)
