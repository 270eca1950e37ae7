"""What comes before an expression is known: its first answer, compilation and derivation, each from nothing."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import gridgrad
from benchmarks.adapters import HERE
from benchmarks.harness.block import Block, Order, Run
from benchmarks.harness.processes import Served, serve

__all__ = ["answer", "compilation", "derivation", "preparation", "with_servers"]

WORKLOADS = HERE / "tests" / "workloads"
POINTS = 64
COMPILE_TIMEOUT_S = 600.0
LOOKS_EVERY_S = 0.05

DERIVATION = """
import time, tracemalloc
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.derive.derive import derive
lines = ["z0 = t*k", *(f"z{n} = sin(z{n - 1}*{'t' if n % 2 else 'k'} + {n})" for n in range(1, LINES))]
program = parse("\\n".join([*lines, f"z{LINES - 1}"]), ("t", "k"))
start_at = time.perf_counter()
derive(program, [("t",), ("k",)])
taken_s = time.perf_counter() - start_at
tracemalloc.start()  # it takes time, and so a second one is looked at
derive(program, [("t",), ("k",)])
print(taken_s, tracemalloc.get_traced_memory()[1] / 2**20)
"""

COMPILATION = """
import itertools, json, sys, tempfile, time
from pathlib import Path
from gridgrad_worker.devices.open import open_device
from gridgrad_worker.engines.compiled.codegen.build import build, source_of
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.make import engine_of
from gridgrad_worker.engines.compiled.verification.verify import verify
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
content = json.loads(Path(sys.argv[1]).read_text())
axes, names = range(len(content["axes"])), (*content["axes"], *content["parameters"])
dims = tuple((n,) if n in axes else () for n in range(len(names)))
wanted = tuple(wrt for k in range(int(sys.argv[2]) + 1) for wrt in itertools.combinations_with_replacement(axes, k))
job = CompileJob(content["expression"], names, dims, len(axes), wanted, "float64", "cpu")
device = open_device("cpu", 2)
start_at = time.perf_counter()
direct = StructuredEngine(job.program(), job.inputs, job.ndim, job.wanted, job.torch_dtype, device)
library = build(source_of(job, direct), Path(tempfile.mkdtemp(dir=sys.argv[3])))
built_at = time.perf_counter()
modes = [engine_of(job, direct, library, separating=mode) for mode in {direct.guard is not None, False}]
verify(job, direct, *[each.compute for each in modes])
done_at = time.perf_counter()
print(done_at - start_at, 100 * (done_at - built_at) / (done_at - start_at))
"""


@contextlib.contextmanager
def answer(workload: str, order: int = 1) -> Iterator[Run]:
    """The first answer of a server that has computed other expressions only.

    Args:
        workload: the name of a file of tests/workloads.
        order: all partials up to it.
    """
    text, inputs = _asked(workload)

    def call(client: gridgrad.Client, _: Served) -> dict[str, float]:
        client.gradient(text, inputs, order=order)
        return {}

    yield with_servers(call)


@contextlib.contextmanager
def preparation(workload: str, order: int = 1) -> Iterator[Run]:
    """Until a server with an empty cache has compiled an expression.

    Args:
        workload: the name of a file of tests/workloads.
        order: all partials up to it.
    """
    text, inputs = _asked(workload)

    def call(client: gridgrad.Client, server: Served) -> dict[str, float]:
        with _watched(server.workers()) as peak:
            client.prepare(text, inputs, order=order, timeout=COMPILE_TIMEOUT_S)
        return {"compiling MiB": max(peak)}

    yield with_servers(call)


@contextlib.contextmanager
def compilation(workload: str, order: int = 1) -> Iterator[Run]:
    """What a compile process does once torch is loaded: planning, compiling, and verifying, of which the share is told.

    Args:
        workload: the name of a file of tests/workloads.
        order: all partials by the axes up to it.

    Raises:
        RuntimeError: this build has it elsewhere, as builds of before 2026-11-30 do.
    """
    looked = [sys.executable, "-c", "import gridgrad_worker.engines.compiled.verification.verify"]
    if subprocess.run(looked, capture_output=True, check=False).returncode:
        raise RuntimeError("it verifies compiled code elsewhere; the goal is about this build alone")

    def run(order_: Order) -> Block:
        with tempfile.TemporaryDirectory(prefix="gridgrad-bench-") as folder:
            command = [sys.executable, "-c", COMPILATION, str(WORKLOADS / f"{workload}.json"), str(order), folder]
            told = [subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout for _ in range(order_["calls"])]
        taken, shares = zip(*(map(float, each.split()) for each in told), strict=True)
        return Block(list(taken), sum(taken), {"verifying %": max(shares)})

    yield run


@contextlib.contextmanager
def derivation(lines: int) -> Iterator[Run]:
    """The value and both partials of a chain of so many sines, derived in a Python of its own.

    Args:
        lines: three operations each.
    """
    command = [sys.executable, "-c", DERIVATION.replace("LINES", str(lines))]

    def run(order: Order) -> Block:
        told = [subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout for _ in range(order["calls"])]
        taken, grown = zip(*(map(float, each.split()) for each in told), strict=True)
        return Block(list(taken), sum(taken), {"deriving MiB": max(grown)})

    yield run


def _asked(workload: str) -> tuple[str, dict[str, Any]]:
    content = json.loads((WORKLOADS / f"{workload}.json").read_text())
    axes = {
        name: np.linspace(axis.get("start", 1.0), axis.get("stop", 4.0), POINTS)
        for name, axis in content["axes"].items()
    }
    return content["expression"], {**axes, **content["parameters"]}


def with_servers(call: Callable[[gridgrad.Client, Served], dict[str, float]]) -> Run:
    """Times calls, each at a server of its own with an empty cache.

    Args:
        call: what is timed; it gives what else was measured.
    """

    def run(order: Order) -> Block:
        taken = [_timed_at_a_server(call) for _ in range(order["calls"])]
        latencies = [seconds for seconds, _ in taken]
        return Block(latencies, sum(latencies), taken[-1][1])

    return run


def _timed_at_a_server(call: Callable[[gridgrad.Client, Served], dict[str, float]]) -> tuple[float, dict[str, float]]:
    with contextlib.ExitStack() as stack:
        cache = stack.enter_context(tempfile.TemporaryDirectory(prefix="gridgrad-bench-"))
        listen, environment = ["--listen", "127.0.0.1:0"], {"GRIDGRAD_CACHE": cache}
        server = stack.enter_context(serve("gridgrad_server", listen, environment=environment))
        client = stack.enter_context(gridgrad.Client(server.address))
        client.gradient("x*y", {"x": [1.0, 2.0], "y": [1.0, 2.0]})
        start_at = time.perf_counter()
        figures = call(client, server)
        return time.perf_counter() - start_at, figures


@contextlib.contextmanager
def _watched(workers: list[int]) -> Iterator[list[float]]:
    """Notes, again and again, the memory of all that workers have started, in MiB; what is shared counts in parts."""
    seen, ended = [0.0], threading.Event()

    def look() -> None:
        while not ended.wait(LOOKS_EVERY_S):
            seen.append(sum(map(_memory_mib, itertools.chain.from_iterable(map(_descendants, workers)))))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def _descendants(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):  # it has ended since
        for task in os.listdir(f"/proc/{pid}/task"):
            for child in map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split()):
                yield child
                yield from _descendants(child)


def _memory_mib(pid: int) -> float:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0
