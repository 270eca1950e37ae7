"""The structured engine, as a worker runs it, beside `jax.jit` of the same function and the functional engine.

Float64, the value and both first partials, two threads each, warm; medians. Blocks of calls alternate
between all, so that what the machine does besides meets all. `make bench-engine` installs jax into
an environment of its own; without it, `--jax PYTHON` names an interpreter that has it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gridgrad.heap import keep_freed_memory
from gridgrad_worker import process

keep_freed_memory(1 << 28)  # as a worker does
process.spin_briefly()  # before torch starts its threads

import numpy as np  # noqa: E402 - after the process is set up
import torch  # noqa: E402 - after the process is set up

from gridgrad_worker.devices import open_device  # noqa: E402 - after the process is set up
from gridgrad_worker.pieces import ArrayValues, Box, LinspaceValues, Piece  # noqa: E402 - after the process is set up
from gridgrad_worker.plans import Engine, EngineName, make_plan  # noqa: E402 - after the process is set up
from gridgrad_worker.v1 import worker_pb2 as pb  # noqa: E402 - after the process is set up

WORKLOADS = Path(__file__).parents[1] / "tests" / "workloads"
THREADS = 2
ROUNDS = 3
BLOCK_S = 0.15
CALLS = (5, 200)


class Case(NamedTuple):
    """What is computed: a function on a grid of side², or on many small grids."""

    workload: str
    side: int

    @property
    def content(self) -> dict[str, Any]:
        """The workload's file."""
        content: dict[str, Any] = json.loads((WORKLOADS / f"{self.workload}.json").read_text())
        return content

    @property
    def axes(self) -> list[tuple[str, float, float, int]]:
        """Name, start, stop and number of each axis."""
        spans = {name: (axis.get("start", 1.0), axis.get("stop", 4.0)) for name, axis in self.content["axes"].items()}
        return [(name, start, stop, self.side) for name, (start, stop) in spans.items()]


CASES = [
    Case(workload, side)
    for workload in ("nitrogen_helmholtz", "black_scholes_call", "bilinear_quadratic")
    for side in (32, 256, 1024)
]


class Ours:
    """One of our engines on one case.

    Args:
        case: what it computes.
        engine: which.
    """

    def __init__(self, case: Case, engine: EngineName) -> None:
        started_at = time.perf_counter()
        self.engine = engine_for(case, engine)
        pieces = [entry(case, case.side, case.side, shift) for shift in (0.0, 0.01)]
        self._entries = itertools.cycle(pieces)  # since an engine may keep what it knows of the last entry
        self.call()
        self.first_s = time.perf_counter() - started_at

    def call(self) -> None:
        """Computes one grid, not the one before."""
        piece, out = next(self._entries)
        self.engine.compute([piece], [out])


