"""What it costs to be watched: servers that differ in who looks at them, beside each other.

Nobody looks at the first. The second was asked how it is once, and counts since; the third's metrics are scraped every
second; three send traces: all, to a collector that throws them away; one in a hundred, to the same; and all, to one
that is not there. Blocks of calls go round them, so that what the machine does besides meets all.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from statistics import median

from benchmarks.harness.block import timed
from benchmarks.harness.case import Case, Goal, Server, Side
from benchmarks.harness.command import parser, run
from benchmarks.service import CALLERS, CLIENT_PROCESSES, LISTEN, RAW, SMALL

__all__: list[str] = []

NOBODY, COUNTS, METRICS = "nobody", "counts", "metrics scraped"
TRACES, SAMPLED, NO_COLLECTOR = "traces", "1 % of traces", "traces, no collector"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
ONE_PERCENT = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.01"}
PREPARE, LOOK = "benchmarks.calls.single:prepare", "benchmarks.calls.single:look_at"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the tables."""
    options = parser(__doc__, rounds=10).parse_args(arguments)
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    metrics, nowhere = _free_address(), _free_address()
    servers = {
        "raw": RAW,
        NOBODY: _server(),
        COUNTS: _server(warm=LOOK),
        METRICS: _server("--metrics", metrics),
        TRACES: _server("--traces", **{ENDPOINT: "http://{raw}"}),
        SAMPLED: _server("--traces", **{ENDPOINT: "http://{raw}"}, **ONE_PERCENT),
        NO_COLLECTOR: _server("--traces", **{ENDPOINT: f"http://{nowhere}"}),
    }
    watchers = [name for name in servers if name != "raw"]
    with _scraped(f"http://{metrics}/metrics") as scrapes_ms:
        run("watched", options, servers, lambda _: cases(watchers))
    if scrapes_ms:
        print(f"a scrape took {median(scrapes_ms):.1f} ms, at most {max(scrapes_ms):.1f}")


def _server(*flags: str, warm: str = PREPARE, **environment: str) -> Server:
    return Server("gridgrad_server", (*LISTEN, *flags), environment, warm=warm)


def cases(servers: Sequence[str]) -> list[Case]:
    """One caller, one in a session, and many; each server beside the one that nobody looks at."""
    single, crowd = "benchmarks.calls.single:gradient", "benchmarks.calls.crowd:ours"
    near = [Side(name, single, {"side": SMALL, "sessions": True}, name) for name in servers]
    far = [Side(name, single, {"side": SMALL}, name) for name in servers]
    each = {"side": SMALL, "callers": CALLERS // CLIENT_PROCESSES}
    many = [Side(name, crowd, each, name, processes=CLIENT_PROCESSES, host="crowd") for name in servers]
    size = f"{SMALL}x{SMALL}"
    return [
        _case(f"{size}, 1 caller", far, ("p50", "processor"), 100),
        _case(f"{size} in a session", near, ("p50", "processor"), 100),
        _case(f"{size}, {CALLERS} callers", many, ("rate", "processor"), 20),
    ]


def _case(name: str, sides: Sequence[Side], statistics: Sequence[str], calls: int) -> Case:
    goals = [
        Goal(each, of=() if side.name == NOBODY else (NOBODY,), side=side.name, label=side.name)
        for side in sides
        for each in statistics
    ]
    return Case(name, tuple(sides), tuple(goals), {"calls": calls})


def _free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"127.0.0.1:{taken.getsockname()[1]}"


@contextlib.contextmanager
def _scraped(url: str) -> Iterator[list[float]]:
    """Scrapes every second inside the block; gives the milliseconds that each took."""
    taken_ms: list[float] = []
    ended = threading.Event()

    def scrape() -> None:
        while not ended.wait(1.0):
            with contextlib.suppress(OSError):  # it has not started yet, or ends
                taken_ms.append(1e3 * timed(lambda: urllib.request.urlopen(url).read()))  # noqa: S310 - our own server's

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield taken_ms
    finally:
        ended.set()
        thread.join()


if __name__ == "__main__":
    main()
