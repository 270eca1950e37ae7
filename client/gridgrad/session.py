"""One session with a server on this machine: a call is one message out and one in, by the thread that makes it.

A session is used by one thread at a time; `gridgrad.sessions` sees to that. What both clients do alike with the
messages of a session stands here too.
"""

from __future__ import annotations

import array
import contextlib
import os
import select
import socket
import struct
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gridgrad.assembly import Assembly
from gridgrad.calls import Call
from gridgrad.errors import GridgradError
from gridgrad.failures import EntryFailed
from gridgrad.inputs import FloatArray
from gridgrad.leases import Memory
from gridgrad.messages import broken, parse
from gridgrad.progress import Progress
from gridgrad.result import Result
from gridgrad.v1 import gridgrad_pb2 as pb
from gridgrad.wire import field_head

__all__ = [
    "READ_BYTES",
    "Answer",
    "Inbox",
    "Session",
    "SessionLost",
    "call_message",
    "cancel_message",
    "connect",
    "framed",
    "out_of_time",
    "without_keeping",
]

CONNECT_S = 2.0

_LENGTH = struct.Struct("<I")
READ_BYTES = 1 << 16
_REQUEST_FIELD = pb.SessionRequest.REQUEST_FIELD_NUMBER
_DEADLINE_EXCEEDED = 4
_UCRED = struct.Struct("iII")
_INT_BYTES = array.array("i").itemsize


class SessionLost(Exception):  # noqa: N818 - never leaves the client: the call goes by gRPC
    """The session has ended, or can't be opened."""


class Inbox:
    """Cuts what comes over a socket into messages."""

    def __init__(self) -> None:
        self._received = bytearray()

    def feed(self, part: bytes) -> None:
        """Takes what came."""
        self._received += part

    def take(self) -> pb.SessionResponse | None:
        """The next message; None until it is whole.

        Raises:
            InternalError: it is none.
        """
        if len(self._received) < _LENGTH.size:
            return None
        end = _LENGTH.size + _LENGTH.unpack_from(self._received)[0]
        if len(self._received) < end:
            return None
        message = bytes(self._received[_LENGTH.size : end])
        del self._received[:end]
        return parse(pb.SessionResponse(), message)


def framed(parts: Sequence[bytes]) -> list[bytes]:
    """The parts of a message behind its length."""
    return [_LENGTH.pack(sum(map(len, parts))), *parts]


def call_message(number: int, call: Call, timeout_s: float | None, memory: Memory) -> list[bytes]:
    """The parts of the message that makes a call."""
    head = pb.SessionRequest(id=number, timeout_s=timeout_s or 0.0, released=memory.take_released())
    return framed(
        (head.SerializeToString() + field_head(_REQUEST_FIELD, len(call.message)), call.message),
    )


def cancel_message(number: int, memory: Memory) -> list[bytes]:
    """The parts of the message that gives a call up; 0 for none, to tell of what was released."""
    return framed([pb.SessionRequest(cancel=number, released=memory.take_released()).SerializeToString()])


class Answer:
    """Reads what answers a call.

    Args:
        call: what is answered.
        memory: of the session.
        progress: called with the points that have come so far and the points of the grid.
    """

    def __init__(self, call: Call, memory: Memory, progress: Progress | None = None) -> None:
        self._assembly = Assembly(call, progress)
        self._memory = memory

    def feed(self, response: pb.SessionResponse) -> Result | None:
        """Takes the answer, or one of several.

        Returns:
            The result once it is complete, else None.

        Raises:
            EntryFailed: the call failed.
            InternalError: the answer breaks the protocol.
            RequestError: `out` does not fit the components of the result.
            SessionLost: the rest of the result will not come.
        """
        if self._memory.is_left and response.HasField("window"):
            raise SessionLost("a fork: nothing is released any more, and the windows after these never come")

        def leased(shape: tuple[int, ...], dtype: np.dtype[Any]) -> FloatArray:
            return self._memory.array(response.lease, shape, dtype, is_awaited=response.HasField("window"))

        def inline(shape: tuple[int, ...], dtype: np.dtype[Any]) -> FloatArray:
            data = response.response.data
            if len(data) != np.prod(shape, dtype=np.int64) * dtype.itemsize:
                raise broken(f"{len(data)} bytes for {list(shape)} numbers of {dtype}")
            return np.ndarray(shape, dtype, data)

        return self._assembly.feed_leased(response, leased if response.HasField("lease") else inline)


def without_keeping(method: Callable[[], None]) -> Callable[[], None]:
    """The method of an object, which does nothing once that is gone."""
    weak = weakref.WeakMethod(method)

    def call() -> None:
        bound = weak()
        if bound is not None:
            bound()

    return call


