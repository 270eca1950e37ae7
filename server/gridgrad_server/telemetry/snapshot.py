"""A snapshot of the server: how it is doing, as one message for introspection calls and for the exported metrics."""

from __future__ import annotations

import time
from collections.abc import Sized

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.version import __version__
from gridgrad_server.access.grants import Grant
from gridgrad_server.access.quotas import Quotas
from gridgrad_server.arrays.array_store import ArrayStore
from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.local_sessions.manager import SessionManager
from gridgrad_server.memory.arena import ArenaBudget
from gridgrad_server.rpc.intake import Intake
from gridgrad_server.scheduling.admission import Admission
from gridgrad_server.scheduling.observer import Observers
from gridgrad_server.telemetry.counters import Counters
from gridgrad_server.telemetry.principal_use import principal_use
from gridgrad_server.workers.aside import Lanes
from gridgrad_server.workers.pool import WorkerPool
from gridgrad_server.workers.process import WorkerProcess

__all__ = ["StatusSnapshot"]


class StatusSnapshot:
    """Sees all of the server.

    Args:
        settings: of the server.
        intake: accepts requests, unless the server drains.
        admission: counts what is held.
        lanes: have the queues.
        workers: compute.
        streams: those that are open.
        sessions: those that are open.
        quotas: know what principals take.
        budget: counts what the arenas of sessions take.
        arrays: those that are kept.
        observers: are joined by what counts.
    """

    def __init__(
        self,
        settings: ServerSettings,
        intake: Intake,
        admission: Admission,
        lanes: Lanes,
        workers: WorkerPool,
        streams: Sized,
        sessions: SessionManager,
        quotas: Quotas,
        budget: ArenaBudget,
        arrays: ArrayStore,
        observers: Observers,
    ) -> None:
        self._settings = settings
        self._intake = intake
        self._admission = admission
        self._lanes = lanes
        self._workers = workers
        self._streams = streams
        self._sessions = sessions
        self._quotas = quotas
        self._budget = budget
        self._arrays = arrays
        self._observers = observers
        self._started_at = time.monotonic()
        self._counters: Counters | None = None

    def status(self, viewer: Grant | None = None) -> pb.GetServerStatusResponse:
        """How it is doing now. Begins to count at the first call, unless it did before.

        Args:
            viewer: who asks, and sees what he may; None for all there is to see.
        """
        status = pb.GetServerStatusResponse(
            version=__version__,
            up_s=time.monotonic() - self._started_at,
            draining=self._intake.draining,
            load=self._load(),
            workers=self._worker_statuses(),
            principals=principal_use(self._quotas, self._sessions.by_owner(), self._arrays.bytes_of, viewer),
        )
        self.count().fill(status)
        return status

    def count(self) -> Counters:
        """Begins to count, unless it did before."""
        if self._counters is None:
            self._counters = Counters()
            self._observers.append(self._counters)
        return self._counters

    def _load(self) -> pb.Load:
        return pb.Load(
            queued=self._lanes.queued,
            entries=self._admission.requests,
            most_entries=self._settings.queue_entries,
            held_bytes=self._admission.held_bytes,
            most_held_bytes=self._settings.queue_bytes,
            streams=len(self._streams),
            sessions=len(self._sessions),
            session_bytes=self._budget.taken_bytes,
            most_session_bytes=self._settings.session_bytes,
            waiting_batches=self._lanes.waiting_batches,
            wanted_workers=self._workers.wanted,
            most_workers=len(self._workers.restarts),
            kept_arrays=len(self._arrays),
            kept_array_bytes=self._arrays.kept_bytes,
            most_kept_array_bytes=self._settings.array_bytes,
            lanes=self._sessions.lanes,
        )

    def _worker_statuses(self) -> list[pb.WorkerStatus]:
        running = {worker.name: worker for worker in self._workers.running}
        return [
            _worker_status(number, running.get(number), self._workers.restarts[number])
            for number in self._workers.numbers
        ]


def _worker_status(number: int, worker: WorkerProcess | None, restarts: int) -> pb.WorkerStatus:
    if worker is None:
        return pb.WorkerStatus(number=number, restarts=restarts)
    known, compiled = worker.programs.counts()
    return pb.WorkerStatus(
        number=number,
        pid=worker.pid,
        device=worker.device,
        ready=worker.is_ready,
        batches=worker.load,
        restarts=restarts,
        compiled=compiled,
        uncompiled=known - compiled,
    )
