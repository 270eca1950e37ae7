"""A socket to a worker itself: with memory in common its end is its process's, over the network that of the socket."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable

import pytest

from gridgrad_server.workers.transports import direct_link
from gridgrad_server.workers.transports.direct_link import DirectLink

STAYS = """
import socket, sys, time
with socket.socket(socket.AF_UNIX) as listening:
    listening.bind("\\0" + sys.argv[1])
    listening.listen()
    print(flush=True)
    connection = listening.accept()[0]
    connection.sendall(b"\\3\\0\\0\\0one")
    while True:
        time.sleep(9)
"""


async def until(look: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not look():
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("by", ["itself", "force"])
async def test_one_that_shares_memory_has_left_when_its_process_has(by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct_link, "_END_WITHIN_S", 0.05)
    name = f"gridgrad-test-{uuid.uuid4()}"
    told: list[bytes] = []
    left: list[int] = []
    with subprocess.Popen([sys.executable, "-c", STAYS, name], stdout=subprocess.PIPE) as worker:
        assert worker.stdout
        worker.stdout.readline()
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(f"\0{name}")
        link = DirectLink(connection, told.append, lambda: left.append(1), shares_memory=True)
        await until(lambda: told)
        if by == "itself":
            worker.kill()
        else:
            assert not link.end()  # it does not end when it is told to
        await until(lambda: left)
        worker.wait()
    assert link.end()
    assert (told, left) == ([b"one"], [1])


async def test_one_over_the_network_is_done_with_when_it_is_closed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        theirs = socket.create_connection(listening.getsockname())
        link = DirectLink(listening.accept()[0], lambda _: None, lambda: None, shares_memory=False)
    with theirs:
        assert link.end()
        assert theirs.recv(1) == b""
        link.close()
