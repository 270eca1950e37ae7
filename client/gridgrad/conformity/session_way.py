"""Asking in a session: over its socket, with results in the memory that the server shares."""

from __future__ import annotations

import contextlib
import itertools
import mmap
import os
import socket
import struct
import sys
from collections.abc import Iterator
from typing import Any

from google.protobuf import json_format

from gridgrad.conformity.call_outcome import CallOutcome
from gridgrad.conformity.grpc_ways import GrpcUnary, joined
from gridgrad_core.v1 import gridgrad_pb2 as pb

__all__ = ["InSession", "Session", "SessionEnded"]

_LENGTH = struct.Struct("<I")
_ALIGNMENT = 64


class SessionEnded(Exception):  # noqa: N818 - some cases want it
    """The server has closed the socket, or broken the protocol."""


class Session:
    """One session.

    Args:
        place: the name of its socket, with a zero byte before it where there is no such file.
        timeout_s: for an answer.
    """

    def __init__(self, place: str, timeout_s: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout_s)
        self._socket.connect(place)
        self._received = b""
        self._descriptors: list[int] = []
        self._memory: mmap.mmap | None = None

    def greet(self, token: bytes) -> None:
        """Sends the token, empty at a socket that asks for none, and maps the memory.

        Raises:
            SessionEnded: there is none, or none that can be relied on.
        """
        self.send(pb.SessionRequest(token=token))
        first = self.receive()
        if first.HasField("status"):
            raise SessionEnded(f"turned away: {first.status.message}")
        if first.id or len(self._descriptors) != 1:
            raise SessionEnded(f"{len(self._descriptors)} descriptors in the first answer instead of one")
        import fcntl  # Linux has it, and sessions too

        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
        if fcntl.fcntl(self._descriptors[0], fcntl.F_GET_SEALS) & seals != seals:
            raise SessionEnded("memory that is not sealed against shrinking and growing")
        self._memory = mmap.mmap(self._descriptors[0], first.memory_bytes, mmap.MAP_SHARED, mmap.PROT_READ)

    def send(self, message: pb.SessionRequest) -> None:
        """Sends a message.

        Raises:
            SessionEnded: the session has.
        """
        raw = message.SerializeToString()
        try:
            self._socket.sendall(_LENGTH.pack(len(raw)) + raw)
        except OSError as error:
            raise SessionEnded(str(error)) from error

    def receive(self) -> pb.SessionResponse:
        """The next message.

        Raises:
            SessionEnded: the session has.
        """
        (size,) = _LENGTH.unpack(self._take(_LENGTH.size))
        return pb.SessionResponse.FromString(self._take(size))

    def _take(self, size: int) -> bytes:
        while len(self._received) < size:
            try:
                part, descriptors, _, _ = socket.recv_fds(self._socket, 1 << 16, 4)
            except OSError as error:
                raise SessionEnded(str(error)) from error
            self._descriptors += descriptors
            if not part:
                raise SessionEnded("the server has closed the socket")
            self._received += part
        taken, self._received = self._received[:size], self._received[size:]
        return taken

    def numbers(self, lease: pb.Lease) -> bytes:
        """What lies in the memory of a lease.

        Raises:
            SessionEnded: it is not where it may lie.
        """
        if self._memory is None or lease.offset % _ALIGNMENT or lease.offset + lease.size > len(self._memory):
            raise SessionEnded(f"a lease at {lease.offset} of {lease.size} bytes")
        return self._memory[lease.offset : lease.offset + lease.size]

    def close(self) -> None:
        """Ends it."""
        self._socket.close()
        for descriptor in self._descriptors:
            os.close(descriptor)
        if self._memory is not None:
            self._memory.close()


class InSession:
    """Calls in a session, and what the server must not accept there.

    Args:
        unary: opens sessions.
        timeout_s: for an answer.
        path: of the socket of --session-socket, at which nobody opens any; empty for none.

    Attributes:
        name: what it is called.
    """

    def __init__(self, unary: GrpcUnary, timeout_s: float, path: str = "") -> None:
        self.name = "session-socket" if path else "session"
        self._path = path
        self._unary = unary
        self._timeout_s = timeout_s
        self._numbers = itertools.count(1)

    def why_not(self) -> str:
        """Why there are no sessions here; empty where there are, or where its socket was named."""
        if self._path:
            return ""
        if sys.platform != "linux":
            return "sessions are for callers on Linux"
        opened = self._unary.call("OpenSession", b"")
        if isinstance(opened, CallOutcome):
            return opened.message
        try:
            Session(_place(opened)[0], self._timeout_s).close()
        except (ConnectionRefusedError, FileNotFoundError):
            return "the server runs on another machine"
        return ""

    @contextlib.contextmanager
    def _session(self, *, greets: bool = True) -> Iterator[Session]:
        place, token = (self._path, b"") if self._path else self._opened()
        session = Session(place, self._timeout_s)
        try:
            if greets:
                session.greet(token)
            yield session
        finally:
            session.close()

    def _opened(self) -> tuple[str, bytes]:
        opened = self._unary.call("OpenSession", b"")
        if isinstance(opened, CallOutcome):
            raise SessionEnded(opened.message)
        return _place(opened)

    def ask(self, raw: bytes) -> CallOutcome:
        """Asks for a grid, and releases what was leased for it."""
        with self._session() as session:
            number = next(self._numbers)
            session.send(pb.SessionRequest(id=number, request=raw))
            return _outcome(session, number)

    def ends(self, said: Any) -> str:
        """Whether the server ends a session after what a case sends; what is wrong if it does not."""
        try:
            with self._session(greets=said["greets"]) as session:
                for each in said["sends"]:
                    session.send(json_format.ParseDict(each, pb.SessionRequest()))
                answer = session.receive()
        except SessionEnded:
            return ""
        return "" if answer.HasField("status") and not answer.id else "the session goes on"


def _place(opened: bytes) -> tuple[str, bytes]:
    """The name of the socket that OpenSession has answered, and the token."""
    answer = pb.OpenSessionResponse.FromString(opened)
    return f"\0{answer.socket}", answer.token


def _outcome(session: Session, number: int) -> CallOutcome:
    windows: list[tuple[Any, bytes]] = []
    while True:
        answer = session.receive()
        if answer.id != number:
            return CallOutcome(status=2, message=f"an answer to {answer.id}, which nobody has asked")
        if answer.HasField("status"):
            return CallOutcome.of_status(answer.status)
        response = pb.GridGradientResponse.FromString(answer.response)
        if not answer.HasField("lease"):
            return CallOutcome(response.header, response.data)
        windows.append((answer, session.numbers(answer.lease)))
        session.send(pb.SessionRequest(released=[answer.lease.number]))
        if answer.last or not answer.HasField("window"):
            return CallOutcome(response.header, joined(response.header, windows))
