"""Places of calls that stay open, with contexts that only have a peer."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from gridgrad_core.errors import BusyError
from gridgrad_server.connections import open_calls as module
from gridgrad_server.connections.open_calls import OpenCalls


class Caller:
    """As much of a call's context as is asked for."""

    def __init__(self, peer: str) -> None:
        self._peer = peer

    def peer(self) -> str:
        return self._peer

    def invocation_metadata(self) -> tuple[()]:
        return ()


def caller(port: int) -> Any:
    return Caller(f"ipv4:127.0.0.1:{port}")


def test_a_connection_has_its_share_and_others_theirs() -> None:
    calls = OpenCalls("watches", 100, 2)
    with calls.place(caller(1)), calls.place(caller(1)):
        with pytest.raises(BusyError, match="2 watches on this connection"), calls.place(caller(1)):
            pass
        with calls.place(caller(2)):
            assert len(calls) == 3
    with calls.place(caller(1)):
        assert len(calls) == 1


def test_there_are_as_many_as_said_and_nobody_has_all() -> None:
    calls = OpenCalls("streams", 8, 8)
    with contextlib.ExitStack() as opened:
        for _ in range(4):
            opened.enter_context(calls.place(caller(1)))
        with pytest.raises(BusyError, match="4 streams of yours"), calls.place(caller(1)):
            pass
        for other in range(2, 6):
            opened.enter_context(calls.place(caller(other)))
        with pytest.raises(BusyError, match="holds 8 streams, its limit"), calls.place(caller(6)):
            pass
    assert len(calls) == 0


def test_callers_over_a_unix_socket_are_one_connection_of_many() -> None:
    calls = OpenCalls("watches", 100, 2)
    local: Any = Caller("unix:")
    with calls.place(local), calls.place(local), calls.place(local):
        assert len(calls) == 3


async def test_what_many_have_taken_is_given_back_once_most_have_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    given_back = asyncio.Queue[None]()
    monkeypatch.setattr(module, "give_back_freed_memory", lambda: given_back.put_nowait(None))
    monkeypatch.setattr(module, "_FREED_AFTER_S", 0.0)
    calls = OpenCalls("watches", 1000, 1)
    for count in (20, 80):
        with contextlib.ExitStack() as opened:
            for port in range(count):
                opened.enter_context(calls.place(caller(port)))
    await given_back.get()
    await asyncio.sleep(0.01)
    assert given_back.empty(), "of few it is not worth it, and of many it is done once"
