"""Workers on this machine: a process each, with a unix socket to it and memory in common."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from gridgrad_server.memory.socket import FrameSocket
from gridgrad_server.workers.transports.spawn import is_stopped, spawn, watch_exit
from gridgrad_server.workers.transports.transport import WorkerEvents

__all__ = ["LocalPlace", "LocalTransport"]

_EXIT_WITHIN_S = 2.0


class LocalTransport:
    """A worker process of this machine.

    Args:
        command: starts it; the file descriptor of its socket is appended.
        events: is told what comes of it.
    """

    def __init__(self, command: Sequence[str], events: WorkerEvents) -> None:
        self._events = events
        self._loop = asyncio.get_running_loop()
        self._process, connection = spawn(command)
        self._link = FrameSocket(connection, events.received, self._closed_its_end)
        self.send = self._link.send
        watch_exit(self._process, self._gone)

    shares_memory = True

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        return self._process.returncode

    @property
    def is_stopped(self) -> bool:
        """Whether it was stopped by a signal."""
        return is_stopped(self.pid)

    def close(self) -> None:
        """Closes its socket, by which it ends."""
        self._link.close()

    def kill(self) -> None:
        """Ends it by force."""
        self._process.kill()

    def _closed_its_end(self) -> None:
        # It is about to exit, with a status of its own; one that only closed its socket is killed
        self._loop.call_later(_EXIT_WITHIN_S, self._process.kill)
        self._events.connection_lost(blame=True)

    def _gone(self) -> None:
        self._link.drain()
        self._events.gone()


class LocalPlace:
    """A worker on this machine.

    Args:
        command: starts it.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.command = command

    def open(self, events: WorkerEvents) -> LocalTransport:
        """Starts it."""
        return LocalTransport(self.command, events)
