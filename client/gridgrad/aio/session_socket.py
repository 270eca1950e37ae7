"""The socket of a session, which the loop reads and writes for all tasks."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import socket
import time
from collections import deque

from gridgrad.lanes.caller_lane import PATIENCE_S, RING_AGAIN_S, CallerLane
from gridgrad.protocol.session_messages import PendingCall, SessionCalls, SessionLost, out_of_time
from gridgrad_core.errors import GridgradError
from gridgrad_core.system.framing import ANCILLARY_BYTES, descriptors_in

__all__ = ["CALLS_AT_ONCE", "LANE_SLOTS", "MOST_SESSIONS", "LaneBell", "SessionSocket"]

CALLS_AT_ONCE = math.inf
"""Calls that one session may have under way."""

MOST_SESSIONS = 1
LANE_SLOTS = 16
"""Of a number in the lane of a session."""

READ_BYTES = 1 << 16


class SessionSocket:
    """The socket of a session, which the loop reads and writes for all tasks.

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

    async def attend(self, wait_s: float | None) -> float | None:
        """How long calls that were made together are to be waited for elsewhere: as long, since the loop reads."""
        return wait_s

    def _read_part(self) -> bytes:
        if not self.brings_descriptors:
            return self._connection.recv(READ_BYTES)
        part, ancillary, _, _ = self._connection.recvmsg(READ_BYTES, ANCILLARY_BYTES)
        self.descriptors += descriptors_in(ancillary)
        return part

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
            part = self._read_part()
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


class LaneBell:
    """Waits for the answers of a lane, for all tasks.

    Args:
        lane: the lane.
    """

    def __init__(self, lane: CallerLane) -> None:
        lane.bell.setblocking(False)
        self._lane = lane
        self._waiting: dict[int, asyncio.Future[bool]] = {}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(lane.bell, self._readable)
        self._ringing: asyncio.TimerHandle | None = None

    async def complete(self, slot: int, timeout_s: float | None) -> bool:
        """Returns when the call in a slot is answered; False when it is to go another way: nothing has come for long.

        Raises:
            EntryFailed: it is not answered in time.
            SessionLost: the lane is over.
        """
        if self._lane.is_asleep:
            self._ring()
        if not self._waiting and self._lane.is_answered_soon(slot, time.perf_counter()):
            return True
        if await self._woken(slot, timeout_s):
            return True
        if timeout_s is not None and timeout_s <= PATIENCE_S:
            raise out_of_time()
        return False

    async def _woken(self, slot: int, timeout_s: float | None) -> bool:
        woken: asyncio.Future[bool] = self._loop.create_future()
        self._waiting[slot] = woken
        self._lane.say_waiting(True)
        if self._lane.is_answered(slot):
            woken.set_result(True)
        if self._ringing is None:
            self._ringing = self._loop.call_later(RING_AGAIN_S, self._ring_again)
        until_s = PATIENCE_S if timeout_s is None else min(timeout_s, PATIENCE_S)
        expiry = self._loop.call_later(until_s, _give_up, woken)
        try:
            return await woken
        finally:
            expiry.cancel()
            del self._waiting[slot]
            if not self._waiting:
                self._lane.say_waiting(False)

    def _ring_again(self) -> None:
        """Rings while somebody waits: the worker may have gone to sleep while a call came."""
        self._ringing = None
        self._look()
        if self._waiting:
            self._ring()
            self._ringing = self._loop.call_later(RING_AGAIN_S, self._ring_again)

    def _look(self) -> None:
        for slot, woken in self._waiting.items():
            if not woken.done() and self._lane.is_answered(slot):
                woken.set_result(True)

    def _ring(self) -> None:
        with contextlib.suppress(OSError):  # that it is over its reader sees
            self._lane.bell.send(b"\0")

    def _readable(self) -> None:
        try:
            heard = self._lane.bell.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            heard = b""
        self._look()
        if not heard:
            self.close()

    def forget(self) -> None:
        """Closes the descriptor alone, as a child process must do."""
        self._lane.close()

    def close(self) -> None:
        """Leaves the lane."""
        if self._lane.bell.fileno() >= 0:
            self._loop.remove_reader(self._lane.bell)
            self._lane.close()
        for woken in self._waiting.values():
            if not woken.done():
                woken.set_exception(SessionLost("the lane is over"))


def _settle(completed: asyncio.Future[None]) -> None:
    if not completed.done():
        completed.set_result(None)


def _left_s(deadline_at: float) -> float:
    return max(deadline_at - time.monotonic(), 0.0)


def _expire(completed: asyncio.Future[None]) -> None:
    if not completed.done():
        completed.set_exception(out_of_time())


def _give_up(woken: asyncio.Future[bool]) -> None:
    if not woken.done():
        woken.set_result(False)
