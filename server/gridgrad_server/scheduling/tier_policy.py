"""The tier policy: which workers have compiled code of which function, and so what the tiles of a grid are computed in.

One grid is computed in one tier. What is computed in one tile takes what its worker has, as does each grid of a
pack. For a grid of several tiles it is decided before the first of them is sent, and again only while none is begun:
compiled if all workers are known to have compiled code, direct if one is known to have none. Where that is not known,
the first tile goes alone, and the others follow it. A worker that can't follow fails the grid, and its caller sends
it again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from gridgrad_core.errors import CrashError
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.requests.function_key import FunctionKey
from gridgrad_server.scheduling.request import GridRequest

__all__ = ["ProgramQueries", "TierPolicy", "TieredWorker"]

_MOST_CRASHES = 2


class ProgramQueries(Protocol):
    """What a worker is asked about functions, beside the batches."""

    def state(self, function: FunctionKey) -> wpb.PlanState | None:
        """What the worker has said of a function last; None if it has said nothing."""

    def prepare(self, function: FunctionKey, *, again: bool = False) -> wpb.PlanState | None:
        """Has it make compiled code, unless it was asked before; what it has said of it since.

        Args:
            function: an expression.
            again: whether it is asked once more where something that passes was in the way.
        """

    async def explain(self, function: FunctionKey) -> wpb.Explanation:
        """What it computes for a function."""


class TieredWorker(Protocol):
    """A worker as the policy sees it: whether it is warm, how many batches are out, and what code it has."""

    @property
    def is_ready(self) -> bool:
        """Whether it takes batches."""

    @property
    def load(self) -> int:
        """How many batches are out."""

    @property
    def programs(self) -> ProgramQueries:
        """What it knows of functions."""


class TierPolicy:
    """Decides on tiers.

    Args:
        workers: all workers, ready or not; looked at anew each time.
        has_tiers: whether expressions are computed in tiers, and compiled code may come to be.
    """

    def __init__(self, workers: Sequence[TieredWorker], has_tiers: bool) -> None:
        self._workers = workers
        self._has_tiers = has_tiers
        self._news = asyncio.Event()
        self._crashes: Counter[int] = Counter()

    def of(self, request: GridRequest) -> str | None:
        """What a request of which nothing is begun is to be computed in; see `GridRequest.tier`."""
        template = request.template
        function = template.function
        if template.tier or not self._has_tiers or function.is_combined or function.key.kind != "expression":
            return template.tier
        if request.progress.has_crashed:
            return "direct"
        if template.layout.grids > 1 or not request.progress.is_split:
            return ""
        states = [worker.programs.state(template.function) for worker in self._ready()]
        known = {state.compiled for state in states if state}
        if known - {"ready"}:
            return "direct"
        return "compiled" if states and all(states) else None

    def _ready(self) -> list[TieredWorker]:
        return [worker for worker in self._workers if worker.is_ready]

    async def prepare(self, function: FunctionKey, check: Callable[[], None]) -> wpb.PlanState:
        """Has compiled code made, and waits until all workers have it or one never will.

        Args:
            function: of an expression.
            check: raises when there is nothing to wait for any more.

        Raises:
            CrashError: two workers have died of it.
        """
        again = True
        while True:
            check()
            self._check_crashes(function)
            states = [worker.programs.prepare(function, again=again) for worker in self._ready()]
            again = False
            settled = [state for state in states if state is not None and state.compiled != "pending"]
            never = next((state for state in settled if state.compiled in ("never", "later")), None)
            if never or (settled and len(settled) == len(states)):
                return never or settled[0]
            await self._news.wait()

    def state(self, function: FunctionKey) -> wpb.PlanState:
        """Whether a worker has compiled code of an expression, as far as one has said."""
        said = (worker.programs.state(function) for worker in self._ready())
        return next(filter(None, said), wpb.PlanState(compiled="pending", engine="structured"))

    def has_code(self, function: FunctionKey) -> bool:
        """Whether a worker has compiled code of an expression."""
        return self.state(function).compiled == "ready"

    async def explain(self, function: FunctionKey, check: Callable[[], None]) -> wpb.Explanation:
        """What a worker computes for a function.

        Args:
            function: of an expression.
            check: raises when there is nothing to wait for any more.

        Raises:
            CrashError: two workers have died of it.
            GridgradError: it can't be explained.
        """
        self._check_crashes(function)
        while not (ready := self._ready()):
            check()
            await self._news.wait()
        worker = min(ready, key=lambda each: each.load)
        return await worker.programs.explain(function)

    def died_of(self, function: FunctionKey) -> None:
        """Takes in that a worker died when it was asked about a function."""
        self._crashes[function.number] += 1

    def _check_crashes(self, function: FunctionKey) -> None:
        if self._crashes[function.number] >= _MOST_CRASHES:
            found = "two workers died or were killed when they were asked about this"
            raise CrashError("", found, "do not send it again; see the server's log")

    def changed(self) -> None:
        """Takes in that workers came, went, or said something of a function."""
        self._news.set()
        self._news = asyncio.Event()

    def share(self, function: FunctionKey) -> None:
        """Has all workers look for compiled code that one has, unless they could not be told of the function now."""
        if not function.is_at_hand:
            return
        for worker in self._ready():
            worker.programs.prepare(function)
