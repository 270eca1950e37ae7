"""The scheduler: the one owner of the queue. Gives batches to workers and their results to requests.

It is work-conserving: a worker with room takes the next batch at once, whatever its size, and no
timer waits for more. Under load requests gather while workers compute, and batches form by themselves.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from typing import Protocol

from gridgrad_core.errors import BusyError, GridgradError, InternalError, NotPreparedError, UnavailableError
from gridgrad_core.system.logging import fields
from gridgrad_core.wire.failures import error_of
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.access.quotas import Quotas
from gridgrad_server.memory.slots import SlotPool
from gridgrad_server.requests.result_info import ComputedBy
from gridgrad_server.scheduling.batch import Batch
from gridgrad_server.scheduling.observer import Observers
from gridgrad_server.scheduling.queue import BatchItem, Queue
from gridgrad_server.scheduling.recent_callers import RecentCallers
from gridgrad_server.scheduling.request import BatchOutcome, Failures, GridRequest
from gridgrad_server.scheduling.tier_policy import TieredWorker, TierPolicy

__all__ = ["BatchWorker", "Scheduler"]

log = logging.getLogger("gridgrad.server")

_MORE_MEMORY = "retry later; the server needs a higher limit of open files (ulimit -n), or of memory"

_MOST_OUT = 2  # one batch computing, one waiting, so that the worker never idles between them


class BatchWorker(TieredWorker, Protocol):
    """A worker that computes batches."""

    @property
    def name(self) -> int:
        """Its number."""

    @property
    def device(self) -> str:
        """What it computes on."""

    @property
    def is_at_long(self) -> bool:
        """Whether one that is out takes long."""

    def ask(self, batch: Batch) -> None:
        """Sends it a batch; it must be ready and have room."""


class Scheduler:
    """Matches requests with workers.

    Args:
        batch_cost: largest cost of a batch of several requests.
        slots: the memory of batches.
        workers: all workers, ready or not; looked at anew each time.
        tiers: decides what requests are computed in.
        observers: are told of batches.
        quotas: say whose turns have which weight; None for 1 of all.
        instead: has what waits computed where no worker can be started; None where it fails.

    Attributes:
        batches: how many there were.
    """

    def __init__(
        self,
        batch_cost: int,
        slots: SlotPool,
        workers: Iterable[BatchWorker],
        tiers: TierPolicy,
        observers: Observers,
        quotas: Quotas | None = None,
        instead: Scheduler | None = None,
    ) -> None:
        self._batch_cost = batch_cost
        self._slots = slots
        self._workers = workers
        self._tiers = tiers
        self._observers = observers
        self._queue = Queue(quotas.weight_of if quotas else None)
        self._instead = instead
        self._callers = RecentCallers()
        self.batches = 0
        self._is_scheduled = False
        self._resting: asyncio.TimerHandle | None = None

    @property
    def queued(self) -> int:
        """How many requests wait."""
        return len(self._queue)

    @property
    def waiting_batches(self) -> int:
        """How many batches wait for a worker that has room."""
        return self._queue.waiting_batches(self._batch_cost)

    def submit(self, request: GridRequest) -> None:
        """Queues a request, new or with room for more of its tiles."""
        if request.is_open:
            self._callers.came(request.caller, time.monotonic())
            self._decide(request)
            self._queue.put(request)
            self.schedule()

    def _decide(self, request: GridRequest) -> None:
        if request.is_untouched:
            request.tier = self._tiers.of(request)

    @property
    def is_shared(self) -> bool:
        """Whether small requests come beside bulk."""
        return self._queue.is_shared(time.monotonic())

    def charge(self, caller: str, seconds: float) -> None:
        """Takes in what a caller has had besides batches."""
        self._queue.charge(caller, seconds)

    def cancel(self, request: GridRequest) -> None:
        """Forgets a request: its caller is gone, or has its answer."""
        request.end()
        self._queue.remove(request)

    def schedule(self) -> None:
        """Dispatches once the loop has handled what it already has, so that what came together goes together."""
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._dispatch)

    def fail_all(self, error: GridgradError) -> None:
        """Fails all that waits, or hands it to those who are there instead."""
        for request in self._queue.take_all():
            if self._instead is None:
                request.fail(type(error)(error.field, error.found, error.remedy))
            else:
                request.is_aside = False
                self._instead.submit(request)

    def _dispatch(self) -> None:
        self._is_scheduled = False
        while self._queue:
            worker, now = self._freest(), time.monotonic()
            if worker is None or (worker.load and not self._may_wait_at(worker, now)):
                return
            if rest_s := self._queue.rest_s(now):
                self._rest(rest_s)
                return
            items = self._queue.take(self._batch_cost, now)
            if items and not self._asked(worker, items):
                return

    def _rest(self, rest_s: float) -> None:
        """Dispatches again after that time, if nothing makes it do so before."""
        if self._resting is None:
            self._resting = asyncio.get_running_loop().call_later(rest_s, self._rested)

    def _rested(self) -> None:
        self._resting = None
        self._dispatch()

    def _asked(self, worker: BatchWorker, items: Sequence[BatchItem]) -> bool:
        """Gives a worker a batch; False where there is no memory for one until others are done."""
        try:
            batch = Batch(self.batches + 1, items, self._slots)
        except OSError as error:
            return self._has_no_memory(items, error)
        self.batches += 1
        worker.ask(batch)
        return True

    def _has_no_memory(self, items: Sequence[BatchItem], error: OSError) -> bool:
        """Lets tiles wait until a batch that is out gives its memory back, or has them fail if there is none."""
        log.warning("no memory for a batch", extra=fields(error=error.strerror, entries=len(items)))
        if any(worker.load for worker in self._workers):
            self._put_back(items)
            return False
        for request, _ in items:
            self._queue.remove(request)
            request.fail(BusyError("", f"the server has no memory for it now: {error.strerror}", _MORE_MEMORY))
        return True

    def _may_wait_at(self, worker: BatchWorker, now: float) -> bool:
        """Whether a batch may be given to a worker that is at another: not where a neighbour would wait for both."""
        if worker.is_at_long and self._callers.are_several(now):
            return False
        return self._queue.may_wait_at_worker(now)

    def _freest(self) -> BatchWorker | None:
        freest: BatchWorker | None = None
        for worker in self._workers:
            if worker.is_ready and worker.load < (freest.load if freest else _MOST_OUT):
                freest = worker
        return freest

    def done(self, worker: BatchWorker, batch: Batch, done: wpb.BatchDone) -> None:
        """Passes the results of a batch on, and the worker its next one first."""
        if self._queue:
            self._queue.computed(batch.items, done.compute_s, time.monotonic())
        _note_throughput(batch, done)
        self._dispatch()
        if log.isEnabledFor(logging.DEBUG):
            log.debug("batch", extra=fields(worker=worker.name, entries=len(batch.items), compute_s=done.compute_s))
        started_at, first = batch.started_at or time.monotonic(), 0
        for position, (request, tile) in enumerate(batch.items):
            failures = _failures(done, request, range(first, first + tile.grids), batch.grids)
            by = ComputedBy(batch.grids, done.engine, done.tiers[first] if done.tiers else "", worker.device)
            first += tile.grids
            outcome = BatchOutcome(started_at, done.compute_s, by)
            request.computed(tile, batch.result(position), outcome, failures, batch.slot)
            if not request.ended:
                self.submit(request)
        if self._observers:
            self._observers.computed(batch, done)

    def lost(self, batch: Batch, blamed: bool, killed_after_s: float | None = None) -> None:
        """Puts the tiles of a batch back whose worker died, or was killed since it took longer than so many seconds."""
        self._put_back(batch.items, blamed, killed_after_s)
        self.schedule()

    def _put_back(self, items: Sequence[BatchItem], blamed: bool = False, killed_after_s: float | None = None) -> None:
        for request, tile in reversed(items):
            self._queue.remove(request)
            request.put_back(tile, blamed, killed_after_s)
            if request.is_open:
                self._decide(request)
                self._queue.put_first(request)


def _note_throughput(batch: Batch, done: wpb.BatchDone) -> None:
    """Takes in how long a batch took, unless its plan was made too, part of it failed, or it was not of one tier."""
    tiers = set(done.tiers)
    if not batch.with_plan and not done.failures and len(tiers) <= 1:
        batch.function.throughput.note(next(iter(tiers), ""), batch.cost, done.compute_s)


def _failures(done: wpb.BatchDone, request: GridRequest, positions: range, grids: int) -> Failures:
    """What went wrong with the grids of a tile, by their positions in it."""
    if not done.failures:
        return {}
    if len(done.failures) != grids:
        error = InternalError("", "a worker's answer that does not fit its batch", "please report it")
        return dict.fromkeys(range(len(positions)), error)
    found = ((i, _failure(done.failures[position], request)) for i, position in enumerate(positions))
    return {i: error for i, error in found if error}


def _failure(failure: wpb.PieceFailure, request: GridRequest) -> GridgradError | None:
    error = error_of(failure)
    if isinstance(error, NotPreparedError) and not request.template.tier:
        found = "this grid was begun with compiled code, which a worker that was to go on with it lacks"
        return UnavailableError("", found, "send it again")
    return error