def out_of_time() -> EntryFailed:
    """What a call ends with that was not answered in time."""
    return EntryFailed(pb.Status(code=_DEADLINE_EXCEEDED))


def connect(opened: bytes) -> tuple[socket.socket, Memory]:
    """Comes to the session that the server has offered.

    Args:
        opened: the serialized OpenSessionResponse.

    Raises:
        SessionLost: nobody is there, or somebody else; or the session can't be had.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        reply = parse(pb.OpenSessionResponse(), opened)
        connection.settimeout(CONNECT_S)
        connection.connect(f"\0{reply.socket}")
        _check_user(connection)
        connection.sendall(b"".join(framed([pb.SessionRequest(token=reply.token).SerializeToString()])))
        return connection, _memory(connection)
    except (OSError, ValueError, GridgradError, SessionLost) as error:
        connection.close()
        raise SessionLost(str(error)) from error


def _check_user(connection: socket.socket) -> None:
    _, uid, _ = _UCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    if uid != os.geteuid():
        raise SessionLost(f"the socket belongs to user {uid}")


def _memory(connection: socket.socket) -> Memory:
    """The memory that the first message brings."""
    inbox, response, descriptors = Inbox(), None, array.array("i")
    try:
        while response is None:
            part, ancillary, _, _ = connection.recvmsg(_LENGTH.size, socket.CMSG_SPACE(8 * _INT_BYTES))
            for level, kind, data in ancillary:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    descriptors.frombytes(data[: len(data) - len(data) % _INT_BYTES])
            if not part:
                raise SessionLost("the server hung up")
            inbox.feed(part)
            response = inbox.take()
        if len(descriptors) != 1:
            raise SessionLost(f"{len(descriptors)} descriptors instead of one; is the limit of open files reached?")
        return Memory(descriptors[0], response.memory_bytes)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


class Session:
    """One session.

    Args:
        connection: to the server, in the session; the session closes it.
        memory: of the session.
    """

    def __init__(self, connection: socket.socket, memory: Memory) -> None:
        connection.setblocking(False)
        self.memory = memory
        memory.on_release = without_keeping(self._tell)
        self._connection = connection
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)
        self._inbox = Inbox()
        self._last = 0
        self._sending = threading.Lock()

    def call(self, call: Call, timeout_s: float | None, progress: Progress | None = None) -> Result:
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
        self._last += 1
        deadline_at = None if timeout_s is None else time.monotonic() + timeout_s
        with self._sending:
            self._send(call_message(self._last, call, timeout_s, self.memory), deadline_at)
        answer, result = Answer(call, self.memory, progress), None
        while result is None:
            result = answer.feed(self._response(deadline_at))
        return result

    def close(self) -> None:
        """Ends it. What arrays view stays as it is."""
        self.memory.leave()
        self._connection.close()

    def __del__(self) -> None:
        self.close()

    def interrupt(self) -> None:
        """Has a call that another thread waits for fail."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _response(self, deadline_at: float | None) -> pb.SessionResponse:
        while True:
            response = self._inbox.take()
            if response is None:
                self._receive(deadline_at)
            elif response.id == self._last:
                return response
            elif response.HasField("lease"):
                self.memory.ignore(response.lease)  # of a call that was given up

    def _receive(self, deadline_at: float | None) -> None:
        left_s = None if deadline_at is None else max(deadline_at - time.monotonic(), 0.0)
        if not self._poll.poll(None if left_s is None else 1e3 * left_s):
            with self._sending:
                self._send(cancel_message(self._last, self.memory), None)
            raise out_of_time()
        try:
            part = self._connection.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            raise SessionLost(str(error)) from error
        if not part:
            raise SessionLost("the server ended it")
        self._inbox.feed(part)

    def _send(self, parts: list[bytes], deadline_at: float | None) -> None:
        try:
            sent = self._connection.sendmsg(parts)
            if sent < sum(map(len, parts)):
                self._send_rest(memoryview(b"".join(parts))[sent:], deadline_at)
        except OSError as error:
            raise SessionLost(str(error)) from error

    def _send_rest(self, rest: memoryview, deadline_at: float | None) -> None:
        self._connection.settimeout(None if deadline_at is None else max(deadline_at - time.monotonic(), 1e-3))
        try:
            self._connection.sendall(rest)
        finally:
            self._connection.setblocking(False)

    def _tell(self) -> None:
        """Tells the server what was released; where another thread is sending, that or the next message does."""
        while self.memory.has_news and self._sending.acquire(blocking=False):
            try:
                parts = cancel_message(0, self.memory)
                if self._connection.sendmsg(parts) < sum(map(len, parts)):
                    self.interrupt()
            except OSError:
                self.interrupt()  # what was released would never be told
            finally:
                self._sending.release()
