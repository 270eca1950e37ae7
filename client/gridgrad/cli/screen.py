"""What `gridgrad top` shows of a server: a row for each thing to know, and a table of its workers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from gridgrad.cli.tables import Table

if TYPE_CHECKING:  # it loads grpc, which the command need not do for its help
    from gridgrad.results.server_status import Distribution, ServerStatus

__all__ = ["LEGEND", "screen"]

_COLUMNS = "worker", "pid", "device", "state", "batches", "restarts", "compiled", "uncompiled"
_PRINCIPAL_COLUMNS = "principal", "weight", "held", "MiB", "sessions", "requests", "cost", "refused"
_MOST_PRINCIPALS = 10

LEGEND = """\b
What happened since the look before:
  requests  answered, each grid of a stream counted, by the name of the gRPC
            status; CANCELLED: the caller gave up
  waits     from the arrival of a request to the beginning of its computation:
            half of them, and 99 %, were no longer
  batches   computed, and how many grids, or pieces of large ones, they had
  computed  how long a batch took, as above
  points    computed, and the share of each engine and tier

\b
What there is now:
  queue     requests that wait for a worker, or whose next piece does;
            where their number varies, how many workers are wanted
  held      requests accepted and not yet answered to the end, and bytes of
            requests and results, of the most that are accepted; open streams
  sessions  of callers on the server's machine, and the memory they take
  workers   batches: one that it computes, one that waits; restarts: how often
            it was replaced; compiled, uncompiled: expressions that it knows
  principals  where callers are known, the ten that cost most; held: requests
            under way and their MiB; cost: points x components x planes
"""


def screen(address: str, before: ServerStatus, now: ServerStatus, passed_s: float) -> list[Table]:
    """What happened between two looks, and the workers.

    Args:
        address: of the server.
        before: the earlier look.
        now: the later one.
        passed_s: seconds between them.
    """
    if now.up_s < before.up_s:
        before = now  # another server has taken its place: there is nothing to compare with yet
    rows = {
        "server": f"{_state(now)}, up {_duration(now.up_s)}, version {now.version}, {address}",
        "requests": _requests(before, now, passed_s),
        "waits": _times(now.queue_s.since(before.queue_s)),
        "batches": _batches(before, now, passed_s),
        "computed": _times(now.compute_s.since(before.compute_s)),
        "points": _points(before, now, passed_s),
        "queue": _queue(now),
        "held": _held(now),
        "sessions": f"{now.load.sessions}, {_of(now.load.session_bytes, now.load.most_session_bytes)}",
    }
    tables = [Table(tuple(rows.items()), head=False), _workers(now)]
    return [*tables, _principals(before, now, passed_s)] if now.principals else tables


def _state(now: ServerStatus) -> str:
    if now.draining:
        return "draining"
    return "serving" if any(worker.ready for worker in now.workers) else "no worker is ready"


def _requests(before: ServerStatus, now: ServerStatus, passed_s: float) -> str:
    by_code: Counter[str] = Counter()
    for (via, code), count in now.answers.items():
        by_code[code] += count - before.answers.get((via, code), 0)
    most_first = sorted(by_code.items(), key=lambda each: -each[1])
    rates = [f"{code} {_rate(count, passed_s)}" for code, count in most_first if count]
    return ", ".join([_rate(by_code.total(), passed_s), *rates])


def _points(before: ServerStatus, now: ServerStatus, passed_s: float) -> str:
    points = {
        how: done.points - (before.computed[how].points if how in before.computed else 0)
        for how, done in now.computed.items()
    }
    total = sum(points.values())
    shares = [f"{' '.join(how).strip()} {count / total:.0%}" for how, count in sorted(points.items()) if count]
    return ", ".join([_rate(total, passed_s), *shares])


def _batches(before: ServerStatus, now: ServerStatus, passed_s: float) -> str:
    size = now.batch_size.since(before.batch_size)
    rate = _rate(size.total, passed_s)
    return f"{rate}, of {size.sum / size.total:.1f} grids on average" if size.total else rate


def _queue(now: ServerStatus) -> str:
    load = now.load
    if load.wanted_workers == load.most_workers:
        return str(load.queued)
    return f"{load.queued}, {load.wanted_workers} of {load.most_workers} workers are wanted"


def _held(now: ServerStatus) -> str:
    load = now.load
    entries = f"{load.entries:,} of {load.most_entries:,} requests"
    return f"{entries}, {_of(load.held_bytes, load.most_held_bytes)}, open streams: {load.streams}"


def _workers(now: ServerStatus) -> Table:
    rows: list[tuple[str, ...]] = [_COLUMNS]
    for each in now.workers:
        state = "ready" if each.ready else "starting" if each.pid else "restarting"
        counts = each.batches, each.restarts, each.compiled, each.uncompiled
        rows.append((str(each.number), str(each.pid or "-"), each.device or "-", state, *map(str, counts)))
    return Table(rows)


def _principals(before: ServerStatus, now: ServerStatus, passed_s: float) -> Table:
    then = {each.principal: (each.total_requests, each.total_cost, each.refused) for each in before.principals}
    rows: list[tuple[float, tuple[str, ...]]] = []
    for each in now.principals:
        totals = each.total_requests, each.total_cost, each.refused
        passed = [new - old for new, old in zip(totals, then.get(each.principal, (0, 0, 0)), strict=True)]
        held = str(each.requests), f"{each.held_bytes / (1 << 20):.1f}", str(each.sessions)
        cells = each.principal, f"{each.weight:g}", *held, *(_rate(count, passed_s) for count in passed)
        rows.append((-passed[1], cells))
    shown = [cells for _, cells in sorted(rows)[:_MOST_PRINCIPALS]]
    return Table([_PRINCIPAL_COLUMNS, *shown])


def _times(seconds: Distribution) -> str:
    if not seconds.total:
        return "-"
    return f"half {_seconds(seconds.quantile(0.5))}, 99 % {_seconds(seconds.quantile(0.99))}"


def _seconds(seconds: float) -> str:
    """A bound of a bucket."""
    if seconds == float("inf"):
        return "longer"
    return f"up to {1e3 * seconds:g} ms" if seconds < 1 else f"up to {seconds:g} s"


def _rate(count: float, passed_s: float) -> str:
    rate = count / passed_s
    for size, prefix in ((1e9, " G"), (1e6, " M")):
        if rate >= size:
            return f"{rate / size:.1f}{prefix}/s"
    return f"{rate:,.0f}/s"


def _of(size: int, most: int) -> str:
    return f"{size / (1 << 20):,.1f} of {most / (1 << 20):,.0f} MiB"


def _duration(seconds: float) -> str:
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if days:
        return f"{days} d {hours % 24} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min {int(seconds % 60)} s"
