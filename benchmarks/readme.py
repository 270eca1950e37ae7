"""The README's table: nitrogen with all partials to second order, by everything one could do instead, in one run.

Ours is the whole call as its caller sees it, in another process than the server: in a session, which callers on the
same machine have by themselves, and by gRPC, as callers from elsewhere go. Raw is a grpc.aio server that computes
nothing and returns as many bytes. JAX and numpy run in their caller's process, and so send nothing.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import numpy as np

import gridgrad
from benchmarks import raw
from benchmarks.engine_sides import Case, Jax, timed
from benchmarks.nitrogen import TEXT, WANTED, axes, exact_grids, finite_differences, in_numpy, relative_error
from benchmarks.processes import Served, serve

SIDES = (32, 256, 1024)
COARSE = 16
"""Errors are taken at so many points along each axis."""
UNARY_BYTES = 2 << 20
JAX_ROUNDS = 3
"""Each of them compiles anew."""
HEAD = """\
| grid | Gridgrad on the same machine | Gridgrad by gRPC | raw gRPC, as many bytes | JAX in the caller's process | \
JAX, first grid of a shape | numpy, finite differences |
| --- | --- | --- | --- | --- | --- | --- |"""


class Row(NamedTuple):
    """What one size of grid took, in milliseconds."""

    side: int
    session: float
    by_grpc: float
    raw: float
    jax: float
    jax_first: float
    numpy: float


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jax", metavar="PYTHON", required=True, help="an interpreter that has jax")
    parser.add_argument("--rounds", type=int, default=7, help="blocks of calls of each kind and size")
    options = parser.parse_args()
    jax = Jax(options.jax)
    with tempfile.TemporaryDirectory() as cache:
        flags = ["--listen", "127.0.0.1:0", "--cache", cache]
        with serve("benchmarks.raw") as floor, serve("gridgrad_server", flags) as ours:
            first_ms, prepared = warmed(ours)
            rows = [measured(side, floor, ours, jax, options.rounds) for side in SIDES]
            errors = errors_of(ours)
    jax.close()
    print_table(rows, first_ms, prepared, errors)


def warmed(ours: Served) -> tuple[float, gridgrad.Prepared]:
    """How long the first grid ever took, in milliseconds; then has it compiled, as it would be once it proves hot."""
    with gridgrad.Client(ours.address) as client:
        started_at = time.perf_counter()
        client.gradient(TEXT, axes(256), order=2)
        first_ms = 1e3 * (time.perf_counter() - started_at)
        return first_ms, client.prepare(TEXT, axes(32), order=2, timeout=600)


def measured(side: int, floor: Served, ours: Served, jax: Jax, rounds: int) -> Row:
    """All kinds in turn, blocks of calls of each."""
    function, inputs = in_numpy(), axes(side)
    case = Case("nitrogen_helmholtz", side, 2)
    with (
        grpc.insecure_channel(floor.address, raw.OPTIONS) as channel,
        gridgrad.Client(ours.address) as near,
        gridgrad.Client(ours.address, sessions=False) as far,
    ):
        calls: dict[str, Callable[[], object]] = {
            "session": lambda: near.gradient(TEXT, inputs, order=2),
            "by_grpc": lambda: far.gradient(TEXT, inputs, order=2),
            "raw": _raw_call(channel, 8 * len(WANTED) * side**2, len(TEXT) + 16 * side),
            "numpy": lambda: finite_differences(inputs, function),
        }
        taken: dict[str, list[float]] = {name: [] for name in (*calls, "jax", "jax_first")}
        for number in range(rounds):
            for name, call in calls.items():
                taken[name] += timed(call)
            if number < JAX_ROUNDS:
                answer = jax.measured(case, len(taken["session"]) // (number + 1))
                taken["jax"] += answer["calls_s"]
                taken["jax_first"].append(answer["first_s"])
    return Row(side, **{name: 1e3 * statistics.median(seconds) for name, seconds in taken.items()})


def _raw_call(channel: grpc.Channel, answer_bytes: int, request_bytes: int) -> Callable[[], object]:
    request = raw.request(answer_bytes, request_bytes)
    unary: Any = channel.unary_unary(raw.UNARY)
    stream: Any = channel.unary_stream(raw.STREAM)
    if answer_bytes <= UNARY_BYTES:
        return lambda: unary(request)
    return lambda: [len(message) for message in stream(request)]


def errors_of(ours: Served) -> dict[str, Any]:
    """At each point the relative error of the worst of the six, by who computed them."""
    coarse = axes(COARSE)
    with gridgrad.Client(ours.address) as client:
        result = client.gradient(TEXT, coarse, order=2)
    exact = exact_grids(coarse)
    return {
        "Gridgrad": relative_error([result.d[wrt] for wrt in WANTED], exact),
        "finite differences": relative_error(finite_differences(coarse, in_numpy()), exact),
    }


def print_table(rows: list[Row], first_ms: float, prepared: gridgrad.Prepared, errors: dict[str, Any]) -> None:
    """Prints the table as it stands in the README, and what it was measured on."""
    print(HEAD)
    for side, *times in rows:
        print(f"| {side}² | {' | '.join(map(_shown, times))} |")
    print(f"\nGridgrad's first grid ever, 256²: {first_ms:.0f} ms. Its tier: {prepared.tier}.")
    for name, error in errors.items():
        print(f"Relative error of the worst of six, {name}: median {np.median(error):.0e}, greatest {error.max():.0e}")
    cores, numpy, grpcio = os.cpu_count(), np.__version__, grpc.__version__
    print(f"{_processor()}, {cores} cores; Python {platform.python_version()}, numpy {numpy}, grpcio {grpcio}")


def _shown(ms: float) -> str:
    return f"{ms:.0f} ms" if ms >= 100 else f"{ms:#.2g}".rstrip(".") + " ms"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


if __name__ == "__main__":
    main()
