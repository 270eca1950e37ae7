"""Programs that start and end, and the wheel."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from subprocess import DEVNULL, PIPE

from benchmarks.adapters import HERE
from benchmarks.harness.block import Block, Order, Run, timed
from benchmarks.harness.processes import serve

__all__ = ["program", "server", "wheel"]

LIBRARY = ("gridgrad_worker/third_party/", "gridgrad_worker/native/")

# What a parent is told of its child's memory counts what the child had of the parent's before it became another program
TELL_PEAK = """
import atexit, sys
def tell():
    print([line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")][0], file=sys.stderr)
atexit.register(tell)
"""


@contextlib.contextmanager
def program(code: str, address: str = "") -> Iterator[Run]:
    """A Python that is started, runs code and ends; its time of a processor counts, whatever else runs.

    Args:
        code: what it runs.
        address: of a server, which it finds in its environment.
    """
    command = [sys.executable, "-c", TELL_PEAK + code]
    environment = {**os.environ, "GRIDGRAD_SERVER": address}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed has its bytecode
    peaks_mib: list[float] = []

    def call() -> None:
        done = subprocess.run(command, env=environment, stdout=DEVNULL, stderr=PIPE, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{code} ended with status {done.returncode}: {done.stderr}")
        peaks_mib.append(int(done.stderr.split()[-1]) / 1024)

    def run(order: Order) -> Block:
        before_s = _children_s()
        latencies = [timed(call) for _ in range(order["calls"])]
        used_ms = 1e3 * (_children_s() - before_s) / len(latencies)
        figures = {"peak MiB": max(peaks_mib[-len(latencies) :]), "processor ms": used_ms}
        return Block(latencies, sum(latencies), figures)

    yield run


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextlib.contextmanager
def server() -> Iterator[Run]:
    """A server with one worker, from its start until it serves."""

    def run(order: Order) -> Block:
        latencies = [_until_it_serves() for _ in range(order["calls"])]
        return Block(latencies, sum(latencies))

    yield run


def _until_it_serves() -> float:
    start_at = time.perf_counter()
    with serve("gridgrad_server", ["--listen", "127.0.0.1:0"]):
        return time.perf_counter() - start_at


@contextlib.contextmanager
def wheel() -> Iterator[Run]:
    """The wheel of this process's build; a block brings no time, but its size and that of the library in it."""
    root = Path(os.environ.get("GRIDGRAD_BENCH_ROOT", HERE))

    def run(_: Order) -> Block:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
            subprocess.run(command, cwd=root, check=True, stdout=DEVNULL, stderr=DEVNULL)
            [file] = Path(folder).iterdir()
            return Block([], 0.0, {"wheel kB": file.stat().st_size / 1000, "library kB": _library_bytes(file) / 1000})

    yield run


def _library_bytes(wheel: Path) -> int:
    """How much of a wheel is the library of special functions, packed."""
    with zipfile.ZipFile(wheel) as archive:
        parts = (each for each in archive.infolist() if each.filename.startswith(LIBRARY))
        return sum(each.compress_size for each in parts)