class Jax:
    """The peer on all cases.

    Args:
        python: an interpreter that has jax.
    """

    def __init__(self, python: str) -> None:
        environment = os.environ | {
            "PYTHONPATH": "client",
            "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen=true intra_op_parallelism_threads={THREADS}",
            "JAX_PLATFORMS": "cpu",
        }
        self._process = subprocess.Popen(
            [python, "-m", "benchmarks.jax_peer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )

    def measured(self, case: Case, calls: int) -> dict[str, Any]:
        """The first call and so many later ones, in seconds."""
        assert self._process.stdin
        assert self._process.stdout
        asked = {
            "text": case.content["expression"],
            "axes": case.axes,
            "parameters": case.content["parameters"],
            "calls": calls,
        }
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        """Ends it."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=30)


def engine_for(case: Case, engine: EngineName) -> Engine:
    """An engine made as a worker makes it of a plan."""
    names = [name for name, *_ in case.axes]
    inputs = [pb.PlanInput(name=name, dims=[name]) for name in names]
    inputs += [pb.PlanInput(name=name) for name in case.content["parameters"]]
    wanted = [pb.PlanDerivative(wrt=each) for each in ((), (0,), (1,))]
    text = case.content["expression"]
    plan = pb.Plan(expression=text, dtype="float64", inputs=inputs, derivatives=wanted)
    return make_plan(plan, DEVICE, {}, engine).engine


def entry(case: Case, rows: int, columns: int, shift: float = 0.0) -> tuple[Piece, Any]:
    """A grid of a case, its axes shifted, and memory for its results whose pages are there."""
    lengths = (rows, columns)
    axes = [
        LinspaceValues(start + shift, stop + shift, lengths[dim], dim, 2)
        for dim, (_, start, stop, _) in enumerate(case.axes)
    ]
    scalars = [ArrayValues(np.array(value), (), 2) for value in case.content["parameters"].values()]
    return Piece((*axes, *scalars), Box((0, 0), lengths)), np.full((3, rows * columns), np.nan)


def timed(call: Callable[[], object]) -> list[float]:
    """Calls for a while, and how long each took, in seconds."""
    taken: list[float] = []
    while len(taken) < CALLS[0] or (sum(taken) < BLOCK_S and len(taken) < CALLS[1]):
        started_at = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started_at)
    return taken


def compare(case: Case, jax: Jax | None) -> None:
    """Prints one line of the table."""
    ours, functional = Ours(case, "structured"), Ours(case, "functional")
    samples: dict[str, list[float]] = {"ours": [], "functional": [], "jax": []}
    firsts: list[float] = []
    for _ in range(ROUNDS):
        samples["ours"] += timed(ours.call)
        if case.side < 1024:
            samples["functional"] += timed(functional.call)
        if jax:
            answer = jax.measured(case, len(samples["ours"]) // ROUNDS)
            samples["jax"] += answer["calls_s"]
            firsts.append(answer["first_s"])
    medians = {name: 1e3 * statistics.median(taken) for name, taken in samples.items() if taken}
    cells = [f"{case.workload:20} {case.side:5}² {medians['ours']:9.3f}", _cell(medians, "functional")]
    cells += [_cell(medians, "jax"), f"{_ratio(medians):>7} {1e6 * medians['ours'] / case.side**2:8.2f}"]
    cells += [f"{1e3 * ours.first_s:9.1f} {1e3 * firsts[0] if firsts else float('nan'):9.1f}"]
    print(*cells, flush=True)


def compare_batches(workload: str) -> None:
    """Prints 256 small grids beside one grid of as many points."""
    one = Ours(Case(workload, 512), "structured")
    random = np.random.default_rng(0)
    for name, sides in (
        ("256 grids of 32²", np.full((256, 2), 32)),
        ("256 grids of 20² to 44²", random.integers(20, 45, (256, 2))),
    ):
        entries = [entry(Case(workload, 32), int(rows), int(columns)) for rows, columns in sides]
        pieces, outs = [piece for piece, _ in entries], [out for _, out in entries]
        points = sum(piece.box.points for piece in pieces)
        alone, together = [], []
        for _ in range(ROUNDS):
            alone += timed(one.call)
            together += timed(lambda: one.engine.compute(pieces, outs))  # noqa: B023 - called at once
        a, b = (1e3 * statistics.median(taken) for taken in (alone, together))
        ratio = (b / points) / (a / 512**2)
        print(f"{workload:20} {name:24} {b:8.2f} ms; one grid of 512² {a:8.2f} ms; per point {ratio:5.2f} times")


def fill_time(side: int) -> float:
    """How long it takes to fill three arrays of side², in milliseconds."""
    arrays = torch.ones(3, side * side, dtype=torch.float64)
    return 1e3 * statistics.median(timed(lambda: arrays.fill_(1.0)))


def _cell(medians: dict[str, float], name: str) -> str:
    return f"{medians[name]:10.3f}" if name in medians else f"{'-':>10}"


def _ratio(medians: dict[str, float]) -> str:
    return f"{medians['ours'] / medians['jax']:.2f}" if "jax" in medians else "-"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures all cases, or those whose workload's name contains a word."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jax", metavar="PYTHON", help="an interpreter that has jax; by default none is asked")
    parser.add_argument("--only", default="", help="part of a workload's name")
    options = parser.parse_args(arguments)
    jax = Jax(options.jax) if options.jax else None
    if jax is None:
        print("jax is not installed: give --jax PYTHON, or run `make bench-engine`", file=sys.stderr)
    print("milliseconds, medians    structured functional        jax   ratio ns/point first ours first jax")
    for case in CASES:
        if options.only in case.workload:
            compare(case, jax)
    print(f"three arrays of 1024² are filled in {fill_time(1024):.2f} ms")
    for workload in ("nitrogen_helmholtz", "black_scholes_call", "bilinear_quadratic"):
        if options.only in workload:
            compare_batches(workload)
    if jax:
        jax.close()


DEVICE = open_device("cpu", THREADS)

if __name__ == "__main__":
    main()
