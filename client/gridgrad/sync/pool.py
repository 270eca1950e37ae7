# Written by `make sync` from gridgrad/aio/pool.py; change that one.
"""The sessions of a client: opened when they seem possible, as many as calls at the same time need.

Whenever none can be had, the call goes by gRPC and nothing is lost but speed. So the first call goes by gRPC, as
does the one after a session broke; when it was answered, the next tries to open a session.

In a process forked from this one the arrays of results stay valid, since the parent uses their memory for no other
result: it leaves sessions whose memory is viewed at the moment of the fork. The child has its copies of their
sockets closed.

Invariants:
* A session in `_free` is in `_open` too, and may take one more call.
* A session that is not well takes no calls, and is closed when its last call has ended.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from collections.abc import Callable

import grpc

from gridgrad.progress import Progress
from gridgrad.protocol import error_mapping
from gridgrad.protocol.options import ConnectionSettings
from gridgrad.protocol.retry import OpeningBackoff
from gridgrad.protocol.session_messages import SessionLost
from gridgrad.requests.prepare import PreparedCall
from gridgrad.results.result import Result
from gridgrad.sync.primitives import CANCELLED, Lock, run_blocking
from gridgrad.sync.session import ClientSession, SessionEnd, connect
from gridgrad.sync.session_socket import CALLS_AT_ONCE, MOST_SESSIONS

__all__ = ["SessionPool"]

OPEN_WITHIN_S = 5.0


class SessionPool:
    """The sessions of one client.

    Args:
        offered: asks the server for a session, in so many seconds; returns the serialized answer.
        settings: of the client.
    """

    def __init__(self, offered: Callable[[float], bytes], settings: ConnectionSettings) -> None:
        self._offered = offered
        self._target = settings.target
        self._backoff = OpeningBackoff(settings.sessions)
        self._lock = Lock()
        self._open: set[ClientSession] = set()
        self._free: list[ClientSession] = []
        self._is_closed = False
        self._is_opening = False
        _pools.add(self)

    def __len__(self) -> int:
        return len(self._open)

    def answered_by_grpc(self) -> None:
        """Says that the server has answered a call by gRPC."""
        self._backoff.succeeded()

    def gradient(self, call: PreparedCall, timeout_s: float | None, progress: Progress | None = None) -> Result | None:
        """Makes a call in a session.

        Args:
            call: the call.
            timeout_s: seconds until it is given up; None for never.
            progress: called with the points that have come so far and the points of the grid.

        Returns:
            The result; None when the call has to go by gRPC.

        Raises:
            EntryFailed: the call failed.
            GridgradError: its answer can't be used.
        """
        if not self._free and not self._backoff.may_try():
            return None
        session = self._taken() or self._opened(timeout_s)
        return self._called(session, call, timeout_s, progress) if session else None

    def _called(
        self, session: ClientSession, call: PreparedCall, timeout_s: float | None, progress: Progress | None
    ) -> Result | None:
        """Makes a call in a session that was taken for it; None when it has to go by gRPC."""
        is_well = False
        try:
            result = session.call(call, timeout_s, progress)
            is_well = True
        except SessionLost:
            self._backoff.lost()
            if self._is_closed:
                raise error_mapping.closed() from None
            return None
        except CANCELLED:
            is_well = True
            raise
        except error_mapping.EntryFailed as failed:
            is_well = True
            if error_mapping.wants_stream(error_mapping.of(failed, self._target, timeout_s).error):
                return None
            raise
        finally:
            self._give_back(session, is_well)
        return result

    def close(self) -> None:
        """Ends them all; calls that are under way fail."""
        with self._lock:
            self._is_closed = True
            self._free.clear()
            sessions = list(self._open)
        for session in sessions:
            if session.calls:
                session.interrupt()
            else:
                self._drop(session)

    def _taken(self) -> ClientSession | None:
        """A session that has room for a call, which is counted."""
        with self._lock:
            while self._free:
                session = self._free[-1]
                if not session.is_well:
                    self._drop(session)
                    continue
                session.calls += 1
                if session.calls >= CALLS_AT_ONCE:
                    self._free.pop()
                return session
        return None

    def _opened(self, timeout_s: float | None) -> ClientSession | None:
        with self._lock:
            if not self._may_open():
                return None
            self._is_opening = True
        try:
            offer = self._offered(OPEN_WITHIN_S if timeout_s is None else min(timeout_s, OPEN_WITHIN_S))
            session = ClientSession(run_blocking(connect, offer, SessionEnd.close))
        except (grpc.RpcError, SessionLost):
            self._backoff.failed()
            return None
        finally:
            self._is_opening = False
        self._backoff.opened()
        session.calls = 1
        with self._lock:
            self._open.add(session)
            if CALLS_AT_ONCE > 1:
                self._free.append(session)
        return session

    def _may_open(self) -> bool:
        if self._is_opening or self._is_closed or not self._backoff.may_try():
            return False
        return sum(session.is_well for session in self._open) < MOST_SESSIONS

    def _give_back(self, session: ClientSession, is_well: bool) -> None:
        with self._lock:
            session.calls -= 1
            if is_well and session.is_well and not self._is_closed:
                if session.calls == CALLS_AT_ONCE - 1:
                    self._free.append(session)
                return
            self._drop(session)

    def _drop(self, session: ClientSession) -> None:
        """Gives a session no more calls, and closes it once it has none."""
        with contextlib.suppress(ValueError):
            self._free.remove(session)
        if not session.calls:
            self._open.discard(session)
            session.close()

    def leave_viewed(self) -> None:
        """Leaves the sessions whose memory a child process may view."""
        for session in list(self._open):
            if session.memory.is_viewed:
                session.memory.leave()
                self._drop(session)

    def forget(self) -> None:
        """Closes what was inherited by a fork, without a word to the server."""
        self._lock = Lock()  # another thread may have held it
        for session in self._open:
            session.forget()
        self._open, self._free = set(), []


_pools: weakref.WeakSet[SessionPool] = weakref.WeakSet()


def _leave_viewed() -> None:
    for pool in list(_pools):
        pool.leave_viewed()


def _forget() -> None:
    for pool in list(_pools):
        pool.forget()


if hasattr(os, "register_at_fork"):
    # Before and after: other threads go on meanwhile
    os.register_at_fork(before=_leave_viewed, after_in_parent=_leave_viewed, after_in_child=_forget)
