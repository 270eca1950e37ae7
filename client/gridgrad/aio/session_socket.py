"""The socket of a session, which the loop reads and writes for all tasks."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import socket
import time
from collections import deque

from gridgrad.protocol.session_messages import PendingCall, SessionCalls, SessionLost, out_of_time
from gridgrad_core.errors import GridgradError

__all__ = ["CALLS_AT_ONCE", "MOST_SESSIONS", "SessionSocket"]

CALLS_AT_ONCE = math.inf
"""Calls that one session may have under way."""

MOST_SESSIONS = 1
READ_BYTES = 1 << 16


class SessionSocket:
    """The socket of a session, which the loop reads and writes for all tasks.

    Args:
        connection: to the server, in the session; closed with this.
        calls: the calls of the session, to which everything goes that comes.

    Attributes:
        is_open: whether anything can still be sent.
    """

    def __init__(self, connection: socket.socket, calls: SessionCalls) -> None:
        connection.setblocking(False)
        self.is_open = True
        self._connection = connection
        self._calls = calls
        self._to_send: deque[memoryview] = deque()
        self._loop = asyncio.get_running_loop()
        # Others, such as uvloop's, tell of a reset once, though there may be more to read in front of it
        self._is_told_again = isinstance(self._loop, asyncio.SelectorEventLoop)
        self._loop.add_reader(connection, self._readable)

    def send(self, message: bytes, deadline_at: float | None) -> None:  # noqa: ARG002 - threads wait for room
        """Sends a message when there is room for it.

        Raises:
            SessionLost: the session has ended.
        """
        if not self.is_open:
            raise SessionLost("the session has ended")
        self._to_send.append(memoryview(message))
        if len(self._to_send) == 1:
            self._writable()

    async def complete(self, pending: PendingCall, deadline_at: float | None) -> None:
        """Returns when a call is complete.

        Raises:
            EntryFailed: it is not until then.
        """
        if pending.outcome is not None:
            return
        completed: asyncio.Future[None] = self._loop.create_future()
        pending.on_complete = functools.partial(_settle, completed)
        expiry = None if deadline_at is None else self._loop.call_later(_left_s(deadline_at), _expire, completed)
        try:
            await completed
        finally:
            pending.on_complete = None
            if expiry:
                expiry.cancel()

    def tell_released(self) -> None:
        """Tells the server what was released, from whatever thread, soon."""
        with contextlib.suppress(RuntimeError):  # the loop may be closed
            self._loop.call_soon_threadsafe(self._tell)

    def interrupt(self) -> None:
        """Ends it; calls under way fail."""
        self._end(SessionLost("the session has ended"))

    def close(self) -> None:
        """Ends it."""
        self.interrupt()

    def forget(self) -> None:
        """Closes the descriptor alone, as a child process must do, which shares the loop's selector with its parent."""
        self.is_open = False
        self._connection.close()

    def __del__(self) -> None:
        self._connection.close()

    def _end(self, error: Exception) -> None:
        if self.is_open:
            self.is_open = False
            self._loop.remove_reader(self._connection)
            self._loop.remove_writer(self._connection)
            self._connection.close()
            self._calls.lose(error)

    def _readable(self) -> None:
        while self._read() and not self._is_told_again:
            pass

    def _read(self) -> bool:
        """Reads once; False when there is nothing now or no more."""
        try:
            part = self._connection.recv(READ_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            part = b""
        if not part:
            self.interrupt()
            return False
        try:
            self._calls.feed(part)
        except GridgradError as error:  # what comes after it can't be read
            self._end(error)
        return self.is_open

    def _writable(self) -> None:
        while self._to_send:
            try:
                sent = self._connection.send(self._to_send[0])
            except BlockingIOError:
                self._loop.add_writer(self._connection, self._writable)
                return
            except OSError:
                self.interrupt()
                return
            self._to_send[0] = self._to_send[0][sent:]
            if not self._to_send[0]:
                self._to_send.popleft()
        self._loop.remove_writer(self._connection)

    def _tell(self) -> None:
        if self.is_open:
            self.send(self._calls.release(), None)


def _settle(completed: asyncio.Future[None]) -> None:
    if not completed.done():
        completed.set_result(None)


def _left_s(deadline_at: float) -> float:
    return max(deadline_at - time.monotonic(), 0.0)


def _expire(completed: asyncio.Future[None]) -> None:
    if not completed.done():
        completed.set_exception(out_of_time())
