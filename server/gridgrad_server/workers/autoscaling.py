"""Autoscaling: how many workers there should be, between a least and a most, by what waits and who has nothing to do.

* More, once batches have waited at every look of a second: one for each that did, on top of those that are ready, at
  once. Those that are still starting count towards them, so that nothing is asked for twice.
* Fewer, one by one: each that had nothing to do for the idle timeout ends, as does one that never became ready while
  nothing has waited for as long. A worker ends only with nothing to do, so that there is nothing to drain or to lose.
  Batches go to the first worker that is free, so that a light load leaves the later ones idle.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple, Protocol

__all__ = ["LOOK_EVERY_S", "Autoscaler", "ScaledWorker", "WorkerRange"]

LOOK_EVERY_S = 0.25
_LOOKS = 5
"""They span a second."""


class WorkerRange(NamedTuple):
    """How many workers there may be.

    Args:
        least: always, those that were asked for first.
        most: at any time.
        idle_timeout: seconds that one of the others may have nothing to do.
    """

    least: int
    most: int
    idle_timeout: float


class ScaledWorker(Protocol):
    """A worker that may be let go."""

    @property
    def is_ready(self) -> bool:
        """Whether it takes batches."""

    def idle_s(self, now: float) -> float:
        """For how long it has had nothing to do; 0 unless it is ready and idle."""


class Autoscaler:
    """Decides by what it sees from time to time, and does nothing itself.

    Args:
        bounds: how many there may be.
        now: by time.monotonic.

    Attributes:
        wanted: how many workers there should be.
    """

    def __init__(self, bounds: WorkerRange, now: float) -> None:
        self._bounds = bounds
        self._waiting: deque[int] = deque(maxlen=_LOOKS)
        self._waited_at = now
        self.wanted = bounds.least

    def look(self, waiting: int, ready: int, now: float) -> int:
        """Takes in how things are; returns how many workers there should be now.

        Args:
            waiting: batches that no worker has room for.
            ready: workers that take batches.
            now: by time.monotonic.
        """
        self._waiting.append(waiting)
        if waiting:
            self._waited_at = now
        if len(self._waiting) == _LOOKS and min(self._waiting):
            self.wanted = max(self.wanted, min(self._bounds.most, ready + min(self._waiting)))
        return self.wanted

    def want_one(self, now: float) -> None:
        """Takes in that at least one is about to be needed, at once and not only when something has waited."""
        self._waited_at = now
        self.wanted = max(self.wanted, 1)

    def is_spare(self, worker: ScaledWorker, now: float) -> bool:
        """Whether a worker beyond the least is to be let go."""
        idle_s = worker.idle_s(now) if worker.is_ready else now - self._waited_at
        return idle_s > self._bounds.idle_timeout

    def let_go(self) -> None:
        """Takes in that one was."""
        self.wanted -= 1
