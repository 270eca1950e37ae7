"""The service beside a raw grpc.aio server that returns prebuilt bytes of the same size.

Both servers run at the same time; blocks of calls alternate between them, so that what the
machine does besides meets both. One caller is a thread with a synchronous channel in this
process; many callers are coroutines (grpc.aio on uvloop) in client processes of their own.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import grpc

import gridgrad
from benchmarks import raw
from benchmarks.callers import SIDE
from benchmarks.processes import Served, serve
from benchmarks.workload import EXPRESSION, answer_bytes, axes, request_bytes

CLIENT_PROCESSES = 2
CALLERS = 32
HEAD = ("case", "raw p50", "p99", "rate", "ours p50", "p99", "rate", "ratio", "goal", "", "server", "worker")


class Sample(NamedTuple):
    """What was measured of one server in one case."""

    latencies: list[float]
    elapsed_s: float

    @property
    def p50(self) -> float:
        """The median call, in milliseconds."""
        return 1e3 * statistics.median(self.latencies)

    @property
    def p99(self) -> float:
        """The 99th percentile of the calls, in milliseconds."""
        return 1e3 * sorted(self.latencies)[int(0.99 * (len(self.latencies) - 1))]

    @property
    def rate(self) -> float:
        """Calls per second."""
        return len(self.latencies) / self.elapsed_s


class Row(NamedTuple):
    """One line of the table."""

    case: str
    floor: Sample
    ours: Sample
    ratio: float
    goal: str
    met: bool
    peaks: tuple[float, float]


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10, help="blocks of calls for each server and case")
    parser.add_argument("--engine", default="structured", help="what computes: structured or functional")
    options = parser.parse_args()
    rounds, flags = options.rounds, ["--listen", "127.0.0.1:0", "--engine", options.engine]
    with serve("benchmarks.raw") as floor, serve("gridgrad_server", flags) as ours:
        rows = [
            one_caller(floor, ours, side=SIDE, calls=100, rounds=rounds),
            one_caller(floor, ours, side=1024, calls=5, rounds=rounds),
            many_callers(floor, ours, calls=20, rounds=rounds),
        ]
    _print(rows)


def one_caller(floor: Served, ours: Served, *, side: int, calls: int, rounds: int) -> Row:
    """One caller in a loop; the floor is the better of one message and a stream."""
    ours.forget_peaks()
    with grpc.insecure_channel(floor.address, raw.OPTIONS) as channel, gridgrad.Client(ours.address) as client:
        request = raw.request(answer_bytes(side), request_bytes(side))
        unary: Any = channel.unary_unary(raw.UNARY)
        stream: Any = channel.unary_stream(raw.STREAM)
        inputs = axes(side)
        one, many, own = _interleave(
            calls,
            rounds,
            lambda: unary(request),
            lambda: [len(message) for message in stream(request)],
            lambda: client.gradient(EXPRESSION, inputs),
        )
        best = min(one, many, key=lambda sample: sample.p50)
        ratio = own.p50 / best.p50
        return Row(f"{side}x{side}, 1 caller", best, own, ratio, "<= 3", ratio <= 3, ours.peaks())


def _interleave(calls: int, rounds: int, *kinds: Callable[[], object]) -> list[Sample]:
    latencies: list[list[float]] = [[] for _ in kinds]
    for round_number in range(rounds + 1):
        for call, seen in zip(kinds, latencies, strict=True):
            block = [_timed(call) for _ in range(calls)]
            if round_number:  # the first warms up
                seen += block
    return [Sample(seen, sum(seen)) for seen in latencies]


def _timed(call: Callable[[], object]) -> float:
    start_at = time.perf_counter()
    call()
    return time.perf_counter() - start_at


def many_callers(floor: Served, ours: Served, *, calls: int, rounds: int) -> Row:
    """32 callers in 2 client processes, all calling at once."""
    ours.forget_peaks()
    with _crowd("raw", floor.address) as at_floor, _crowd("ours", ours.address) as at_ours:
        blocks = [(_calls(at_floor, calls), _calls(at_ours, calls)) for _ in range(rounds + 1)][1:]
        peaks = ours.peaks()
    base, own = (
        Sample([each for sample in side for each in sample.latencies], sum(sample.elapsed_s for sample in side))
        for side in zip(*blocks, strict=True)
    )
    ratio = own.rate / base.rate
    return Row(f"{SIDE}x{SIDE}, {CALLERS} callers", base, own, ratio, ">= 1/4", ratio >= 0.25, peaks)


@contextlib.contextmanager
def _crowd(kind: str, address: str) -> Iterator[list[subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "benchmarks.callers", kind, address, str(CALLERS // CLIENT_PROCESSES)]
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            for _ in range(CLIENT_PROCESSES)
        ]


def _calls(crowd: list[subprocess.Popen[str]], calls: int) -> Sample:
    for process in crowd:
        assert process.stdin is not None
        process.stdin.write(f"{calls}\n")
        process.stdin.flush()
    latencies, elapsed_s = [], 0.0
    for process in crowd:
        assert process.stdout is not None
        seconds, block = json.loads(process.stdout.readline())
        latencies += block
        elapsed_s = max(elapsed_s, seconds)
    return Sample(latencies, elapsed_s)


def _print(rows: list[Row]) -> None:
    versions = f"Python {platform.python_version()}, grpcio {grpc.__version__}"
    print(f"{platform.machine()}, {os.cpu_count()} cores, {versions}")
    print(f"{EXPRESSION}: value and both partials, float64; ms, calls/s, and MiB of peak memory\n")
    table = [HEAD, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for cells in table:
        print("  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True)))


def _cells(row: Row) -> tuple[str, ...]:
    times = [
        text
        for sample in (row.floor, row.ours)
        for text in (f"{sample.p50:.2f}", f"{sample.p99:.2f}", f"{sample.rate:.0f}")
    ]
    verdict = "met" if row.met else "missed"
    return (row.case, *times, f"{row.ratio:.2f}", row.goal, verdict, *(f"{peak:.0f}" for peak in row.peaks))


if __name__ == "__main__":
    main()
