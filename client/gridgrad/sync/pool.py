"""The sessions of a client: opened when they seem possible, one for each thread that calls at the same time.

Whenever none can be had, the call goes by gRPC and nothing is lost but speed. So the first call goes by gRPC, as
does the one after a session broke; when it was answered, the next tries to open a session.

In a process forked from this one the arrays of results stay valid, since the parent uses their memory for no other
result: it leaves sessions whose memory is viewed at the moment of the fork. The child has its copies of their
sockets closed.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import Protocol

import grpc

from gridgrad.progress import Progress
from gridgrad.protocol import error_mapping as failures
from gridgrad.protocol.options import ConnectionSettings
from gridgrad.requests.prepare import PreparedCall
from gridgrad.results.result import Result
from gridgrad.sync.session import Session, SessionLost, connect

__all__ = ["OPEN_WITHIN_S", "Sessions", "Willingness", "watch_forks"]

MOST_SESSIONS = 16
OPEN_WITHIN_S = 5.0
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0


class Willingness:
    """Whether to try to open a session now.

    Args:
        allowed: whether ever.
    """

    def __init__(self, allowed: bool) -> None:
        self._allowed = allowed
        self._is_encouraged = False
        self._not_before = 0.0
        self._pause_s = FIRST_PAUSE_S

    def __bool__(self) -> bool:
        return self._allowed and self._is_encouraged and time.monotonic() >= self._not_before

    def encourage(self) -> None:
        """Notes that the server has answered a call by gRPC."""
        self._is_encouraged = True

    def opened(self) -> None:
        """Notes that a session was opened."""
        self._pause_s = FIRST_PAUSE_S

    def refused(self) -> None:
        """Notes that none could be opened: the next try is later each time."""
        self._not_before = time.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)

    def lost(self) -> None:
        """Notes that a session broke: the server may be gone."""
        self._is_encouraged = False


class Sessions:
    """The sessions of one client.

    Args:
        offered: asks the server for a session, in so many seconds; returns the serialized answer.
        settings: of the client.
    """

    def __init__(self, offered: Callable[[float], bytes], settings: ConnectionSettings) -> None:
        self._offered = offered
        self._target = settings.target
        self._will = Willingness(settings.sessions)
        self._lock = threading.Lock()
        self._idle: list[Session] = []
        self._in_use: set[Session] = set()
        self._is_closed = False
        self._is_opening = False
        watch_forks(self)

    def __len__(self) -> int:
        return len(self._idle) + len(self._in_use)

    def encourage(self) -> None:
        """Says that the server has answered a call by gRPC."""
        self._will.encourage()

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
        if not self._idle and not self._will:
            return None
        session = self._taken(timeout_s)
        if session is None:
            return None
        is_well = False
        try:
            result = session.call(call, timeout_s, progress)
            is_well = True
        except SessionLost:
            self._will.lost()
            if self._is_closed:
                raise failures.closed() from None
            return None
        except failures.EntryFailed as failed:
            is_well = True
            if failures.wants_stream(failures.of(failed, self._target, timeout_s).error):
                return None
            raise
        finally:
            self._give_back(session, is_well)
        return result

    def close(self) -> None:
        """Ends them all; calls that are under way fail."""
        with self._lock:
            self._is_closed = True
            for session in self._idle:
                session.close()
            for session in self._in_use:
                session.interrupt()
            self._idle = []

    def _taken(self, timeout_s: float | None) -> Session | None:
        with self._lock:
            if self._idle:
                session = self._idle.pop()
                self._in_use.add(session)
                return session
            if not self._will or self._is_opening or self._is_closed or len(self._in_use) >= MOST_SESSIONS:
                return None
            self._is_opening = True
        try:
            return self._opened(OPEN_WITHIN_S if timeout_s is None else min(timeout_s, OPEN_WITHIN_S))
        finally:
            self._is_opening = False

    def _opened(self, timeout_s: float) -> Session | None:
        try:
            session = Session(*connect(self._offered(timeout_s)))
        except (grpc.RpcError, SessionLost):
            self._will.refused()
            return None
        self._will.opened()
        with self._lock:
            self._in_use.add(session)
        return session

    def _give_back(self, session: Session, is_well: bool) -> None:
        with self._lock:
            self._in_use.discard(session)
            if is_well and not session.memory.is_left and not self._is_closed:
                self._idle.append(session)
                return
        session.close()

    def leave_viewed(self) -> None:
        """Leaves the sessions whose memory a child process may view."""
        for session in [session for session in self._idle if session.memory.is_viewed]:
            self._idle.remove(session)
            session.close()
        for session in self._in_use:
            if session.memory.is_viewed:
                session.memory.leave()

    def forget(self) -> None:
        """Closes what was inherited by a fork, without a word to the server."""
        self._lock = threading.Lock()
        for session in (*self._idle, *self._in_use):
            session.close()
        self._idle, self._in_use = [], set()


class Forking(Protocol):
    """What is told of forks."""

    def leave_viewed(self) -> None:
        """Leaves the sessions whose memory a child process may view."""

    def forget(self) -> None:
        """Closes what was inherited by a fork, without a word to the server."""


_watched: weakref.WeakSet[Forking] = weakref.WeakSet()


def watch_forks(sessions: Forking) -> None:
    """Tells sessions of forks for as long as they are there."""
    _watched.add(sessions)


def _leave_viewed() -> None:
    for sessions in list(_watched):
        sessions.leave_viewed()


def _forget() -> None:
    for sessions in list(_watched):
        sessions.forget()


# Before and after: other threads go on meanwhile
os.register_at_fork(before=_leave_viewed, after_in_parent=_leave_viewed, after_in_child=_forget)
