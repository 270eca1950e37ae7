"""Calls from C, by the native library: what is timed runs in C, and is called from here once for a block."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.calls.workload import axes
from benchmarks.harness.block import Block, Order, Run

__all__ = ["bound"]

_SAID_BYTES = 512


@contextlib.contextmanager
def bound(path: str, library: str, side: int, in_flight: int = 1) -> Iterator[Run]:
    """One caller in a loop, whose axes change from call to call.

    Args:
        path: of the server's --session-socket.
        library: with the loops, native/tests/bench.c.
        side: of the square grid.
        in_flight: how many calls are under way at once.

    Raises:
        RuntimeError: the server can't be called.
    """
    loops = ctypes.CDLL(library)
    loops.bench_open.restype = ctypes.c_void_p
    loops.bench_held.restype = ctypes.c_size_t
    loops.bench_held.argtypes = loops.bench_close.argtypes = [ctypes.c_void_p]
    said = ctypes.create_string_buffer(_SAID_BYTES)
    opened = ctypes.c_void_p(loops.bench_open(str(Path(path)).encode(), side, said, ctypes.c_size_t(_SAID_BYTES)))
    if not opened:
        raise RuntimeError(said.value.decode())
    numbers = np.concatenate(list(axes(side).values()))

    def run(order: Order) -> Block:
        calls = int(order["calls"])
        took, computing = np.empty(calls), np.empty(calls)
        elapsed, processor = ctypes.c_double(), ctypes.c_double()
        pointers = (each.ctypes.data_as(ctypes.c_void_p) for each in (took, computing))
        given = numbers.ctypes.data_as(ctypes.c_void_p), calls, in_flight
        if reason := loops.bench_run(opened, *given, *pointers, ctypes.byref(elapsed), ctypes.byref(processor)):
            raise RuntimeError(f"a call failed for the reason {reason}")
        figures = {
            "processor of the client us": 1e6 * processor.value / calls,
            "call per computing": float(np.median(took / computing)),
            "held KiB": loops.bench_held(opened) / 1024,
        }
        return Block(took.tolist(), elapsed.value, figures)

    try:
        yield run
    finally:
        loops.bench_close(opened)
