"""The worker aside: one more process of low priority, for what takes long while several call.

A worker can't be interrupted. An expression of thousands of operations takes it a second even on one point, and so does
making its plan; a grid that is one tile may take it 50 ms. Alone, a caller has all workers for that. While others call
too, it is computed aside, where the system gives processors to the other workers first; so nobody waits for it but who
asked. The process is started when it is wanted, while helpers derive what it is wanted for, and let go when it has had
nothing to do for a minute.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from gridgrad_server.requests.function_key import FunctionKey
from gridgrad_server.scheduling.recent_callers import RecentCallers
from gridgrad_server.scheduling.request import GridRequest
from gridgrad_server.scheduling.scheduler import Scheduler
from gridgrad_server.scheduling.tier_policy import TierPolicy
from gridgrad_server.workers.pool import WorkerPool

__all__ = ["Aside", "Lanes"]

_LONG_S = 0.005


class Aside(NamedTuple):
    """What is computed aside, and by whom.

    Args:
        scheduler: has the requests.
        workers: one, or none while nothing is wanted of it.
    """

    scheduler: Scheduler
    workers: WorkerPool


class Lanes:
    """Hands requests to the scheduler, or aside.

    Args:
        scheduler: of the workers.
        tiers: knows which functions they have compiled code of.
        aside: None where all is computed by them.
    """

    def __init__(self, scheduler: Scheduler, tiers: TierPolicy, aside: Aside | None = None) -> None:
        self._scheduler = scheduler
        self._tiers = tiers
        self._aside = aside
        self._callers = RecentCallers()
        self._now: Callable[[], float] = time.monotonic

    @property
    def queued(self) -> int:
        """How many requests wait."""
        return self._scheduler.queued + (self._aside.scheduler.queued if self._aside else 0)

    @property
    def waiting_batches(self) -> int:
        """How many batches wait for a worker that has room; not what waits aside, of which there is one."""
        return self._scheduler.waiting_batches

    @property
    def is_shared(self) -> bool:
        """Whether small requests come beside bulk."""
        return self._scheduler.is_shared

    def submit(self, request: GridRequest) -> None:
        """Queues a request, new or with room for more of its tiles."""
        now = self._now()
        self._callers.came(request.caller, now)
        if request.is_untouched:
            request.is_aside = self._takes_long(request) and self._callers.are_several(now)
            if self._aside and request.is_aside:
                self._aside.workers.want_one()
        self._of(request).submit(request)

    def expect(self, function: FunctionKey, caller: str) -> None:
        """Takes in that a request is to come once its function is derived: the worker aside starts meanwhile."""
        now = self._now()
        self._callers.came(caller, now)
        if self._aside and self._holds_up(function, 1) and self._callers.are_several(now):
            self._aside.workers.want_one()

    def cancel(self, request: GridRequest) -> None:
        """Forgets a request: its caller is gone, or has its answer."""
        self._of(request).cancel(request)

    def charge(self, caller: str, seconds: float) -> None:
        """Takes in what a caller has had besides batches."""
        self._scheduler.charge(caller, seconds)

    def _of(self, request: GridRequest) -> Scheduler:
        return self._aside.scheduler if self._aside and request.is_aside else self._scheduler

    def _takes_long(self, request: GridRequest) -> bool:
        """Whether a worker would be held up by a request, if it is one that can be computed aside."""
        # Of bulk only a tile holds others up, which is cut to be short while small requests come
        cost = 1 if request.is_bulk else request.progress.next_cost
        return request.template.tier != "compiled" and self._holds_up(request.template.function, cost)

    def _holds_up(self, function: FunctionKey, cost: int) -> bool:
        if self._aside is None or self._aside.workers.hopeless or function.key.kind != "expression":
            return False
        return function.throughput.expected_s(cost) > _LONG_S and not self._tiers.has_code(function)
