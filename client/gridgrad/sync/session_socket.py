"""The socket of a session, which the thread that makes a call reads and writes.

Written by hand beside the module of this name in `gridgrad.aio`. No loop runs under a call: the caller's own thread
sends, waits and receives, since each thread that is woken costs a small call a third of its time.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time

from gridgrad.protocol.session_messages import PendingCall, SessionCalls, SessionLost, out_of_time

__all__ = ["CALLS_AT_ONCE", "MOST_SESSIONS", "SessionSocket"]

CALLS_AT_ONCE = 1
"""Calls that one session may have under way: the thread that makes one reads the socket until it is answered."""

MOST_SESSIONS = 16
READ_BYTES = 1 << 16


class SessionSocket:
    """The socket of a session, which the thread that makes a call reads and writes.

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
        self._poll = select.poll()  # a blocking recv would wake up once more, when what was sent is read
        self._poll.register(connection, select.POLLIN)
        self._sending = threading.Lock()

    def send(self, message: bytes, deadline_at: float | None) -> None:
        """Sends a message.

        Raises:
            SessionLost: the session has ended, or there was no room for the message until then.
        """
        with self._sending:
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

    def complete(self, pending: PendingCall, deadline_at: float | None) -> None:
        """Returns when a call is complete.

        Raises:
            EntryFailed: it is not until then.
            InternalError: what came is no message of a session.
            SessionLost: the session has ended.
        """
        while pending.outcome is None:
            left_ms = None if deadline_at is None else 1e3 * max(deadline_at - time.monotonic(), 0.0)
            if not self._poll.poll(left_ms):
                raise out_of_time()
            self._receive()

    def _receive(self) -> None:
        try:
            part = self._connection.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            raise SessionLost(str(error)) from error
        if not part:
            raise SessionLost("the server ended it")
        self._calls.feed(part)

    def tell_released(self) -> None:
        """Tells the server what was released; where another thread is sending, that or the next message does."""
        while self._calls.has_news and self._sending.acquire(blocking=False):
            try:
                message = self._calls.release()
                if self._connection.send(message) < len(message):
                    self.interrupt()
            except OSError:
                self.interrupt()  # what was released would never be told
            finally:
                self._sending.release()

    def interrupt(self) -> None:
        """Has the call that another thread waits for fail."""
        self.is_open = False
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Ends it."""
        self.is_open = False
        self._connection.close()

    def forget(self) -> None:
        """Closes it, as a child process must do."""
        self.close()

    def __del__(self) -> None:
        self.close()
