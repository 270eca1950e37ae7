"""The session of a client for asyncio: one, opened in the background, that all tasks share."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import grpc

from gridgrad.progress import Progress
from gridgrad.protocol import error_mapping as failures
from gridgrad.protocol.leased_memory import LeasedMemory
from gridgrad.protocol.options import ConnectionSettings
from gridgrad.requests.prepare import PreparedCall
from gridgrad.results.result import Result
from gridgrad.sync.pool import OPEN_WITHIN_S, Willingness, watch_forks
from gridgrad.sync.session import (
    READ_BYTES,
    Answer,
    Inbox,
    SessionLost,
    call_message,
    cancel_message,
    connect,
    out_of_time,
    without_keeping,
)
from gridgrad_core.v1 import gridgrad_pb2 as pb

__all__ = ["Session", "Sessions"]


class _Waiting(NamedTuple):
    """A call that waits for its result."""

    result: asyncio.Future[Result]
    answer: Answer


class Session:
    """One session.

    Args:
        connection: to the server, in the session; the session closes it.
        memory: of the session.
    """

    def __init__(self, connection: socket.socket, memory: LeasedMemory) -> None:
        connection.setblocking(False)
        self.memory = memory
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._inbox = Inbox()
        self._waiting: dict[int, _Waiting] = {}
        self._to_send: deque[memoryview] = deque()
        self._last = 0
        self._is_open = True
        self._loop.add_reader(connection, self._readable)
        memory.on_release = without_keeping(self._tell_soon)

    @property
    def is_well(self) -> bool:
        """Whether calls can be made in it."""
        return self._is_open and not self.memory.is_left

    @property
    def is_idle(self) -> bool:
        """Whether no call is under way."""
        return not self._waiting

    async def call(self, call: PreparedCall, timeout_s: float | None, progress: Progress | None = None) -> Result:
        """Makes a call and waits for its result; see `gridgrad.sync.session.Session.call`.

        Raises:
            SessionLost: the session has ended. Whether the call was computed is not known.
            EntryFailed: the call failed.
            GridgradError: its answer can't be used.
        """
        self._last += 1
        number = self._last
        result: asyncio.Future[Result] = self._loop.create_future()
        self._waiting[number] = _Waiting(result, Answer(call, self.memory, progress))
        expiry = None if timeout_s is None else self._loop.call_later(timeout_s, _expire, result)
        try:
            self._send(call_message(number, call, timeout_s, self.memory))
            return await result
        finally:
            if expiry:
                expiry.cancel()
            if self._waiting.pop(number, None):  # nobody answered: the caller gives up
                self._send(cancel_message(number, self.memory))

    def close(self) -> None:
        """Ends it; calls that are under way fail. What arrays view stays as it is."""
        if self._is_open:
            self._is_open = False
            self.memory.leave()
            self._loop.remove_reader(self._connection)
            self._loop.remove_writer(self._connection)
            self.forget()
            waiting, self._waiting = self._waiting, {}
            for each in waiting.values():
                if not each.result.done():
                    each.result.set_exception(SessionLost("the session has ended"))

    def __del__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Closes the socket alone, as a child process must do."""
        self._connection.close()

    def _readable(self) -> None:
        try:
            part = self._connection.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        if not part:
            self.close()
            return
        self._inbox.feed(part)
        while (response := self._inbox.take()) is not None:
            self._take(response)

    def _take(self, response: pb.SessionResponse) -> None:
        waiting = self._waiting.get(response.id)
        if waiting is None or waiting.result.done():
            if response.HasField("lease"):
                self.memory.ignore(response.lease)  # of a call that was given up
            return
        try:
            result = waiting.answer.feed(response)
        except Exception as error:  # noqa: BLE001 - the caller gets it, whatever it is
            waiting.result.set_exception(error)
        else:
            if result is not None:
                waiting.result.set_result(result)
        if response.HasField("status") or response.last or not response.HasField("window"):
            del self._waiting[response.id]

    def _send(self, message: bytes) -> None:
        if self._is_open:
            self._to_send.append(memoryview(message))
            if len(self._to_send) == 1:
                self._writable()

    def _writable(self) -> None:
        while self._to_send:
            try:
                sent = self._connection.send(self._to_send[0])
            except BlockingIOError:
                self._loop.add_writer(self._connection, self._writable)
                return
            except OSError:
                self.close()
                return
            self._to_send[0] = self._to_send[0][sent:]
            if not self._to_send[0]:
                self._to_send.popleft()
        self._loop.remove_writer(self._connection)

    def _tell_soon(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop may be closed
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        self._send(cancel_message(0, self.memory))


def _expire(result: asyncio.Future[Result]) -> None:
    if not result.done():
        result.set_exception(out_of_time())


class Sessions:
    """The session of one client.

    Args:
        offered: asks the server for a session, in so many seconds; returns the serialized answer.
        settings: of the client.
    """

    def __init__(self, offered: Callable[[float], Awaitable[bytes]], settings: ConnectionSettings) -> None:
        self._offered = offered
        self._target = settings.target
        self._will = Willingness(settings.sessions)
        self._session: Session | None = None
        self._left: set[Session] = set()
        self._opening: asyncio.Task[None] | None = None
        self._is_closed = False
        watch_forks(self)

    def __len__(self) -> int:
        return 1 if self._session else 0

    def encourage(self) -> None:
        """Says that the server has answered a call by gRPC."""
        self._will.encourage()
        if self._opening is None and self._will and self._well() is None:
            self._opening = asyncio.create_task(self._open())

    async def gradient(
        self, call: PreparedCall, timeout_s: float | None, progress: Progress | None = None
    ) -> Result | None:
        """Makes a call in the session; see `gridgrad.sync.pool.Sessions.gradient`.

        Returns:
            The result; None when the call has to go by gRPC.

        Raises:
            EntryFailed: the call failed.
            GridgradError: its answer can't be used.
        """
        session = self._well()
        if session is None:
            return None
        try:
            return await session.call(call, timeout_s, progress)
        except SessionLost:
            self._will.lost()
            if self._is_closed:
                raise failures.closed() from None
            return None
        except failures.EntryFailed as failed:
            if failures.wants_stream(failures.of(failed, self._target, timeout_s).error):
                return None
            raise

    async def close(self) -> None:
        """Ends it; calls that are under way fail."""
        self._is_closed = True
        if self._opening:
            await asyncio.wait([self._opening])
        for session in (self._session, *self._left):
            if session:
                session.close()
        self._session = None

    def _well(self) -> Session | None:
        session = self._session
        if session is not None and not session.is_well:
            self._session = None
            self._left.add(session)
        for left in [left for left in self._left if left.is_idle]:
            self._left.remove(left)
            left.close()
        return self._session

    async def _open(self) -> None:
        try:
            offer = await self._offered(OPEN_WITHIN_S)
            connection, memory = await asyncio.to_thread(connect, offer)
        except (grpc.RpcError, SessionLost):
            self._will.refused()
        else:
            self._will.opened()
            self._session = Session(connection, memory)
        finally:
            self._opening = None

    def leave_viewed(self) -> None:
        """Leaves the session if a child process may view its memory."""
        if self._session and self._session.memory.is_viewed:
            self._session.memory.leave()

    def forget(self) -> None:
        """Closes what was inherited by a fork, without a word to the server."""
        for session in (self._session, *self._left):
            if session:
                session.forget()
