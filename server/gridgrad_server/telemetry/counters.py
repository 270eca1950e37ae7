"""Counters: what was answered and computed, counted from when somebody looks."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.scheduling.batch import Batch
from gridgrad_server.scheduling.request import GridRequest

__all__ = ["Counters"]

_SECONDS = tuple(scale * 10.0**power for power in range(-4, 2) for scale in (1, 2, 5))
"""From 0.1 ms to 50 s."""

_SIZES = tuple(float(1 << power) for power in range(13))
"""To 4096, the most grids of a message."""


class _Histogram:
    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def add(self, value: float, times: int = 1) -> None:
        self._counts[bisect_left(self._bounds, value)] += times
        self._sum += value * times

    def message(self) -> pb.Distribution:
        return pb.Distribution(bounds=self._bounds, counts=self._counts, sum=self._sum)


class Counters:
    """An observer that counts."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._answers: Counter[tuple[str, int]] = Counter()
        self._grids: Counter[tuple[str, str]] = Counter()
        self._points: Counter[tuple[str, str]] = Counter()
        self._queue_s, self._compute_s = _Histogram(_SECONDS), _Histogram(_SECONDS)
        self._batch_size = _Histogram(_SIZES)

    def arrived(self, request: GridRequest) -> None:
        """Counts nothing yet."""

    def answered(self, via: str, code: int, grids: int) -> None:
        """Counts answers."""
        self._answers[via, code] += grids

    def cut_off(self, request: GridRequest, code: int) -> None:
        """Counts nothing more: it is among the answers."""

    def computed(self, batch: Batch, done: wpb.BatchDone) -> None:
        """Counts a batch, and the requests that it completes."""
        self._compute_s.add(done.compute_s)
        self._batch_size.add(batch.grids)
        first = 0
        for request, tile in batch.items:
            kind = done.engine, done.tiers[first] if done.tiers else ""
            first += tile.grids
            self._grids[kind] += tile.grids
            self._points[kind] += tile.points
            if request.progress.all_computed:
                self._queue_s.add(request.info.queue_s, request.template.layout.grids)

    def computed_in_lane(self, calls: int, points: int, seconds: float) -> None:
        """Counts calls of a lane, each as one that has waited for nothing and took as long as the others."""
        kind = "structured", "compiled"
        self._grids[kind] += calls
        self._points[kind] += points
        self._compute_s.add(seconds / calls, calls)
        self._batch_size.add(1, calls)
        self._queue_s.add(0.0, calls)

    def fill(self, status: pb.GetServerStatusResponse) -> None:
        """Writes the counts into a status."""
        status.counting_s = time.monotonic() - self._since
        status.answers.extend(
            pb.AnswerCount(via=via, code=code, count=count) for (via, code), count in sorted(self._answers.items())
        )
        status.computed.extend(
            pb.ComputedCount(engine=engine, tier=tier, grids=grids, points=self._points[engine, tier])
            for (engine, tier), grids in sorted(self._grids.items())
        )
        status.queue_s.CopyFrom(self._queue_s.message())
        status.compute_s.CopyFrom(self._compute_s.message())
        status.batch_size.CopyFrom(self._batch_size.message())
