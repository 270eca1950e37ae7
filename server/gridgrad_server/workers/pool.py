"""The workers: one for each place, supervised and replaced when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence

from gridgrad_core.errors import UnavailableError
from gridgrad_core.system.logging import fields
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.memory.slots import SlotPool
from gridgrad_server.requests.function_key import FunctionKey
from gridgrad_server.scheduling.batch import Batch
from gridgrad_server.scheduling.scheduler import BatchWorker, Scheduler
from gridgrad_server.scheduling.tier_policy import TierPolicy
from gridgrad_server.workers.process import WorkerProcess
from gridgrad_server.workers.transport import WorkerPlace

__all__ = ["WorkerPool"]

log = logging.getLogger("gridgrad.server")

_CHECK_EVERY_S = 1.0
_END_WITHIN_S = 5.0
_HOPELESS_AFTER = 3
_LONGEST_PAUSE_S = 10.0
_SETTLED_AFTER_S = 30.0


class WorkerPool:
    """Supervises the workers.

    Args:
        places: one for each worker.
        running: takes the workers that run, ready or not; the scheduler and the tier policy see the same list.
        scheduler: gives them work.
        tiers: decides in which tier.
        slots: the memory that they share with the server.
        piece_timeout: seconds that a batch may compute.
        on_change: called when workers become ready, or none is left that is.
        on_fatal: called with why the server can't serve at all.

    Attributes:
        running: those that run, ready or not.
        ready: what the worker that was ready first said of itself; None before.
        restarts: how often each was replaced.
    """

    def __init__(
        self,
        places: Sequence[WorkerPlace],
        running: list[WorkerProcess],
        scheduler: Scheduler,
        tiers: TierPolicy,
        slots: SlotPool,
        piece_timeout: float,
        on_change: Callable[[], None],
        on_fatal: Callable[[str], None],
    ) -> None:
        self._places = places
        self._scheduler = scheduler
        self._tiers = tiers
        self._piece_timeout = piece_timeout
        self._on_change = on_change
        self._on_fatal = on_fatal
        self._failed_starts = [0] * len(places)
        self._closing = False
        self._supervisors: list[asyncio.Task[None]] = []
        self.running = running
        self.restarts = [0] * len(places)
        self.ready: wpb.Ready | None = None
        slots.on_dropped.append(self._region_dropped)

    @property
    def any_ready(self) -> bool:
        """Whether a worker is warm."""
        return any(worker.is_ready for worker in self.running)

    @property
    def hopeless(self) -> bool:
        """Whether none is ready and all of them keep failing to start."""
        return min(self._failed_starts) >= _HOPELESS_AFTER and not self.any_ready

    @property
    def devices(self) -> list[str]:
        """The devices of those that are ready."""
        return [worker.device for worker in self.running if worker.is_ready]

    def start(self) -> None:
        """Starts them all; they become ready later."""
        loop = asyncio.get_running_loop()
        self._supervisors = [loop.create_task(self._supervise(i)) for i in range(len(self._places))]

    async def close(self) -> None:
        """Ends them all and waits until they are gone."""
        self._closing = True
        for worker in list(self.running):
            if worker.is_busy or not worker.is_ready:
                worker.kill("the server ends, and nobody waits for what it does")
            else:
                worker.close()
        for supervisor in self._supervisors:
            supervisor.cancel()
        await asyncio.gather(*self._supervisors, return_exceptions=True)
        await asyncio.gather(*(self._end(worker) for worker in list(self.running)))

    async def _end(self, worker: WorkerProcess) -> None:
        try:
            await asyncio.wait_for(worker.exited.wait(), _END_WITHIN_S)
        except TimeoutError:
            worker.kill("it did not end when its socket was closed")
            await worker.exited.wait()

    async def _supervise(self, index: int) -> None:
        failures = 0
        while not self._closing:
            worker = WorkerProcess(index, self._places[index], self, self._piece_timeout)
            log.info("worker started", extra=fields(worker=worker.name, pid=worker.pid))
            self.running.append(worker)
            was_ready = await self._watch(worker)
            self.running.remove(worker)
            failures = 1 if time.monotonic() - worker.started_at > _SETTLED_AFTER_S else failures + 1
            self._ended(index, worker, was_ready)
            self.restarts[index] += 1
            await asyncio.sleep(_pause_s(failures))

    async def _watch(self, worker: WorkerProcess) -> bool:
        was_ready = False
        while not worker.exited.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(worker.exited.wait(), _CHECK_EVERY_S)
            was_ready = was_ready or worker.is_ready
            worker.check()
        return was_ready

    def _ended(self, index: int, worker: WorkerProcess, was_ready: bool) -> None:
        log.warning("worker ended", extra=fields(worker=worker.name, pid=worker.pid, status=worker.status))
        self._failed_starts[index] = 0 if was_ready else self._failed_starts[index] + 1
        if self.hopeless:
            self._scheduler.fail_all(UnavailableError("", "no worker can be started", "see the server's log"))
            if self.ready is None:
                self._on_fatal(f"its workers end before they are ready, the last with status {worker.status}")
        self._on_change()
        self._tiers.changed()

    def _region_dropped(self, number: int) -> None:
        for worker in self.running:
            worker.region_dropped(number)

    def worker_ready(self, name: int, ready: wpb.Ready, took_s: float) -> None:
        """Notes that a worker is warm."""
        log.info("worker ready", extra=fields(worker=name, device=ready.device, took_s=round(took_s, 3)))
        self._failed_starts[name] = 0
        self.ready = self.ready or ready
        self._on_change()
        self._tiers.changed()
        self._scheduler.schedule()

    def worker_refused(self, name: int, why: str) -> None:
        """Passes on why a worker can't serve at all."""
        log.error("worker refused to serve", extra=fields(worker=name))
        self._on_fatal(why)

    def batch_done(self, worker: BatchWorker, batch: Batch, done: wpb.BatchDone) -> None:
        """Passes results on."""
        self._scheduler.done(worker, batch, done)

    def batch_lost(self, batch: Batch, blamed: bool, killed_after_s: float | None) -> None:
        """Puts a batch back."""
        self._scheduler.lost(batch, blamed, killed_after_s)

    def function_changed(self, function: FunctionKey, compiled: bool) -> None:
        """Has the others load what one has compiled."""
        if compiled:
            self._tiers.share(function)
        self._tiers.changed()

    def died_of(self, function: FunctionKey) -> None:
        """Remembers that a worker died when it was asked about a function."""
        self._tiers.died_of(function)


def _pause_s(failures: int) -> float:
    """The back-off: none after the first failure, then doubling."""
    return 0.0 if failures < 2 else min(_LONGEST_PAUSE_S, 0.1 * 2 ** (failures - 2))
