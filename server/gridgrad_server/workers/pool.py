"""The workers: one for each place that is wanted, supervised and replaced when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
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
from gridgrad_server.workers.autoscaling import LOOK_EVERY_S, Autoscaler, WorkerRange
from gridgrad_server.workers.process import WorkerProcess
from gridgrad_server.workers.transports.transport import WorkerPlace

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
        places: one for each worker that there may be.
        bounds: how many of them there are to be.
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
        restarts: how often the worker of each place was replaced.
    """

    def __init__(
        self,
        places: Sequence[WorkerPlace],
        bounds: WorkerRange,
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
        self._supervisors: dict[int, asyncio.Task[None]] = {}
        self._let_go: set[int] = set()
        self._autoscaler = Autoscaler(bounds, time.monotonic())
        self._least, self._is_elastic = bounds.least, bounds.least < bounds.most
        self._scaling: asyncio.Task[None] | None = None
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
        failed = (self._failed_starts[number] for number in self.numbers)
        return min(failed, default=0) >= _HOPELESS_AFTER and not self.any_ready

    @property
    def numbers(self) -> list[int]:
        """Those of the workers that there are, or that are being replaced."""
        return sorted(self._supervisors)

    @property
    def wanted(self) -> int:
        """How many there should be now."""
        return self._autoscaler.wanted

    @property
    def devices(self) -> list[str]:
        """The devices of those that are ready."""
        return [worker.device for worker in self.running if worker.is_ready]

    def start(self) -> None:
        """Starts those that there are always; they become ready later."""
        self._start_wanted()
        if self._is_elastic:
            self._scaling = asyncio.get_running_loop().create_task(self._scale())

    def want_one(self) -> None:
        """Has one started at once where there are none, for who is about to need it."""
        if not self._supervisors and not self._closing:
            self._autoscaler.want_one(time.monotonic())
            self._start_wanted()

    def _start_wanted(self) -> None:
        free = (number for number in range(len(self._places)) if number not in self._supervisors)
        for number in list(itertools.islice(free, max(0, self.wanted - len(self._supervisors)))):
            self._supervisors[number] = asyncio.get_running_loop().create_task(self._supervise(number))

    async def _scale(self) -> None:
        """Has as many workers as are wanted, from time to time."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            now, before = time.monotonic(), self.wanted
            ready = sum(worker.is_ready for worker in self.running)
            if self._autoscaler.look(self._scheduler.waiting_batches, ready, now) > before:
                log.info("more workers", extra=fields(wanted=self.wanted, before=before))
            self._start_wanted()
            for worker in self.running:
                if worker.name >= self._least and worker.name not in self._let_go:
                    self._let_go_if_spare(worker, now)

    def _let_go_if_spare(self, worker: WorkerProcess, now: float) -> None:
        if self._autoscaler.is_spare(worker, now):
            self._autoscaler.let_go()
            self._let_go.add(worker.name)
            log.info("worker let go", extra=fields(worker=worker.name, wanted=self.wanted))
            worker.close()

    async def close(self) -> None:
        """Ends them all and waits until they are gone."""
        self._closing = True
        for worker in list(self.running):
            if worker.is_busy or not worker.is_ready:
                worker.kill("the server ends, and nobody waits for what it does")
            else:
                worker.close()
        tasks = [*self._supervisors.values(), *filter(None, [self._scaling])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
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
            worker = self._started(index)
            if worker is None:
                failures += 1
                await asyncio.sleep(_pause_s(failures))
                continue
            was_ready = await self._watch(worker)
            self.running.remove(worker)
            if index in self._let_go:
                break
            failures = 1 if time.monotonic() - worker.started_at > _SETTLED_AFTER_S else failures + 1
            self._ended(index, worker, was_ready)
            self.restarts[index] += 1
            await asyncio.sleep(_pause_s(failures))
        self._let_go.discard(index)
        del self._supervisors[index]
        self._changed()

    def _started(self, index: int) -> WorkerProcess | None:
        """A worker that begins; None where the system has no process or no descriptor for it now."""
        try:
            worker = WorkerProcess(index, self._places[index], self, self._piece_timeout)
        except OSError as error:
            log.warning("no worker can be started now", extra=fields(worker=index, error=error.strerror))
            self._failed(index, f"can't be started: {error.strerror}")
            return None
        log.info("worker started", extra=fields(worker=worker.name, pid=worker.pid))
        self.running.append(worker)
        return worker

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
        if was_ready:
            self._failed_starts[index] = 0
            self._changed()
        else:
            self._failed(index, f"end before they are ready, the last with status {worker.status}")

    def _failed(self, index: int, how: str) -> None:
        self._failed_starts[index] += 1
        if self.hopeless:
            self._scheduler.fail_all(UnavailableError("", "no worker can be started", "see the server's log"))
            if self.ready is None:
                self._on_fatal(f"its workers {how}")
        self._changed()

    def _changed(self) -> None:
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
        self._changed()
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
