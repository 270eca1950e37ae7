"""Gathering: how many small entries a batch waits for, where many callers call in loops.

A batch of one costs server and worker together as much as one of eight. gRPC hands calls over one by one, so that
of 32 callers who wait only one or two are in the queue when a worker has room, and batches would not form by
themselves. Where that is so a batch waits for others, and all of them are answered sooner.

Invariants:
* Nobody waits for company that was not there lately: as many entries at once, and as frequent. So a single caller,
  or a few, never wait.
* Nor where computing takes longer than gathering: there batches form by themselves.
* Who waits goes as soon as nobody else has come for a moment. After that nobody waits for a while, each time longer.
"""

from __future__ import annotations

__all__ = ["MOMENT_S", "Gathering"]

MOMENT_S = 0.004
"""How long a batch waits for the next entry. Timers of the loop count in milliseconds."""

_TARGET_S = 0.003
_LEAST_COMPANY = 10
_QUICK_S = 0.001
_WINDOW_S = 0.05
_KEPT = 15 / 16
_SMOOTH = 8
_PAUSE_S = 0.025
_LONGEST_PAUSE_S = 1.0


class Gathering:
    """What was seen lately, and what it is worth waiting for."""

    def __init__(self) -> None:
        self._began_at = 0.0
        self._taken = 0
        self._rate = 0.0
        self._company = 0.0
        self._compute_s = 0.0
        self._pause_s = _PAUSE_S
        self._paused_until = 0.0

    def target(self, now: float) -> int:
        """How many entries a batch is worth waiting for, with those that are there; 1 for no wait.

        Args:
            now: by time.monotonic.
        """
        elapsed_s = now - self._began_at
        if elapsed_s > _WINDOW_S:
            self._rate = self._taken / elapsed_s
            self._company *= _KEPT ** (elapsed_s / _WINDOW_S)
            self._began_at, self._taken = now, 0
        if self._company < _LEAST_COMPANY or self._compute_s > _QUICK_S or now < self._paused_until:
            return 1
        return int(min(self._company * 3 / 4, self._rate * _TARGET_S))

    def computed(self, entries: int, waiting: int, compute_s: float) -> None:
        """Notes that a batch was computed.

        Args:
            entries: of the batch.
            waiting: how many have come meanwhile.
            compute_s: how long it took.
        """
        self._taken += entries
        self._company = max(self._company, entries + waiting)
        self._compute_s += (compute_s - self._compute_s) / _SMOOTH

    def met(self) -> None:
        """Notes that those came for whom a batch waited."""
        self._pause_s = _PAUSE_S

    def missed(self, now: float) -> None:
        """Notes that they did not."""
        self._paused_until = now + self._pause_s
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
