"""One session with a server on this machine: a call is one message out and one in, and its result lies in memory."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from typing import NamedTuple

from gridgrad.aio.primitives import CANCELLED
from gridgrad.aio.session_socket import SessionSocket
from gridgrad.progress import Progress
from gridgrad.protocol.error_mapping import EntryFailed
from gridgrad.protocol.leased_memory import LeasedMemory, without_keeping
from gridgrad.protocol.session_messages import PendingCall, SessionCalls, SessionLost, token_message
from gridgrad.requests.prepare import PreparedCall
from gridgrad.results.result import Result
from gridgrad_core.errors import GridgradError
from gridgrad_core.system.framing import ANCILLARY_BYTES, FrameReader, descriptors_in
from gridgrad_core.system.peer import peer_uid
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.parse import parse

__all__ = ["ClientSession", "SessionEnd", "connect"]

CONNECT_S = 2.0

_NOT_HAD = (OSError, ValueError, TypeError, AttributeError)
"""How connecting and mapping fail; the last two where a system lacks unix sockets or what names the peer's user."""

_GIVEN_UP: tuple[type[BaseException], ...] = (EntryFailed, *CANCELLED)
"""What a wait ends with when the caller waits no longer."""


class SessionEnd(NamedTuple):
    """The client's end of a session that was opened.

    Args:
        connection: to the server, in the session.
        memory: of the session.
    """

    connection: socket.socket
    memory: LeasedMemory

    def close(self) -> None:
        """Ends the session."""
        self.connection.close()


class ClientSession:
    """One session.

    Args:
        end: of the session, which this one closes.

    Attributes:
        memory: of the session.
        calls: how many are under way; `SessionPool` counts them.
    """

    def __init__(self, end: SessionEnd) -> None:
        self.memory = end.memory
        self.calls = 0
        self._calls = SessionCalls(end.memory)
        self._socket = SessionSocket(end.connection, self._calls)
        self.memory.on_release = without_keeping(self._socket.tell_released)

    @property
    def is_well(self) -> bool:
        """Whether calls can be made in it."""
        return self._socket.is_open and not self.memory.is_left

    async def call(self, call: PreparedCall, timeout_s: float | None, progress: Progress | None = None) -> Result:
        """Makes a call and waits for its result.

        Args:
            call: the call.
            timeout_s: seconds until it is given up; None for never.
            progress: called with the points that have come so far and the points of the grid.

        Raises:
            SessionLost: the session has ended. Whether the call was computed is not known.
            EntryFailed: the call failed.
            GridgradError: its answer can't be used.
        """
        deadline_at = None if timeout_s is None else time.monotonic() + timeout_s
        pending, message = self._calls.begin(call, timeout_s, progress)
        self._socket.send(message, deadline_at)
        try:
            await self._socket.complete(pending, deadline_at)
        except _GIVEN_UP:
            self._give_up(pending)
            raise
        return pending.result()

    def close(self) -> None:
        """Ends it. What arrays view stays as it is."""
        self.memory.leave()
        self._socket.close()

    def interrupt(self) -> None:
        """Has the calls under way fail."""
        self._socket.interrupt()

    def forget(self) -> None:
        """Closes what was inherited by a fork, without a word to the server."""
        self.memory.leave()
        self._socket.forget()

    def _give_up(self, pending: PendingCall) -> None:
        with contextlib.suppress(SessionLost):
            self._socket.send(self._calls.give_up(pending), None)


def connect(opened: bytes) -> SessionEnd:
    """Comes to the session that the server has offered; waits for it.

    Args:
        opened: the serialized OpenSessionResponse.

    Raises:
        SessionLost: nobody is there, or somebody else; or the session can't be had.
    """
    connection = socket.socket(getattr(socket, "AF_UNIX", socket.AF_INET), socket.SOCK_STREAM)
    try:
        reply = parse(pb.OpenSessionResponse(), opened)
        connection.settimeout(CONNECT_S)
        connection.connect(f"\0{reply.socket}")
        _check_user(connection)
        connection.sendall(token_message(reply.token))
        return SessionEnd(connection, _memory(connection))
    except (*_NOT_HAD, GridgradError, SessionLost) as error:
        connection.close()
        raise SessionLost(str(error)) from error


def _check_user(connection: socket.socket) -> None:
    uid = peer_uid(connection)
    if uid != os.geteuid():
        raise SessionLost(f"the socket belongs to user {uid}")


def _memory(connection: socket.socket) -> LeasedMemory:
    """The memory that the first message brings."""
    frames, message = FrameReader(), None
    descriptors: list[int] = []
    try:
        while message is None:
            part, ancillary, _, _ = connection.recvmsg(frames.missing, ANCILLARY_BYTES)
            descriptors += descriptors_in(ancillary)
            if not part:
                raise SessionLost("the server hung up")
            frames.feed(part)
            message = frames.take()
        if len(descriptors) != 1:
            raise SessionLost(f"{len(descriptors)} descriptors instead of one; is the limit of open files reached?")
        return LeasedMemory(descriptors[0], parse(pb.SessionResponse(), message).memory_bytes)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
