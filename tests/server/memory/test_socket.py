from __future__ import annotations

import array
import asyncio
import os
import socket
import struct
from collections.abc import Callable, Iterator

import pytest
import uvloop

from gridgrad_server.memory.socket import FrameSocket


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


async def until(condition: object) -> None:
    assert callable(condition)
    while not condition():
        await asyncio.sleep(0.001)


def frame(message: bytes) -> bytes:
    return struct.pack("<I", len(message)) + message


async def test_frames_come_whole_however_they_are_cut(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    got: list[bytes] = []
    link = FrameSocket(ours, got.append, lambda: None)
    messages = [b"", b"a", bytes(range(256)) * 3]
    for byte in b"".join(map(frame, messages)):
        theirs.send(bytes([byte]))
        await asyncio.sleep(0)
    await until(lambda: len(got) == 3)
    assert got == messages
    link.close()


async def test_the_end_is_reported_once_after_the_last_frame(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    events: list[object] = []
    link = FrameSocket(ours, events.append, lambda: events.append("closed"))
    theirs.sendall(frame(b"last") + b"\x09\x00")
    theirs.close()
    link.drain()
    await asyncio.sleep(0)
    assert events == [b"last", "closed"]
    link.send(b"into the void")


async def test_what_the_socket_does_not_take_at_once_follows(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    link = FrameSocket(ours, lambda _: None, lambda: None)
    large = os.urandom(8 << 20)
    reader, writer = os.pipe()
    link.send(large)
    link.send(b"second", [reader])
    theirs.setblocking(False)
    got, passed = bytearray(), array.array("i")
    whole = frame(large) + frame(b"second")
    while len(got) < len(whole):
        try:
            part, ancillary, _, _ = theirs.recvmsg(1 << 20, 1024)
        except BlockingIOError:
            await asyncio.sleep(0)
            continue
        got += part
        for _, _, raw in ancillary:
            passed.frombytes(raw)
    assert bytes(got) == whole
    assert len(passed) == 1
    assert os.fstat(passed[0]).st_ino == os.fstat(reader).st_ino
    for descriptor in (reader, writer, passed[0]):
        os.close(descriptor)
    link.close()


@pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("sends", [False, True])
def test_a_reset_behind_frames_is_seen(factory: Callable[[], asyncio.AbstractEventLoop], sends: bool) -> None:
    """The other end is closed with something unread, and frames of it are left to read."""

    async def events() -> list[object]:
        ours, theirs = socket.socketpair()
        seen: list[object] = []
        link = FrameSocket(ours, seen.append, lambda: seen.append("closed"))
        link.send(b"unread")
        theirs.sendall(frame(b"last"))
        theirs.close()
        await until(lambda: b"last" in seen)
        if sends:
            link.send(b"into the void")
        else:
            link.notice_end()
        await until(lambda: "closed" in seen)
        return seen

    with asyncio.Runner(loop_factory=factory) as runner:
        assert runner.run(asyncio.wait_for(events(), 10)) == [b"last", "closed"]


async def test_an_end_that_is_not_there_is_not_noticed(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    events: list[object] = []
    link = FrameSocket(ours, events.append, lambda: events.append("closed"))
    theirs.sendall(frame(b"waits"))
    link.notice_end()
    assert events == []
    await until(lambda: events)
    assert events == [b"waits"]
    link.close()
    link.notice_end()
