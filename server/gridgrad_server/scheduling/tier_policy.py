"""Tiers: which workers have compiled code of which plan, and so what the pieces of a grid are computed in.

One grid is computed in one tier. What is computed in one piece takes what its worker has, as does each grid of a
pack. For a grid of several pieces it is decided before the first of them is sent, and again only while none is begun:
compiled if all workers are known to have compiled code, direct if one is known to have none. Where that is not known,
the first piece goes alone, and the others follow it. A worker that can't follow fails the grid, and its caller sends
it again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

from gridgrad_core.errors import CrashError
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.requests.function_key import Plan
from gridgrad_server.scheduling.entry import Entry
from gridgrad_server.workers.process import Worker

__all__ = ["Tiers"]

_MOST_DEATHS = 2


class Tiers:
    """Decides on tiers.

    Args:
        workers: all workers, ready or not; looked at anew each time.
        has_tiers: whether expressions are computed in tiers, and compiled code may come to be.
    """

    def __init__(self, workers: Sequence[Worker], has_tiers: bool) -> None:
        self._workers = workers
        self._has_tiers = has_tiers
        self._news = asyncio.Event()
        self._deaths: Counter[int] = Counter()

    def of(self, entry: Entry) -> str | None:
        """What an entry of which nothing is begun is to be computed in; see `Entry.tier`."""
        if entry.asked_tier or not self._has_tiers or entry.plan.key.kind != "expression":
            return entry.asked_tier
        if entry.is_struck:
            return "direct"
        if entry.grids > 1 or not entry.split:
            return ""
        states = [worker.questions.state(entry.plan) for worker in self._ready()]
        known = {state.compiled for state in states if state}
        if known - {"ready"}:
            return "direct"
        return "compiled" if states and all(states) else None

    def _ready(self) -> list[Worker]:
        return [worker for worker in self._workers if worker.is_ready]

    async def prepare(self, plan: Plan, check: Callable[[], None]) -> wpb.PlanState:
        """Has compiled code made, and waits until all workers have it or one never will.

        Args:
            plan: of an expression.
            check: raises when there is nothing to wait for any more.

        Raises:
            CrashError: two workers have died of it.
        """
        while True:
            check()
            self._check_deaths(plan)
            states = [worker.questions.prepare(plan) for worker in self._ready()]
            settled = [state for state in states if state is not None and state.compiled != "pending"]
            never = next((state for state in settled if state.compiled == "never"), None)
            if never or (settled and len(settled) == len(states)):
                return never or settled[0]
            await self._news.wait()

    async def explain(self, plan: Plan, check: Callable[[], None]) -> tuple[wpb.Explanation, wpb.PlanState]:
        """What a worker computes for a plan, and whether it has compiled code.

        Args:
            plan: of an expression.
            check: raises when there is nothing to wait for any more.

        Raises:
            CrashError: two workers have died of it.
            GridgradError: it can't be explained.
        """
        self._check_deaths(plan)
        while not (ready := self._ready()):
            check()
            await self._news.wait()
        worker = min(ready, key=lambda each: each.load)
        explanation = await worker.questions.explain(plan)
        return explanation, worker.questions.state(plan) or wpb.PlanState(compiled="pending")

    def died_of(self, plan: Plan) -> None:
        """Takes in that a worker died when it was asked about a plan."""
        self._deaths[plan.number] += 1

    def _check_deaths(self, plan: Plan) -> None:
        if self._deaths[plan.number] >= _MOST_DEATHS:
            found = "two workers died or were killed when they were asked about this"
            raise CrashError("", found, "do not send it again; see the server's log")

    def changed(self) -> None:
        """Takes in that workers came, went, or said something of a plan."""
        self._news.set()
        self._news = asyncio.Event()

    def share(self, plan: Plan) -> None:
        """Has all workers look for compiled code that one has."""
        for worker in self._ready():
            worker.questions.prepare(plan)
