"""The socket of a session in a loop, with the other end in the test's hands."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Iterator

import numpy as np
import pytest

import gridgrad
from gridgrad.aio.session_socket import SessionSocket
from gridgrad.protocol.error_mapping import EntryFailed
from gridgrad.protocol.leased_memory import LeasedMemory
from gridgrad.protocol.session_messages import SessionCalls, SessionLost
from gridgrad.requests.prepare import prepare
from gridgrad.requests.request import Request
from gridgrad_core.system import shared_memory
from gridgrad_core.system.framing import framed
from gridgrad_core.v1 import gridgrad_pb2 as pb

CALL = prepare(Request("t", {"t": np.ones(3)}))
REFUSED = framed(pb.SessionResponse(id=1, status=pb.Status(code=3)).SerializeToString())


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    own, other = socket.socketpair()
    yield own, other
    own.close()
    other.close()


@pytest.fixture
def calls() -> Iterator[SessionCalls]:
    descriptor = shared_memory.create("test", 4096)
    yield SessionCalls(LeasedMemory(descriptor, 4096))
    os.close(descriptor)


async def test_a_call_waits_for_its_answer(ends: tuple[socket.socket, socket.socket], calls: SessionCalls) -> None:
    link = SessionSocket(ends[0], calls)
    pending, message = calls.begin(CALL, None, None)
    link.send(message, None)
    assert await asyncio.to_thread(ends[1].recv, 1 << 16) == message
    asyncio.get_running_loop().call_soon(ends[1].sendall, REFUSED)
    await link.complete(pending, None)
    with pytest.raises(EntryFailed):
        pending.result()
    link.close()


async def test_a_deadline_ends_the_wait(ends: tuple[socket.socket, socket.socket], calls: SessionCalls) -> None:
    link = SessionSocket(ends[0], calls)
    pending, _ = calls.begin(CALL, None, None)
    with pytest.raises(EntryFailed) as caught:
        await link.complete(pending, time.monotonic() + 0.02)
    assert caught.value.status.code == 4
    assert link.is_open
    link.close()


@pytest.mark.parametrize("raw", [b"", framed(b"\xff\xff")], ids=["end", "no message"])
async def test_what_ends_a_session_ends_its_calls(
    ends: tuple[socket.socket, socket.socket], calls: SessionCalls, raw: bytes
) -> None:
    link = SessionSocket(ends[0], calls)
    waiting = [calls.begin(CALL, None, None)[0] for _ in range(2)]
    ends[1].sendall(raw)
    if not raw:
        ends[1].close()
    for pending in waiting:
        await link.complete(pending, None)
        with pytest.raises(gridgrad.InternalError if raw else SessionLost):
            pending.result()
    assert not link.is_open
    with pytest.raises(SessionLost):
        link.send(b"x", None)


async def test_what_finds_no_room_is_sent_later(ends: tuple[socket.socket, socket.socket], calls: SessionCalls) -> None:
    link, large = SessionSocket(ends[0], calls), os.urandom(4 << 20)
    link.send(large, None)
    link.send(b"after it", None)
    received = bytearray()
    while len(received) < len(large) + 8:
        received += await asyncio.to_thread(ends[1].recv, 1 << 20)
    assert received == large + b"after it"
    link.close()


def test_a_reset_behind_an_answer_is_seen_in_a_loop_that_tells_once(
    ends: tuple[socket.socket, socket.socket], calls: SessionCalls
) -> None:
    uvloop = pytest.importorskip("uvloop")

    async def lost() -> None:
        link = SessionSocket(ends[0], calls)
        answered, message = calls.begin(CALL, None, None)
        link.send(message, None)  # which is never read, so that the end comes as a reset
        other, _ = calls.begin(CALL, None, None)
        ends[1].sendall(REFUSED)
        ends[1].close()
        await link.complete(answered, None)
        await link.complete(other, None)
        with pytest.raises(SessionLost):
            other.result()
        assert not link.is_open

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.wait_for(lost(), 10))
