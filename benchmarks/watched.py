"""What it costs to be watched: servers that differ in who looks at them, beside each other.

Nobody looks at the first. The second was asked how it is once, and counts since; the third's metrics are scraped every
second; three send traces: all, to a collector that throws them away; one in a hundred, to the same; and all, to one
that is not there. Blocks of calls go round them, so that what the machine does besides meets all.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import statistics
import threading
import urllib.request
from collections.abc import Callable, Iterator

import gridgrad
from benchmarks.callers import SIDE
from benchmarks.measure import Costs, Sample, interleave, processor_s, timed
from benchmarks.processes import Served, serve
from benchmarks.service import CALLERS, crowd_calls, open_crowd
from benchmarks.workload import EXPRESSION, axes

NOBODY, COUNTS, METRICS = "nobody", "counts", "metrics scraped"
TRACES, SAMPLED, NO_COLLECTOR = "traces", "1 % of traces", "traces, no collector"
ONE_PERCENT = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.01"}


def main() -> None:
    """Measures and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10, help="blocks of calls for each server and case")
    rounds = parser.parse_args().rounds
    with contextlib.ExitStack() as stack:
        collector = stack.enter_context(serve("benchmarks.raw")).address
        metrics, nowhere = _free_address(), _free_address()
        servers = {
            NOBODY: stack.enter_context(_server()),
            COUNTS: stack.enter_context(_server()),
            METRICS: stack.enter_context(_server("--metrics", metrics)),
            TRACES: stack.enter_context(_server("--traces", endpoint=collector)),
            SAMPLED: stack.enter_context(_server("--traces", endpoint=collector, **ONE_PERCENT)),
            NO_COLLECTOR: stack.enter_context(_server("--traces", endpoint=nowhere)),
        }
        for name, server in servers.items():
            _warm(server, counts=name == COUNTS)
        scrapes_ms = stack.enter_context(_scraped(f"http://{metrics}/metrics"))
        _print(f"{SIDE}x{SIDE}, 1 caller", one_caller(servers, rounds, sessions=False))
        _print(f"{SIDE}x{SIDE} in a session", one_caller(servers, rounds, sessions=True))
        _print(f"{SIDE}x{SIDE}, {CALLERS} callers", many_callers(servers, rounds))
    print(f"a scrape took {statistics.median(scrapes_ms):.1f} ms, at most {max(scrapes_ms):.1f}")


def _server(*flags: str, endpoint: str = "", **variables: str) -> contextlib.AbstractContextManager[Served]:
    variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://{endpoint}"
    return serve("gridgrad_server", ["--listen", "127.0.0.1:0", *flags], environment=variables)


def _free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"127.0.0.1:{taken.getsockname()[1]}"


def _warm(server: Served, *, counts: bool) -> None:
    with gridgrad.Client(server.address, sessions=False) as client:
        client.prepare(EXPRESSION, axes(SIDE))
        if counts:
            client.server_status()


@contextlib.contextmanager
def _scraped(url: str) -> Iterator[list[float]]:
    """Scrapes every second inside the block; gives the milliseconds that each took."""
    taken_ms: list[float] = []
    ended = threading.Event()

    def scrape() -> None:
        while not ended.wait(1.0):
            taken_ms.append(1e3 * timed(lambda: urllib.request.urlopen(url).read()))  # noqa: S310 - of our own server

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield taken_ms
    finally:
        ended.set()
        thread.join()


def _costs(server: Served) -> Costs:
    return Costs(lambda: {"server": processor_s([server.process.pid])})


Measured = dict[str, tuple[Sample, float]]
"""For each server what callers saw, and the microseconds of processor that it used for a call."""


def one_caller(servers: dict[str, Served], rounds: int, *, sessions: bool) -> Measured:
    """One caller in a loop."""
    costs = {name: _costs(server) for name, server in servers.items()}
    inputs = axes(SIDE)
    with contextlib.ExitStack() as stack:

        def asks(server: Served) -> Callable[[], object]:
            client = stack.enter_context(gridgrad.Client(server.address, sessions=sessions))
            return lambda: client.gradient(EXPRESSION, inputs)

        samples = interleave(100, rounds, *((asks(server), costs[name]) for name, server in servers.items()))
    return _measured(samples, costs)


def many_callers(servers: dict[str, Served], rounds: int) -> Measured:
    """32 callers in 2 client processes, all calling at once."""
    costs = {name: _costs(server) for name, server in servers.items()}
    taken: dict[str, list[Sample]] = {name: [] for name in servers}
    with contextlib.ExitStack() as stack:
        crowds = {name: stack.enter_context(open_crowd("ours", server.address)) for name, server in servers.items()}
        for crowd in crowds.values():  # warm up
            crowd_calls(crowd, 20)
        for _ in range(rounds):
            for name, crowd in crowds.items():
                taken[name].append(costs[name].block(crowd_calls, crowd, 20))
    return _measured(map(Sample.of, taken.values()), costs)


def _measured(samples: Iterator[Sample] | list[Sample], costs: dict[str, Costs]) -> Measured:
    return {
        name: (sample, cost.per_call_us()["server"])
        for (name, cost), sample in zip(costs.items(), samples, strict=True)
    }


def _print(case: str, measured: Measured) -> None:
    base, base_us = measured[NOBODY]
    print(f"\n{case:24}  p50 ms  ratio  calls/s  ratio  server µs")
    for name, (sample, server_us) in measured.items():
        ratios = sample.p50 / base.p50, sample.rate / base.rate
        times = f"{sample.p50:6.2f}  {ratios[0]:5.2f}  {sample.rate:7.0f}  {ratios[1]:5.2f}"
        print(f"{name:24}  {times}  {server_us:5.0f} ({server_us - base_us:+.0f})", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    main()
