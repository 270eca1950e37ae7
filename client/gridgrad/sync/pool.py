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
import functools
import os
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import grpc

from gridgrad.progress import Progress
from gridgrad.protocol import error_mapping
from gridgrad.protocol.options import ConnectionSettings
from gridgrad.protocol.retry import OpeningBackoff
from gridgrad.protocol.session_messages import PendingPack, SessionLost
from gridgrad.requests.prepare import PreparedCall
from gridgrad.results.result import Result
from gridgrad.sync.primitives import CANCELLED, Lock, run_blocking
from gridgrad.sync.session import ClientSession, SessionEnd, connect
from gridgrad.sync.session_socket import CALLS_AT_ONCE, MOST_SESSIONS

if TYPE_CHECKING:
    from gridgrad.protocol.request_packs import RequestInFlight

__all__ = ["SessionPacks", "SessionPool"]

Requests: TypeAlias = "Sequence[RequestInFlight]"

OPEN_WITHIN_S = 5.0

_MOST_PACKS = 16
"""Under way at once: their memory is used again while it is in the processor's cache."""


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
        session = self.reserved(timeout_s)
        return self._called(session, call, timeout_s, progress) if session else None

    def reserved(self, timeout_s: float | None) -> ClientSession | None:
        """A session for calls that are made together, until it is given back; None when there is none."""
        if not self._free and not self._backoff.may_try():
            return None
        return self._taken() or self._opened(timeout_s)

    def _called(
        self, session: ClientSession, call: PreparedCall, timeout_s: float | None, progress: Progress | None
    ) -> Result | None:
        """Makes a call in a session that was taken for it; None when it has to go by gRPC."""
        is_well = False
        try:
            result = session.call(call, timeout_s, progress)
            is_well = True
        except SessionLost:
            self.lost()
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
            self.give_back(session, is_well)
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

    def lost(self) -> None:
        """Says that a session has ended while it was used."""
        self._backoff.lost()

    def give_back(self, session: ClientSession, is_well: bool) -> None:
        """Takes a session back after a call, well or not."""
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


class SessionPacks:
    """Requests that travel together and go by a session, for one stream, as long as that goes well.

    Args:
        pool: has the session.
        answered: called with requests and their results, or None where they have to go by gRPC.
    """

    def __init__(self, pool: SessionPool, answered: Callable[[Requests, Sequence[Result] | None], None]) -> None:
        self._pool = pool
        self._answered = answered
        self._session: ClientSession | None = None
        self._pending: dict[PendingPack, Requests] = {}
        self._is_over = self._is_lost = False

    def begin(self, requests: Requests, timeout_s: float | None) -> bool:
        """Makes requests that share a template together; False when they have to go by gRPC."""
        from gridgrad.protocol.request_packs import LARGE_BYTES  # most clients send no packs

        if self._is_over or (len(requests) == 1 and requests[0].nbytes > LARGE_BYTES):
            return False
        if self._session is None:
            self._session = self._pool.reserved(timeout_s)
        session = self._session
        if session is None:
            return False
        if not (session.has_packs and session.is_well):
            self._is_over = True
            return False
        try:
            pending = session.begin_pack([request.call for request in requests], timeout_s)
        except SessionLost:
            self._is_over = self._is_lost = True
            return False
        self._pending[pending] = requests
        pending.on_complete = functools.partial(self._complete, pending)
        return True

    def attend(self, wait_s: float | None) -> float | None:
        """Reads what answers them, where nobody else does.

        Args:
            wait_s: seconds that the caller has for it; None for no limit.

        Returns:
            How many are left to him.
        """
        if not self._pending or self._session is None:
            return wait_s
        return self._session.attend(wait_s)

    def answered_by_grpc(self) -> None:
        """Says that the server has answered by gRPC, so that a session may be had."""
        if self._session is None:
            self._pool.answered_by_grpc()

    @property
    def are_many(self) -> bool:
        """Whether so many are under way that the next are to wait."""
        return len(self._pending) >= _MOST_PACKS

    @property
    def are_under_way(self) -> bool:
        """Whether some are not answered."""
        return bool(self._pending)

    def _complete(self, pending: PendingPack) -> None:
        results, pending.outcome, pending.on_complete = pending.outcome, None, None  # or it would hold them, and itself
        if not isinstance(results, list):  # why, gRPC will tell
            self._is_lost |= isinstance(results, SessionLost)
            results, self._is_over = None, True
        self._answered(self._pending.pop(pending), results)

    def give_up(self) -> None:
        """Has all that are not answered go by gRPC, and the session serve others."""
        session, pending, self._session = self._session, self._pending, None
        self._is_over, self._pending = True, {}
        if session is None:
            return
        for each, requests in pending.items():
            each.on_complete = None
            session.give_up(each)
            self._answered(requests, None)
        self._pool.give_back(session, not self._is_lost)
        if self._is_lost:
            self._pool.lost()


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
