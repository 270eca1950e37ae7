"""The overview: how the server is doing, as one message for who asks by gRPC and for the exported metrics."""

from __future__ import annotations

import time
from collections.abc import Sized

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.version import __version__
from gridgrad_server.config.settings import Settings
from gridgrad_server.local_sessions.manager import Sessions
from gridgrad_server.rpc.intake import Intake
from gridgrad_server.telemetry.counters import Tally
from gridgrad_server.workers.pool import Workers
from gridgrad_server.workers.process import Worker

__all__ = ["Overview"]


class Overview:
    """Sees all of the server.

    Args:
        settings: of the server.
        intake: accepts requests.
        workers: compute them.
        sessions: of callers on this machine.
        streams: those that are open.
    """

    def __init__(
        self, settings: Settings, intake: Intake, workers: Workers, sessions: Sessions, streams: Sized
    ) -> None:
        self._settings = settings
        self._intake = intake
        self._workers = workers
        self._sessions = sessions
        self._streams = streams
        self._started_at = time.monotonic()
        self._tally: Tally | None = None

    def status(self) -> pb.GetServerStatusResponse:
        """How it is doing now. Begins to count at the first call, unless it did before."""
        status = pb.GetServerStatusResponse(
            version=__version__,
            up_s=time.monotonic() - self._started_at,
            draining=self._intake.draining,
            load=self._load(),
            workers=self._worker_statuses(),
        )
        self.count().fill(status)
        return status

    def count(self) -> Tally:
        """Begins to count, unless it did before."""
        if self._tally is None:
            self._tally = Tally()
            self._intake.observers.append(self._tally)
        return self._tally

    def _load(self) -> pb.Load:
        return pb.Load(
            queued=self._workers.batcher.queued,
            entries=self._intake.admission.entries,
            most_entries=self._settings.queue_entries,
            held_bytes=self._intake.admission.held_bytes,
            most_held_bytes=self._settings.queue_bytes,
            streams=len(self._streams),
            sessions=len(self._sessions),
            session_bytes=self._sessions.budget.taken_bytes,
            most_session_bytes=self._settings.session_bytes,
        )

    def _worker_statuses(self) -> list[pb.WorkerStatus]:
        running = {worker.name: worker for worker in self._workers.current}
        return [
            _worker_status(number, running.get(number), restarts)
            for number, restarts in enumerate(self._workers.restarts)
        ]


def _worker_status(number: int, worker: Worker | None, restarts: int) -> pb.WorkerStatus:
    if worker is None:
        return pb.WorkerStatus(number=number, restarts=restarts)
    known, compiled = worker.questions.counts()
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
