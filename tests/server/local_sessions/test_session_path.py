"""Callers who come to a session by its path."""

from __future__ import annotations

import grp
import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.access.access_control import AccessControl
from gridgrad_server.access.token_file import TokenEntry, edited
from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.connections.listen import ListenError
from gridgrad_server.local_sessions import session_path as module
from gridgrad_server.local_sessions.session_path import SessionPath
from tests.server.local_sessions.callers import Caller, until


async def greeted(path: Path) -> tuple[Caller, pb.SessionResponse]:
    caller = Caller(path)
    await caller.send_bytes(b"")
    return caller, await caller.answer()


async def refused(path: Path, greeting: bytes = b"") -> pb.Status:
    """How a caller is turned away."""
    caller = Caller(path)
    await caller.send_bytes(greeting)
    said = (await caller.answer()).status
    assert await caller.hung_up()
    assert not caller.descriptors
    caller.close()
    return said


async def test_who_comes_by_the_path_gets_a_session(serve: Any, tmp_path: Path) -> None:
    path = tmp_path / "sessions"
    serving = await serve(session_socket=path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    caller, first = await greeted(path)
    assert first.memory_bytes
    caller.map(first)
    await caller.ask()
    assert (await caller.answer()).HasField("lease")
    assert serving.server.parts.sessions.by_owner() == {f"unix:{os.geteuid()}": 1}
    caller.close()
    await until(lambda: len(serving.server.parts.sessions) == 0)
    serving.server.stop()
    await serving.task
    assert not path.exists()


async def test_a_greeting_with_something_in_it_is_refused(serve: Any, tmp_path: Path) -> None:
    await serve(session_socket=tmp_path / "sessions")
    said = await refused(tmp_path / "sessions", pb.SessionRequest(token=b"x").SerializeToString())
    assert (said.code, said.detail.remedy) == (3, "send an empty one here")


async def test_the_bounds_of_sessions_hold(serve: Any, tmp_path: Path) -> None:
    path = tmp_path / "sessions"
    serving = await serve(session_socket=path, sessions=2, quota=("sessions=1",))
    caller, _ = await greeted(path)
    assert "its limit is sessions=1" in (await refused(path)).message
    caller.close()
    await until(lambda: len(serving.server.parts.sessions) == 0)
    caller, _ = await greeted(path)
    serving.server.parts.intake.draining = True
    assert (await refused(path)).code == 14
    caller.close()


async def test_other_users_need_the_group(serve: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await serve(session_socket=tmp_path / "own")
    group = os.getgroups()[0] if os.getgroups() else os.getegid()
    await serve(session_socket=tmp_path / "shared", session_group=grp.getgrgid(group).gr_name)
    status = (tmp_path / "shared").stat()
    assert (stat.S_IMODE(status.st_mode), status.st_gid) == (0o660, group)
    monkeypatch.setattr(module, "peer_uid", lambda _: os.geteuid() + 1)
    assert "start the server with --session-group" in (await refused(tmp_path / "own")).message
    caller, first = await greeted(tmp_path / "shared")
    assert first.memory_bytes
    caller.close()
    monkeypatch.setattr(module, "peer_groups", lambda _: {group + 1})
    assert (await refused(tmp_path / "shared")).code == 7


async def test_where_there_are_tokens_a_user_is_who_the_file_says(serve: Any, tmp_path: Path) -> None:
    path, file = tmp_path / "sessions", tmp_path / "tokens"
    with edited(file) as tokens:
        tokens.add(TokenEntry("solver", ("call",), b"", user=os.geteuid() + 1))
    serving = await serve(session_socket=path, auth_tokens=file)
    said = await refused(path)
    assert (said.code, f"--no-token --user {os.geteuid()}" in said.message) == (16, True)
    for role, code in [("metrics", 7), ("call", 0)]:
        with edited(file) as tokens:
            tokens.remove(tokens.entries)
            tokens.add(TokenEntry("solver", (role,), b"", user=os.geteuid()))
        await serving.server.reload()
        if code:
            assert (await refused(path)).code == code
    caller, _ = await greeted(path)
    assert serving.server.parts.sessions.by_owner() == {"@solver": 1}
    with edited(file) as tokens:
        tokens.remove(tokens.entries)
    await serving.server.reload()
    assert await caller.hung_up(), "his line is gone"
    caller.close()


async def test_a_stale_socket_is_taken_over_and_nothing_else(serve: Any, tmp_path: Path) -> None:
    path = tmp_path / "sessions"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    await serve(session_socket=path)
    caller, _ = await greeted(path)
    caller.close()
    access = AccessControl(ServerSettings())
    (tmp_path / "file").write_text("mine")
    for place, group, said in [
        (path, None, "another server listens there"),
        (tmp_path / "file", None, "a file is there"),
        (tmp_path / "no" / "such", None, r"can't listen on --session-socket .*: No such file or directory"),
        (tmp_path / ("long" * 40), None, "too long"),
        (tmp_path / "other", "nobody-here", "there is no group nobody-here"),
    ]:
        with pytest.raises(ListenError, match=said):
            SessionPath(place, group, access)
    assert path.exists()


def test_a_group_goes_with_a_socket() -> None:
    with pytest.raises(ValueError, match="give it too"):
        ServerSettings(session_group="users")
