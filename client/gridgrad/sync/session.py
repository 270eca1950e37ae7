"""One session with a server on this machine: a call is one message out and one in, by the thread that makes it.

A session is used by one thread at a time; `gridgrad.sync.pool` sees to that. What both clients do alike with the
messages of a session stands here too.
"""

from __future__ import annotations

import contextlib
import functools
import math
import os
import select
import socket
import threading
import time
import weakref
from collections.abc import Callable

from gridgrad.progress import Progress
from gridgrad.protocol.assemble import Assembly
from gridgrad.protocol.error_mapping import EntryFailed
from gridgrad.protocol.leased_memory import LeasedMemory
from gridgrad.protocol.response_cache import read_response, read_unary
from gridgrad.requests.prepare import PreparedCall
from gridgrad.results.result import Result
from gridgrad_core.errors import REASONS, GridgradError
from gridgrad_core.system.framing import ANCILLARY_BYTES, FrameReader, descriptors_in
from gridgrad_core.system.framing import framed as frame_of
from gridgrad_core.system.peer import peer_uid
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.fields import field_head
from gridgrad_core.wire.parse import parse

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

READ_BYTES = 1 << 16
_REQUEST_FIELD = pb.SessionRequest.REQUEST_FIELD_NUMBER


class SessionLost(Exception):  # noqa: N818 - never leaves the client: the call goes by gRPC
    """The session has ended, or can't be opened."""


class Inbox:
    """Cuts what comes over a socket into messages."""

    def __init__(self) -> None:
        self._frames = FrameReader()
        self.feed = self._frames.feed

    @property
    def missing(self) -> int:
        """How many bytes may be read without reading into the next message."""
        return self._frames.missing

    def take(self) -> pb.SessionResponse | None:
        """The next message; None until it is whole.

        Raises:
            InternalError: it is none.
        """
        message = self._frames.take()
        return None if message is None else parse(pb.SessionResponse(), message)


def framed(message: pb.SessionRequest, request: bytes = b"") -> bytes:
    """A message behind its length, with the request that it makes if it makes one."""
    head = message.SerializeToString()
    if request:
        head += field_head(_REQUEST_FIELD, len(request))
    return frame_of(head, request)


def call_message(number: int, call: PreparedCall, timeout_s: float | None, memory: LeasedMemory) -> bytes:
    """The message that makes a call."""
    message = pb.SessionRequest(id=number, timeout_s=timeout_s or 0.0, released=memory.take_released())
    return framed(message, call.message)


def cancel_message(number: int, memory: LeasedMemory) -> bytes:
    """The message that gives a call up; 0 for none, to tell of what was released."""
    return framed(pb.SessionRequest(cancel=number, released=memory.take_released()))


class Answer:
    """Reads what answers a call.

    Args:
        call: what is answered.
        memory: of the session.
        progress: called with the points that have come so far and the points of the grid.
    """

    __slots__ = ("_assembly", "_call", "_memory", "_progress")

    def __init__(self, call: PreparedCall, memory: LeasedMemory, progress: Progress | None = None) -> None:
        self._call = call
        self._memory = memory
        self._progress = progress
        self._assembly: Assembly | None = None

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
        if response.HasField("window"):
            return self._feed_window(response)
        raw, call = response.response, self._call
        if response.HasField("lease"):
            form, info = read_response(raw, call)
            view = self._memory.array(response.lease, form.layout.shape, form.layout.dtype)
            result = form.result(view, info, call)
        elif response.HasField("status"):
            raise EntryFailed(response.status)
        else:
            result = read_unary(raw, call)
        if self._progress:
            points = math.prod(result.shape)
            self._progress(points, points)
        return result

    def _feed_window(self, response: pb.SessionResponse) -> Result | None:
        if self._memory.is_left:
            raise SessionLost("a fork: nothing is released any more, and the windows after these never come")
        if self._assembly is None:
            self._assembly = Assembly(self._call, self._progress)
        view = functools.partial(self._memory.array, response.lease, is_awaited=True)
        return self._assembly.feed_leased(response, view)


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
    return EntryFailed(pb.Status(code=REASONS["DEADLINE"].code))


def connect(opened: bytes) -> tuple[socket.socket, LeasedMemory]:
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
        connection.sendall(framed(pb.SessionRequest(token=reply.token)))
        return connection, _memory(connection)
    except (OSError, ValueError, GridgradError, SessionLost) as error:
        connection.close()
        raise SessionLost(str(error)) from error


def _check_user(connection: socket.socket) -> None:
    uid = peer_uid(connection)
    if uid != os.geteuid():
        raise SessionLost(f"the socket belongs to user {uid}")


def _memory(connection: socket.socket) -> LeasedMemory:
    """The memory that the first message brings."""
    inbox, response = Inbox(), None
    descriptors: list[int] = []
    try:
        while response is None:
            part, ancillary, _, _ = connection.recvmsg(inbox.missing, ANCILLARY_BYTES)
            descriptors += descriptors_in(ancillary)
            if not part:
                raise SessionLost("the server hung up")
            inbox.feed(part)
            response = inbox.take()
        if len(descriptors) != 1:
            raise SessionLost(f"{len(descriptors)} descriptors instead of one; is the limit of open files reached?")
        return LeasedMemory(descriptors[0], response.memory_bytes)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


class Session:
    """One session.

    Args:
        connection: to the server, in the session; the session closes it.
        memory: of the session.
    """

    def __init__(self, connection: socket.socket, memory: LeasedMemory) -> None:
        connection.setblocking(False)
        self.memory = memory
        memory.on_release = without_keeping(self._tell)
        self._connection = connection
        self._poll = select.poll()  # a blocking recv would wake up once more, when what was sent is read
        self._poll.register(connection, select.POLLIN)
        self._inbox = Inbox()
        self._last = 0
        self._sending = threading.Lock()

    def call(self, call: PreparedCall, timeout_s: float | None, progress: Progress | None = None) -> Result:
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

    def _send(self, message: bytes, deadline_at: float | None) -> None:
        try:
            sent = self._connection.send(message)
            if sent < len(message):
                self._send_rest(memoryview(message)[sent:], deadline_at)
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
                message = cancel_message(0, self.memory)
                if self._connection.send(message) < len(message):
                    self.interrupt()
            except OSError:
                self.interrupt()  # what was released would never be told
            finally:
                self._sending.release()
