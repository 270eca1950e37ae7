"""Accepting, and waiting for descriptors."""

from __future__ import annotations

import asyncio
import errno
import functools
import socket
import tempfile
from pathlib import Path

import pytest

from gridgrad_server.local_sessions import session_listener as module
from gridgrad_server.local_sessions.session_listener import SessionListener
from tests.server.local_sessions.callers import until


async def test_where_no_descriptors_are_left_it_tries_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE_S", 0.01)
    accepted: list[socket.socket] = []
    fails = [OSError(errno.EMFILE, "Too many open files")] * 2

    def more_than(count: int) -> bool:
        return len(accepted) > count

    def accept(connection: socket.socket) -> None:
        accepted.append(connection)
        if fails:
            raise fails.pop()

    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listening:
        path = str(Path(folder) / "socket")
        listening.bind(path)
        listening.listen()
        listening.setblocking(False)
        listener = SessionListener(listening, accept)
        for _ in range(3):
            with socket.socket(socket.AF_UNIX) as caller:
                caller.connect(path)
                count = len(accepted)
                await until(functools.partial(more_than, count))
        listener.close()
        assert listening.fileno() == -1
        await asyncio.sleep(0.02)  # a pause that ends after it is closed begins nothing
    for connection in accepted:
        connection.close()
