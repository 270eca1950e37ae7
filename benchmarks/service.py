"""The service beside a raw grpc.aio server that returns prebuilt bytes of the same size.

Both servers run at the same time; blocks of calls alternate between them, so that what the
machine does besides meets both. One caller is a thread with a synchronous channel in this
process; many callers are coroutines (grpc.aio on uvloop) in client processes of their own. A neighbour
is a client process of its own that asks for large grids. All calls go over TCP but where a session is named.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import grpc

import gridgrad
from benchmarks import raw
from benchmarks.callers import SIDE
from benchmarks.looper import looper
from benchmarks.measure import Costs, Row, Sample, block, interleave, print_rows, processor_s
from benchmarks.processes import Served, serve
from benchmarks.workload import EXPRESSION, answer_bytes, axes, request_bytes

CLIENT_PROCESSES = 2
CALLERS = 32


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10, help="blocks of calls for each server and case")
    parser.add_argument("--engine", default="structured", help="what computes: structured or functional")
    options = parser.parse_args()
    rounds, flags = options.rounds, ["--listen", "127.0.0.1:0", "--engine", options.engine]
    with serve("benchmarks.raw") as floor, serve("gridgrad_server", flags) as ours:
        tier = _prepared(ours)
        rows = [
            one_caller(floor, ours, side=SIDE, calls=100, rounds=rounds, goal=1.5),
            one_caller(floor, ours, side=SIDE, calls=100, rounds=rounds, goal=0.35, sessions=True),
            one_caller(floor, ours, side=1024, calls=5, rounds=rounds, goal=1.3),
            one_caller(floor, ours, side=1024, calls=5, rounds=rounds, goal=0.2, sessions=True),
            many_callers(floor, ours, calls=20, rounds=rounds),
            beside_large_grids(floor, ours, calls=50, rounds=rounds),
        ]
    versions = f"Python {platform.python_version()}, grpcio {grpc.__version__}"
    print(f"{platform.machine()}, {os.cpu_count()} cores, {versions}")
    print(f"{EXPRESSION}: value and both partials, float64, computed by {tier}")
    print("ms, calls/s, µs of processor a call, MiB of peak memory\n")
    print_rows(rows)


def _prepared(ours: Served) -> str:
    """Has the expression compiled, if it can be, so that no call meets the change; tells what computes it then."""
    with gridgrad.Client(ours.address, sessions=False) as client:
        return str(client.prepare(EXPRESSION, axes(SIDE)))


def _costs(client: int | list[int], server: Served) -> Costs:
    clients = [client] if isinstance(client, int) else client
    workers = server.workers()

    def read() -> dict[str, float]:
        return {
            "client": processor_s(clients),
            "server": processor_s([server.process.pid]),
            "worker": processor_s(workers),
        }

    return Costs(read)


def _together(floor: Costs, ours: Costs) -> dict[str, float]:
    return {**ours.per_call_us(), "raw": sum(floor.per_call_us().values())}


def one_caller(
    floor: Served, ours: Served, *, side: int, calls: int, rounds: int, goal: float, sessions: bool = False
) -> Row:
    """One caller in a loop; the floor is the better of one message and a stream, over TCP."""
    ours.forget_peaks()
    with (
        grpc.insecure_channel(floor.address, raw.OPTIONS) as channel,
        gridgrad.Client(ours.address, sessions=sessions) as client,
    ):
        request = raw.request(answer_bytes(side), request_bytes(side))
        unary: Any = channel.unary_unary(raw.UNARY)
        stream: Any = channel.unary_stream(raw.STREAM)
        inputs = axes(side)
        whole, parts, own_costs = (_costs(os.getpid(), server) for server in (floor, floor, ours))
        one, many, own = interleave(
            calls,
            rounds,
            (lambda: unary(request), whole),
            (lambda: [len(message) for message in stream(request)], parts),
            (lambda: client.gradient(EXPRESSION, inputs), own_costs),
        )
        best, costs = (one, whole) if one.p50 <= many.p50 else (many, parts)
        ratio = own.p50 / best.p50
        case, met = f"{side}x{side}, 1 caller{' in a session' if sessions else ''}", ratio <= goal
        return Row(case, best, own, ratio, f"<= {goal}", met, _together(costs, own_costs), ours.peaks())


def beside_large_grids(floor: Served, ours: Served, *, calls: int, rounds: int) -> Row:
    """One caller of small grids beside a neighbour who asks the same server for large ones; by the p99."""
    ours.forget_peaks()
    with contextlib.ExitStack() as stack:
        channel = stack.enter_context(grpc.insecure_channel(floor.address, raw.OPTIONS))
        client = stack.enter_context(gridgrad.Client(ours.address, sessions=False))
        at_floor = stack.enter_context(looper("raw", floor.address))
        at_ours = stack.enter_context(looper("ours", ours.address))
        request = raw.request(answer_bytes(SIDE), request_bytes(SIDE))
        unary: Any = channel.unary_unary(raw.UNARY)
        inputs = axes(SIDE)
        samples: tuple[list[Sample], list[Sample]] = [], []
        for _ in range(rounds):
            with at_floor.going():
                samples[0].append(block(lambda: unary(request), calls))
            with at_ours.going():
                samples[1].append(block(lambda: client.gradient(EXPRESSION, inputs), calls))
    base, own = map(Sample.of, samples)
    ratio = own.p99 / base.p99
    return Row(f"{SIDE}x{SIDE} beside 1024x1024", base, own, ratio, "p99 <= 1.5", ratio <= 1.5, {}, ours.peaks())


def many_callers(floor: Served, ours: Served, *, calls: int, rounds: int) -> Row:
    """32 callers in 2 client processes, all calling at once."""
    ours.forget_peaks()
    with open_crowd("raw", floor.address) as at_floor, open_crowd("ours", ours.address) as at_ours:
        costs = [_costs([each.pid for each in crowd], server) for crowd, server in ((at_floor, floor), (at_ours, ours))]
        for crowd in (at_floor, at_ours):  # warm both up
            crowd_calls(crowd, calls)
        blocks = [
            [each.block(crowd_calls, crowd, calls) for crowd, each in zip((at_floor, at_ours), costs, strict=True)]
            for _ in range(rounds)
        ]
        peaks = ours.peaks()
    base, own = (Sample.of(side) for side in zip(*blocks, strict=True))
    ratio = own.rate / base.rate
    case = f"{SIDE}x{SIDE}, {CALLERS} callers"
    return Row(case, base, own, ratio, "rate >= 0.5", ratio >= 0.5, _together(*costs), peaks)


@contextlib.contextmanager
def open_crowd(kind: str, address: str) -> Iterator[list[subprocess.Popen[str]]]:
    """Client processes with CALLERS callers in all, of "raw" or "ours"."""
    command = [sys.executable, "-m", "benchmarks.callers", kind, address, str(CALLERS // CLIENT_PROCESSES)]
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            for _ in range(CLIENT_PROCESSES)
        ]


def crowd_calls(crowd: list[subprocess.Popen[str]], calls: int) -> Sample:
    """What they measure when each caller makes so many calls."""
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


if __name__ == "__main__":
    main()
