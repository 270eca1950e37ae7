"""Workers in a Ray cluster: each is a socket to one process of this machine that speaks to the cluster for all of them.

Over that socket comes, where there is a way, one to the worker itself, by which all messages go from then on: over the
network with their numbers, or on this machine in memory that both have mapped. The first is kept for what the cluster
says of the worker's end, and for ending it.

Invariants:
* A worker is gone when that process has closed its end of the worker's socket, or is gone itself, and so is a worker
  that has mapped memory: only then does nobody write to the memory of its batches any more.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
from collections.abc import Sequence

from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.memory.socket import FrameSocket
from gridgrad_server.workers.transports.direct_link import DirectLink
from gridgrad_server.workers.transports.spawn import spawn, watch_exit
from gridgrad_server.workers.transports.transport import WorkerEvents

__all__ = ["RayBridge", "RayPlace", "RayTransport"]

log = logging.getLogger("gridgrad.server")

_END_WITHIN_S = 10.0
_SAID_WITHIN_S = 2.0


class RayBridge:
    """The process that speaks to the cluster; started when it is needed, and anew when it ended.

    Args:
        command: starts it; the file descriptor of its socket is appended.

    Attributes:
        failure: why the cluster can't be reached, as far as was said; else empty.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._link: FrameSocket | None = None
        self._open: set[RayTransport] = set()
        self._passed: list[socket.socket] = []
        self.failure = ""

    @property
    def pid(self) -> int:
        """Its process id; 0 while it does not run."""
        return self._process.pid if self._process else 0

    def open(self, asked: wpb.OpenWorker, theirs: socket.socket, transport: RayTransport) -> None:
        """Has it start a worker.

        Args:
            asked: which.
            theirs: its end of the worker's socket, closed here once it has it.
            transport: ends with the process.
        """
        link = self._link or self._start()
        self._open.add(transport)
        self._passed.append(theirs)
        link.send(asked.SerializeToString(), [theirs.fileno()])
        if not link.is_sending:
            self._all_passed()

    def _all_passed(self) -> None:
        for passed in self._passed:
            passed.close()
        self._passed.clear()

    def ended(self, transport: RayTransport) -> None:
        """Forgets a worker; without any, the process ends."""
        self._open.discard(transport)
        if not self._open and self._link:
            self._link.close()
            self._link = None

    def kill(self) -> None:
        """Ends the process by force, and so all its workers."""
        if self._process:
            self._process.kill()

    def _start(self) -> FrameSocket:
        process, connection = spawn(self._command)
        link = FrameSocket(connection, self._reported, self._all_passed)
        link.on_sent = self._all_passed
        self._process, self._link = process, link

        def gone() -> None:
            link.drain()
            if self._link is link:
                self._link = None
            if self._process is process:
                self._process = None

        watch_exit(process, gone)
        return link

    def _reported(self, message: bytes) -> None:
        failure = wpb.ClusterReport.FromString(message).failure
        if failure and failure != self.failure:
            log.error(failure)
        self.failure = failure


class RayTransport:
    """A worker in the cluster.

    Args:
        bridge: speaks to the cluster.
        asked: which worker.
        events: is told what comes of it.
    """

    is_stopped = False

    def __init__(self, bridge: RayBridge, asked: wpb.OpenWorker, events: WorkerEvents) -> None:
        self._bridge = bridge
        self._events = events
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._link = FrameSocket(self._socket, self._first_said, self._closed_its_end, takes_descriptors=True)
        self._direct: DirectLink | None = None
        self._overdue: asyncio.TimerHandle | None = None
        self.status: str | None = None
        bridge.open(asked, theirs, self)

    @property
    def shares_memory(self) -> bool:
        """Whether it runs on this machine, and has mapped memory of it."""
        return self._direct is not None and self._direct.shares_memory

    @property
    def pid(self) -> int:
        """Of the process that speaks for it."""
        return self._bridge.pid

    def send(self, message: bytes, descriptors: Sequence[int] = ()) -> None:
        """Sends a message."""
        if not self._overdue:
            (self._direct or self._link).send(message, descriptors)

    def close(self) -> None:
        """Says no more; what it says is heard no more, until it is gone."""
        if self._overdue or self.status is not None:
            return
        self._link.on_frame = lambda _: None
        if self._direct:
            self._direct.close()
        self._overdue = asyncio.get_running_loop().call_later(_END_WITHIN_S, self._bridge.kill)
        self._socket.shutdown(socket.SHUT_WR)

    def kill(self) -> None:
        """The same: the process here ends the one in the cluster by force in any case."""
        self.close()

    def _first_said(self, message: bytes) -> None:
        """Takes the way to the worker itself, if that is what comes first."""
        self._link.on_frame = self._events.received
        said = wpb.WorkerMessage.FromString(message)
        if said.HasField("reached"):
            connection = socket.socket(fileno=self._link.descriptors.pop())
            shared = said.reached.shares_memory
            self._direct = DirectLink(connection, self._events.received, self._left, shares_memory=shared)
        else:
            self._events.received(message)

    def _left(self) -> None:
        """Takes in that the worker has closed its end; why, the cluster says soon."""
        if self.status is not None:
            self._events.gone()
        elif not self._overdue:
            asyncio.get_running_loop().call_later(_SAID_WITHIN_S, self._left_without_word)

    def _left_without_word(self) -> None:
        if self.status is None and not self._overdue:
            self._events.connection_lost(blame=False)

    def _closed_its_end(self) -> None:
        self.status = self._bridge.failure or "its end in the cluster"
        for descriptor in self._link.descriptors:  # that came when it was closed already
            os.close(descriptor)
        if self._overdue:
            self._overdue.cancel()
        else:
            self._events.connection_lost(blame=False)
        self._bridge.ended(self)
        if self._direct is None or self._direct.end():
            self._events.gone()


class RayPlace:
    """A worker in a Ray cluster, wherever that puts it.

    Args:
        bridge: speaks to the cluster.
        asked: which worker.
    """

    def __init__(self, bridge: RayBridge, asked: wpb.OpenWorker) -> None:
        self._bridge = bridge
        self._asked = asked

    def open(self, events: WorkerEvents) -> RayTransport:
        """Asks the cluster for it."""
        return RayTransport(self._bridge, self._asked, events)
