"""The batcher: the one owner of the queue. Gives batches to workers and their results to entries.

It is work-conserving: a worker with room takes the next batch at once, whatever its size, and no
timer waits for more. Under load entries gather while workers compute, and batches form by themselves.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable

from gridgrad_core.errors import GridgradError, InternalError, NotPreparedError, UnavailableError
from gridgrad_core.system.logging import fields
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.memory.slots import Slots
from gridgrad_server.requests.function_key import How
from gridgrad_server.scheduling.batch import Batch
from gridgrad_server.scheduling.entry import Computed, Entry, Failures
from gridgrad_server.scheduling.observer import Observers
from gridgrad_server.scheduling.queue import Queue
from gridgrad_server.scheduling.tier_policy import Tiers
from gridgrad_server.scheduling.worker_errors import error_of
from gridgrad_server.workers.process import Worker

__all__ = ["Batcher"]

log = logging.getLogger("gridgrad.server")

_MOST_OUT = 2  # one batch computing, one waiting, so that the worker never idles between them


class Batcher:
    """Matches entries with workers.

    Args:
        batch_cost: largest cost of a batch of several entries.
        slots: the memory of batches.
        workers: all workers, ready or not; looked at anew each time.
        tiers: decides what entries are computed in.
        observers: are told of batches.

    Attributes:
        batches: how many there were.
    """

    def __init__(
        self, batch_cost: int, slots: Slots, workers: Iterable[Worker], tiers: Tiers, observers: Observers
    ) -> None:
        self._batch_cost = batch_cost
        self._slots = slots
        self._workers = workers
        self._tiers = tiers
        self._observers = observers
        self._queue = Queue()
        self.batches = 0
        self._is_scheduled = False

    @property
    def queued(self) -> int:
        """How many entries wait."""
        return len(self._queue)

    def submit(self, entry: Entry) -> None:
        """Queues an entry, new or with room for more of its pieces."""
        if entry.is_open:
            self._decide(entry)
            self._queue.put(entry)
            self.schedule()

    def _decide(self, entry: Entry) -> None:
        if entry.is_untouched:
            entry.tier = self._tiers.of(entry)

    @property
    def is_shared(self) -> bool:
        """Whether small entries come beside bulk."""
        return self._queue.is_shared(time.monotonic())

    def cancel(self, entry: Entry) -> None:
        """Forgets an entry: its caller is gone, or has its answer."""
        entry.end()
        self._queue.remove(entry)

    def schedule(self) -> None:
        """Dispatches once the loop has handled what it already has, so that what came together goes together."""
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._dispatch)

    def fail_all(self, error: GridgradError) -> None:
        """Fails all that waits."""
        self._queue.fail_all(error)

    def _dispatch(self) -> None:
        self._is_scheduled = False
        while self._queue:
            worker, now = self._freest(), time.monotonic()
            if worker is None or (worker.load and not self._queue.may_wait_at_worker(now)):
                return
            tasks = self._queue.take(self._batch_cost, now)
            if tasks:
                self.batches += 1
                worker.ask(Batch(self.batches, tasks, self._slots))

    def _freest(self) -> Worker | None:
        freest: Worker | None = None
        for worker in self._workers:
            if worker.is_ready and worker.load < (freest.load if freest else _MOST_OUT):
                freest = worker
        return freest

    def done(self, worker: Worker, batch: Batch, done: wpb.BatchDone) -> None:
        """Passes the results of a batch on, and the worker its next one first."""
        self._dispatch()
        if log.isEnabledFor(logging.DEBUG):
            log.debug("batch", extra=fields(worker=worker.name, entries=len(batch.tasks), compute_s=done.compute_s))
        started_at, compute_s, first = batch.started_at or time.monotonic(), done.compute_s, 0
        for position, (entry, box) in enumerate(batch.tasks):
            failures = _failures(done, entry, range(first, first + box.grids), batch.grids)
            how = How(batch.grids, done.engine, done.tiers[first] if done.tiers else "", worker.device)
            first += box.grids
            entry.computed(box, batch.result(position), Computed(started_at, compute_s, how), failures, batch.slot)
            if not entry.ended:
                self.submit(entry)
        if self._observers:
            self._observers.computed(batch, done)

    def lost(self, batch: Batch, blamed: bool) -> None:
        """Puts the pieces of a batch back whose worker died."""
        for entry, box in reversed(batch.tasks):
            self._queue.remove(entry)
            entry.put_back(box, blamed)
            if entry.is_open:
                self._decide(entry)
                self._queue.put_first(entry)
        self.schedule()


def _failures(done: wpb.BatchDone, entry: Entry, positions: range, grids: int) -> Failures:
    """What went wrong with the grids of a piece, by their positions in it."""
    if not done.failures:
        return {}
    if len(done.failures) != grids:
        error = InternalError("", "a worker's answer that does not fit its batch", "please report it")
        return dict.fromkeys(range(len(positions)), error)
    found = ((i, _failure(done.failures[position], entry)) for i, position in enumerate(positions))
    return {i: error for i, error in found if error}


def _failure(failure: wpb.PieceFailure, entry: Entry) -> GridgradError | None:
    error = error_of(failure)
    if isinstance(error, NotPreparedError) and not entry.asked_tier:
        found = "this grid was begun with compiled code, which a worker that was to go on with it lacks"
        return UnavailableError("", found, "send it again")
    return error
