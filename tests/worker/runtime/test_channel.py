from __future__ import annotations

import array
import os
import socket
import struct
import tempfile
import threading
from collections.abc import Iterator

import pytest

from gridgrad_core.system.framing import FrameError
from gridgrad_worker.runtime.channel import MAX_FRAME_BYTES, Channel

Pair = tuple[socket.socket, Channel]


@pytest.fixture
def pair() -> Iterator[Pair]:
    server, worker = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with server, worker:
        yield server, Channel(worker)


def frame(message: bytes) -> bytes:
    return struct.pack("<I", len(message)) + message


def open_descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def rights(*descriptors: int) -> list[tuple[int, int, array.array[int]]]:
    return [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]


def test_frames_arrive_one_by_one(pair: Pair) -> None:
    server, channel = pair
    server.sendall(frame(b"one") + frame(b"") + frame(b"three"))
    received = [channel.receive() for _ in range(3)]
    assert [each and each.message for each in received] == [b"one", b"", b"three"]


def test_a_frame_may_come_byte_by_byte(pair: Pair) -> None:
    server, channel = pair
    whole = frame(b"slowly")

    def trickle() -> None:
        for byte in whole:
            server.sendall(bytes([byte]))

    thread = threading.Thread(target=trickle)
    thread.start()
    received = channel.receive()
    thread.join()
    assert received
    assert received.message == b"slowly"


def test_a_large_frame_arrives_whole(pair: Pair) -> None:
    server, channel = pair
    message = os.urandom(5 << 20)
    thread = threading.Thread(target=server.sendall, args=(frame(message),))
    thread.start()
    received = channel.receive()
    thread.join()
    assert received
    assert received.message == message


def test_descriptors_come_with_their_frame(pair: Pair) -> None:
    server, channel = pair
    with tempfile.TemporaryFile() as first, tempfile.TemporaryFile() as second:
        first.write(b"1")
        second.write(b"22")
        first.flush()
        second.flush()
        server.sendall(frame(b"before"))
        server.sendmsg([frame(b"with")], rights(first.fileno(), second.fileno()))
        server.sendall(frame(b"after"))
        received = [channel.receive() for _ in range(3)]
    assert [each and len(each.descriptors) for each in received] == [0, 2, 0]
    assert received[1]
    sizes = [os.fstat(descriptor).st_size for descriptor in received[1].descriptors]
    for descriptor in received[1].descriptors:
        assert not os.get_inheritable(descriptor)
        os.close(descriptor)
    assert sizes == [1, 2]


def test_descriptors_stay_with_their_frame_when_it_comes_in_parts(pair: Pair) -> None:
    server, channel = pair
    whole = frame(b"with")
    with tempfile.TemporaryFile() as file:
        server.sendall(frame(b"before"))
        server.sendmsg([whole[:6]], rights(file.fileno()))
        received = [channel.receive()]
        assert channel.wait(0)
        server.sendall(whole[6:] + frame(b"after"))
        received += [channel.receive() for _ in range(2)]
    assert [each and (each.message, len(each.descriptors)) for each in received] == [
        (b"before", 0),
        (b"with", 1),
        (b"after", 0),
    ]
    assert received[1]
    os.close(received[1].descriptors[0])
    assert not channel.wait(0)


def test_the_end_between_frames_and_within_one(pair: Pair) -> None:
    server, channel = pair
    server.sendall(frame(b"last") + frame(b"never complete")[:9])
    server.close()
    last = channel.receive()
    assert last
    assert last.message == b"last"
    assert channel.receive() is None
    assert channel.receive() is None


def test_descriptors_of_a_broken_frame_are_closed(pair: Pair) -> None:
    server, channel = pair
    with tempfile.TemporaryFile() as file:
        before = open_descriptors()
        server.sendmsg([frame(b"never complete")[:9]], rights(file.fileno()))
        server.shutdown(socket.SHUT_WR)
        assert channel.receive() is None
        assert open_descriptors() == before


def test_a_length_beyond_all_bounds_is_refused_before_memory_is_taken(pair: Pair) -> None:
    server, channel = pair
    server.sendall(struct.pack("<I", MAX_FRAME_BYTES + 1))
    with pytest.raises(FrameError, match=f"{MAX_FRAME_BYTES + 1} bytes"):
        channel.receive()


def test_a_sent_frame_has_its_length_in_front(pair: Pair) -> None:
    server, channel = pair
    channel.send(b"reply")
    assert server.recv(100) == b"\5\0\0\0reply"
