"""How a server is doing, in plain Python."""

from __future__ import annotations

import itertools
from typing import NamedTuple

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.enums import STATUS_NAMES
from gridgrad_core.wire.parse import parse

__all__ = [
    "ComputedTotals",
    "Distribution",
    "Load",
    "PrincipalUse",
    "ServerStatus",
    "WorkerStatus",
    "read_server_status",
]


class Distribution(NamedTuple):
    """A histogram.

    Args:
        bounds: the upper bounds of its buckets, ascending, included.
        counts: how many values each bucket has, and at the end those over all bounds.
        sum: of all values.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    sum: float

    @property
    def total(self) -> int:
        """How many values there are."""
        return sum(self.counts)

    def since(self, before: Distribution) -> Distribution:
        """What was added after an earlier look at it."""
        counts = tuple(now - then for now, then in zip(self.counts, before.counts, strict=True))
        return Distribution(self.bounds, counts, self.sum - before.sum)

    def quantile(self, share: float) -> float:
        """The value that a share of all values is at or below: the bound of its bucket, inf over all; nan for none.

        Args:
            share: 0 to 1.
        """
        if not self.total:
            return float("nan")
        totals = itertools.accumulate(self.counts)
        bounds = zip((*self.bounds, float("inf")), totals, strict=True)
        return next(bound for bound, total in bounds if total >= share * self.total)


class Load(NamedTuple):
    """What a server holds now.

    Args:
        queued: requests that wait for a worker, or whose next piece does.
        entries: requests accepted and not yet answered to the end.
        most_entries: the most of these.
        held_bytes: of requests and results held for them.
        most_held_bytes: the most of these.
        streams: open streams.
        sessions: open sessions.
        session_bytes: of memory that sessions take.
        most_session_bytes: the most of these.
        waiting_batches: batches that wait for a worker that has room.
        wanted_workers: workers that there should be now; 0 where the server does not say.
        most_workers: the most of these.
        kept_arrays: arrays that are kept, so that callers need not send them again.
        kept_array_bytes: of these.
        most_kept_array_bytes: the most of these.
        lanes: that sessions have.
    """

    queued: int
    entries: int
    most_entries: int
    held_bytes: int
    most_held_bytes: int
    streams: int
    sessions: int
    session_bytes: int
    most_session_bytes: int
    waiting_batches: int = 0
    wanted_workers: int = 0
    most_workers: int = 0
    kept_arrays: int = 0
    kept_array_bytes: int = 0
    most_kept_array_bytes: int = 0
    lanes: int = 0


class WorkerStatus(NamedTuple):
    """A worker: a process that computes on one device, replaced when it dies.

    Args:
        number: its number, which its replacement gets too.
        pid: its process id; 0 while it is being replaced.
        device: such as "cpu" or "cuda:0"; empty until it is ready.
        ready: whether it takes batches.
        batches: those that it has: one that it computes, and one that waits.
        restarts: how often it was replaced.
        compiled: how many expressions it knows that have compiled code.
        uncompiled: how many have none yet.
    """

    number: int
    pid: int
    device: str
    ready: bool
    batches: int
    restarts: int
    compiled: int
    uncompiled: int


class ComputedTotals(NamedTuple):
    """How much was computed in one way.

    Args:
        grids: grids, or pieces of large ones.
        points: their points.
    """

    grids: int
    points: int


class PrincipalUse(NamedTuple):
    """What one principal takes, and has taken since the server started.

    Args:
        principal: its name; "(others)" for all together that have no row of their own.
        weight: of its turns.
        requests: under way.
        held_bytes: for them.
        sessions: open.
        total_requests: that were let in, a message of several grids counted once.
        total_cost: of them: points x components x (1 + derivatives).
        refused: how often it was over a limit of its own.
        kept_array_bytes: of arrays that are kept for it.
    """

    principal: str
    weight: float
    requests: int
    held_bytes: int
    sessions: int
    total_requests: int
    total_cost: int
    refused: int
    kept_array_bytes: int = 0


class ServerStatus(NamedTuple):
    """How a server is doing. The counts grow: rates are the differences between two statuses.

    Args:
        version: its version.
        up_s: seconds since it started.
        draining: whether it shuts down and accepts nothing new.
        counting_s: seconds since it began to count: at its start where it exports metrics, else when first asked.
        load: what it holds now.
        workers: all of them, ready or not.
        answers: how many requests were answered, by how they came ("unary", "stream", "session" or "http") and the
            name of the gRPC status, each grid of a stream counted.
        computed: by the engine and the tier, which is empty for the functional engine.
        queue_s: seconds from the arrival of a request to the beginning of its computation.
        compute_s: seconds that batches took to compute.
        batch_size: grids, or pieces of large ones, that were computed together.
        principals: what they take, where the server knows its callers: all of them for who has the role admin or
            metrics, else the caller's own.
    """

    version: str
    up_s: float
    draining: bool
    counting_s: float
    load: Load
    workers: tuple[WorkerStatus, ...]
    answers: dict[tuple[str, str], int]
    computed: dict[tuple[str, str], ComputedTotals]
    queue_s: Distribution
    compute_s: Distribution
    batch_size: Distribution
    principals: tuple[PrincipalUse, ...] = ()


def read_server_status(raw: bytes) -> ServerStatus:
    """Reads a GetServerStatusResponse."""
    status = parse(pb.GetServerStatusResponse(), raw)
    return ServerStatus(
        status.version,
        status.up_s,
        status.draining,
        status.counting_s,
        Load(*(getattr(status.load, field) for field in Load._fields)),
        tuple(WorkerStatus(*(getattr(worker, field) for field in WorkerStatus._fields)) for worker in status.workers),
        {(each.via, _code_name(each.code)): each.count for each in status.answers},
        {(each.engine, each.tier): ComputedTotals(each.grids, each.points) for each in status.computed},
        _distribution(status.queue_s),
        _distribution(status.compute_s),
        _distribution(status.batch_size),
        tuple(PrincipalUse(*(getattr(each, field) for field in PrincipalUse._fields)) for each in status.principals),
    )


def _distribution(message: pb.Distribution) -> Distribution:
    return Distribution(tuple(message.bounds), tuple(message.counts), message.sum)


def _code_name(number: int) -> str:
    return STATUS_NAMES[number] if 0 <= number < len(STATUS_NAMES) else str(number)
