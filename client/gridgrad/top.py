"""The command `gridgrad top`: how a server is doing, looked at again and again."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TextIO

from gridgrad.errors import UnavailableError
from gridgrad.status import Distribution, ServerStatus

__all__ = ["screen", "watch"]

_HOME_AND_CLEAR = "\x1b[H\x1b[J"
_COLUMNS = "worker", "pid", "device", "state", "batches", "restarts", "compiled", "uncompiled"


def watch(address: str, look: Callable[[], ServerStatus], every_s: float, *, once: bool, out: TextIO) -> None:
    """Prints what happened between one look and the next, until it is interrupted.

    Args:
        address: of the server.
        look: asks how it is doing.
        every_s: seconds between two looks.
        once: whether one print is enough.
        out: where to print; a terminal is overwritten each time.

    Raises:
        UnavailableError: the server is not there at the first look; later it is waited for.
    """
    before, seen_at = look(), time.monotonic()
    while True:
        time.sleep(every_s)
        try:
            now, now_at = look(), time.monotonic()
        except UnavailableError as error:
            if once:
                raise
            _show(f"{error}\nlooking again every {every_s:g} s until Ctrl-C", out)
            continue
        text = screen(address, before, now, now_at - seen_at)
        if once:
            print(text, file=out)
            return
        _show(text, out)
        before, seen_at = now, now_at


def _show(text: str, out: TextIO) -> None:
    print(_HOME_AND_CLEAR + text if out.isatty() else text, file=out, flush=True)


def screen(address: str, before: ServerStatus, now: ServerStatus, passed_s: float) -> str:
    """What happened between two looks.

    Args:
        address: of the server.
        before: the earlier look.
        now: the later one.
        passed_s: seconds between them.
    """
    if now.up_s < before.up_s:
        before = now  # another server has taken its place: there is nothing to compare with yet
    rows = {
        "server": f"{address}, version {now.version}, up {_duration(now.up_s)}, {_state(now)}",
        "requests": _requests(before, now, passed_s),
        "points": _points(before, now, passed_s),
        "batches": _batches(before, now, passed_s),
        "queue": _queue(before, now),
        "held": _held(now),
        "sessions": f"{now.load.sessions}, {_of(now.load.session_bytes, now.load.most_session_bytes)}",
    }
    width = max(map(len, rows))
    lines = [f"{name:{width}}  {text}" for name, text in rows.items()]
    return "\n".join([*lines, "", *_workers(now)])


def _state(now: ServerStatus) -> str:
    if now.draining:
        return "draining"
    return "serving" if any(worker.ready for worker in now.workers) else "no worker is ready"


def _requests(before: ServerStatus, now: ServerStatus, passed_s: float) -> str:
    by_code: Counter[str] = Counter()
    for (via, code), count in now.answers.items():
        by_code[code] += count - before.answers.get((via, code), 0)
    rates = [f"{code} {_rate(count, passed_s)}" for code, count in sorted(by_code.items()) if count]
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
    size, compute_s = now.batch_size.since(before.batch_size), now.compute_s.since(before.compute_s)
    if not size.total:
        return _rate(0, passed_s)
    average = size.sum / size.total
    return f"{_rate(size.total, passed_s)} of {average:.1f} on average, computed in {_times(compute_s)}"


def _queue(before: ServerStatus, now: ServerStatus) -> str:
    waited_s = now.queue_s.since(before.queue_s)
    return f"{now.load.queued} waiting" + (f", waits of {_times(waited_s)}" if waited_s.total else "")


def _held(now: ServerStatus) -> str:
    load = now.load
    entries = f"{load.entries:,} of {load.most_entries:,} requests"
    return f"{entries}, {_of(load.held_bytes, load.most_held_bytes)}, {load.streams} streams"


def _workers(now: ServerStatus) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [_COLUMNS]
    for each in now.workers:
        state = "ready" if each.ready else "starting" if each.pid else "restarting"
        counts = each.batches, each.restarts, each.compiled, each.uncompiled
        rows.append((str(each.number), str(each.pid or "-"), each.device or "-", state, *map(str, counts)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()


def _times(seconds: Distribution) -> str:
    return f"{_seconds(seconds.quantile(0.5))} (median), {_seconds(seconds.quantile(0.99))} (99 %)"


def _seconds(seconds: float) -> str:
    """A bound of a bucket."""
    if seconds == float("inf"):
        return "longer"
    return f"≤ {1e3 * seconds:g} ms" if seconds < 1 else f"≤ {seconds:g} s"


def _rate(count: float, passed_s: float) -> str:
    rate = count / passed_s
    return f"{rate:,.0f}/s" if rate < 1e6 else f"{rate:.3g}/s"


def _of(size: int, most: int) -> str:
    return f"{size / (1 << 20):,.1f} of {most / (1 << 20):,.0f} MiB"


def _duration(seconds: float) -> str:
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if days:
        return f"{days} d {hours % 24} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min {int(seconds % 60)} s"
