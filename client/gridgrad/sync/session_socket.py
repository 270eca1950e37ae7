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

from gridgrad.lanes.caller_lane import PATIENCE_S, RING_AGAIN_S, CallerLane
from gridgrad.protocol.session_messages import PendingCall, SessionCalls, SessionLost, out_of_time
from gridgrad_core.errors import GridgradError
from gridgrad_core.system.framing import ANCILLARY_BYTES, descriptors_in

__all__ = ["CALLS_AT_ONCE", "LANE_SLOTS", "MOST_SESSIONS", "LaneBell", "SessionSocket"]

CALLS_AT_ONCE = 1
"""Calls that one session may have under way: the thread that makes one reads the socket until it is answered."""

MOST_SESSIONS = 16
LANE_SLOTS = 1
"""Of a number in the lane of a session."""

READ_BYTES = 1 << 16


class SessionSocket:
    """The socket of a session, which the thread that makes a call reads and writes.

    Args:
        connection: to the server, in the session; closed with this.
        calls: the calls of the session, to which everything goes that comes.

    Attributes:
        is_open: whether anything can still be sent.
        brings_descriptors: whether descriptors may come.
        descriptors: that came, and are the taker's to close.
    """

    def __init__(self, connection: socket.socket, calls: SessionCalls) -> None:
        connection.setblocking(False)
        self.is_open = True
        self.brings_descriptors = False
        self.descriptors: list[int] = []
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
                sent = self._sent_at_once(message)
                if sent < len(message):
                    self._send_rest(memoryview(message)[sent:], deadline_at)
            except OSError as error:
                raise SessionLost(str(error)) from error

    def _sent_at_once(self, message: bytes) -> int:
        try:
            return self._connection.send(message)
        except BlockingIOError:  # others that were sent before have left no room
            return 0

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

    def attend(self, wait_s: float | None) -> float | None:
        """Reads once what comes for calls that were made together; no time is left for waiting elsewhere."""
        try:
            if self._poll.poll(None if wait_s is None else 1e3 * wait_s):
                self._receive()
        except (SessionLost, GridgradError) as error:
            self._calls.lose(error)
        return 0.0

    def _receive(self) -> None:
        try:
            part = self._read_part()
        except BlockingIOError:
            return
        except OSError as error:
            raise SessionLost(str(error)) from error
        if not part:
            raise SessionLost("the server ended it")
        self._calls.feed(part)

    def _read_part(self) -> bytes:
        if not self.brings_descriptors:
            return self._connection.recv(READ_BYTES)
        part, ancillary, _, _ = self._connection.recvmsg(READ_BYTES, ANCILLARY_BYTES)
        self.descriptors += descriptors_in(ancillary)
        return part

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


class LaneBell:
    """Waits for the answers of a lane, in the thread that has called.

    Args:
        lane: the lane.
    """

    def __init__(self, lane: CallerLane) -> None:
        self._lane = lane
        self._poll = select.poll()
        self._poll.register(lane.bell, select.POLLIN)

    def complete(self, slot: int, timeout_s: float | None) -> bool:
        """Returns when the call in a slot is answered; False when it is to go another way: nothing has come for long.

        Raises:
            EntryFailed: it is not answered in time.
            SessionLost: the lane is over.
        """
        now = time.perf_counter()
        if self._lane.is_asleep:
            self._ring()
        return self._lane.is_answered_soon(slot, now) or self._sleep(slot, now, timeout_s)

    def _sleep(self, slot: int, begun_at: float, timeout_s: float | None) -> bool:
        lane, until = self._lane, begun_at + (PATIENCE_S if timeout_s is None else min(timeout_s, PATIENCE_S))
        lane.say_waiting(True)
        try:
            while not lane.is_answered(slot):
                left_s = until - time.perf_counter()
                if left_s <= 0:
                    break
                if self._poll.poll(1e3 * min(left_s, RING_AGAIN_S)):
                    self._hear()
                else:
                    self._ring()  # it may have gone to sleep while the call came
        finally:
            lane.say_waiting(False)
        if not lane.is_answered(slot) and timeout_s is not None and timeout_s <= PATIENCE_S:
            raise out_of_time()
        return lane.is_answered(slot)

    def _ring(self) -> None:
        try:
            self._lane.bell.send(b"\0")
        except BlockingIOError:
            pass
        except OSError as error:
            raise SessionLost(str(error)) from error

    def _hear(self) -> None:
        try:
            heard = self._lane.bell.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            raise SessionLost(str(error)) from error
        if not heard:
            raise SessionLost("the lane is over")

    def close(self) -> None:
        """Leaves the lane."""
        self._lane.close()

    def forget(self) -> None:
        """Leaves it, as a child process must do."""
        self.close()
