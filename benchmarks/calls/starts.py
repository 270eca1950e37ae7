"""Programs that start and end, and the wheel."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.adapters import HERE
from benchmarks.harness.block import Block, Order, Run, timed

__all__ = ["program", "wheel"]

# What a parent is told of its child's memory counts what the child had of the parent's before it became another program
TELL_PEAK = """
import atexit, sys
def tell():
    print([line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")][0], file=sys.stderr)
atexit.register(tell)
"""


@contextlib.contextmanager
def program(code: str) -> Iterator[Run]:
    """A Python that is started, runs code and ends.

    Args:
        code: what it runs.
    """
    command = [sys.executable, "-c", TELL_PEAK + code]
    peaks_mib: list[float] = []

    def call() -> None:
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{code} ended with status {done.returncode}: {done.stderr}")
        peaks_mib.append(int(done.stderr.split()[-1]) / 1024)

    def run(order: Order) -> Block:
        latencies = [timed(call) for _ in range(order["calls"])]
        return Block(latencies, sum(latencies), {"peak MiB": max(peaks_mib[-order["calls"] :])})

    yield run


@contextlib.contextmanager
def wheel() -> Iterator[Run]:
    """The wheel of this process's build; a block brings no time, but its size."""
    root = Path(os.environ.get("GRIDGRAD_BENCH_ROOT", HERE))

    def run(_: Order) -> Block:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
            subprocess.run(command, cwd=root, check=True, stdout=subprocess.DEVNULL)
            [file] = Path(folder).iterdir()
            return Block([], 0.0, {"wheel kB": file.stat().st_size / 1000})

    yield run
