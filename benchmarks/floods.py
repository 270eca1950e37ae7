"""Floods and grids larger than a message, beside a raw grpc.aio server that returns prebuilt bytes.

Each line says what was measured, the goal, and by how much it was met or missed. Ours and raw alternate, and the
ratio is of the medians of all rounds.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import grpc
import numpy as np

import gridgrad
from benchmarks import raw
from benchmarks.callers import SIDE
from benchmarks.processes import Served, serve
from benchmarks.service import CALLERS, crowd_calls, open_crowd
from benchmarks.workload import EXPRESSION, answer_bytes, axes

GRIDS = 10_000
LARGE = 8192
CALLS = 400


class Line(NamedTuple):
    """A line of the report: `text` with the figures, the ratio that counts, and its goal."""

    text: str
    ratio: float
    goal: str
    met: bool


def main() -> None:
    """Measures and prints the lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often each case is measured")
    rounds = parser.parse_args().rounds
    print(f"{EXPRESSION}: value and both partials, float64")
    with serve("benchmarks.raw") as floor, serve("gridgrad_server", ["--listen", "127.0.0.1:0"]) as ours:
        with gridgrad.Client(ours.address) as client:
            print(f"computed in the {client.prepare(EXPRESSION, axes(SIDE)).tier} tier")
        for case in (many_small, one_large, beside_a_flood):
            for line in case(floor, ours, rounds):
                print(f"{line.text}: {line.ratio:.2f}, goal {line.goal}, {'met' if line.met else 'missed'}", flush=True)


def many_small(floor: Served, ours: Served, rounds: int) -> list[Line]:
    """`map` of many small grids, against the rate of raw's unary calls by many callers at once."""
    inputs = [axes(SIDE) for _ in range(GRIDS)]
    with open_crowd("raw", floor.address) as callers, gridgrad.Client(ours.address) as client:
        pairs = [(crowd_calls(callers, 100).rate, _map_rate(client, inputs)) for _ in range(rounds + 1)][1:]
    base, own = (statistics.median(side) for side in zip(*pairs, strict=True))
    text = f"map of {GRIDS} grids of {SIDE}x{SIDE}: {own:.0f} grids/s, raw unary with {CALLERS} callers {base:.0f}/s"
    return [Line(text, own / base, ">= 3", own >= 3 * base)]


def _map_rate(client: gridgrad.Client, inputs: list[Any]) -> float:
    start_at = time.perf_counter()
    count = sum(1 for _ in client.map(EXPRESSION, inputs))
    return count / (time.perf_counter() - start_at)


def one_large(floor: Served, ours: Served, rounds: int) -> list[Line]:
    """A grid of 1.6 GB of results, against raw's stream of the same bytes; and the memory it takes meanwhile."""
    out = np.zeros((3, LARGE, LARGE))  # its pages are there before the first round
    inputs, size = axes(LARGE), answer_bytes(LARGE)
    with (
        grpc.insecure_channel(floor.address, raw.OPTIONS) as channel,
        gridgrad.Client(ours.address, sessions=False) as client,
    ):
        stream: Any = channel.unary_stream(raw.STREAM)
        client.gradient(EXPRESSION, axes(SIDE))
        ours.forget_peaks()
        before = ours.peaks()
        pairs = [
            (
                _seconds(lambda: sum(len(message) for message in stream(raw.request(size, 0)))),
                _seconds(lambda: client.gradient(EXPRESSION, inputs, out=out)),
            )
            for _ in range(rounds)
        ]
        grown = [peak - rest for peak, rest in zip(ours.peaks(), before, strict=True)]
    base, own = (size / 1e9 / statistics.median(side) for side in zip(*pairs, strict=True))
    text = f"{LARGE}x{LARGE}: {own:.2f} GB/s, raw stream {base:.2f} GB/s"
    return [
        Line(text, own / base, ">= 0.8", own >= 0.8 * base),
        Line(
            f"{LARGE}x{LARGE}: growth of the server's memory, in units of 300 MiB",
            grown[0] / 300,
            "<= 1",
            grown[0] <= 300,
        ),
        Line(
            f"{LARGE}x{LARGE}: growth of the worker's memory, in units of 300 MiB",
            grown[1] / 300,
            "<= 1",
            grown[1] <= 300,
        ),
    ]


def beside_a_flood(floor: Served, ours: Served, rounds: int) -> list[Line]:  # noqa: ARG001 - all cases take the same
    """The 99th percentile of one caller's single calls, beside another's flood and without it."""
    with gridgrad.Client(ours.address, sessions=False) as client:
        quiet, beside = [], []
        for _ in range(rounds):
            quiet.append(_p99_ms(client))
            with _flood(ours.address):
                beside.append(_p99_ms(client))
    alone, crowded = statistics.median(quiet), statistics.median(beside)
    text = f"{SIDE}x{SIDE}, p99 beside a flood {crowded:.2f} ms, without {alone:.2f} ms"
    return [Line(text, crowded / alone, "<= 5", crowded <= 5 * alone)]


def _p99_ms(client: gridgrad.Client) -> float:
    inputs = axes(SIDE)
    latencies = sorted(_seconds(lambda: client.gradient(EXPRESSION, inputs)) for _ in range(CALLS))
    return 1e3 * latencies[int(0.99 * (CALLS - 1))]


@contextlib.contextmanager
def _flood(address: str) -> Iterator[None]:
    command = [sys.executable, "-m", "benchmarks.flooder", address]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "flooding\n"
        yield
        process.stdin.close()
        process.stdout.read()


def _seconds(call: Callable[[], object]) -> float:
    start_at = time.perf_counter()
    call()
    return time.perf_counter() - start_at


if __name__ == "__main__":
    main()
