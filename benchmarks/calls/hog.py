"""A client process that has four calls in flight of what costs a server most, until its input is closed.

    python -m benchmarks.calls.hog ADDRESS worst|honest

"worst" sends the texts of tests/workloads/worst_texts.py one after another, whatever becomes of them; "honest" 200
sines on 20,000 points. It writes a line once it calls, and at its end how many calls ended.
"""

from __future__ import annotations

import contextlib
import itertools
import sys
import threading
import time
from collections.abc import Callable

import numpy as np

import gridgrad
from tests.workloads.worst_texts import WORST

__all__: list[str] = []

IN_FLIGHT = 4
HONEST = " + ".join(f"sin(t*k + {i})" for i in range(200))
HONEST_AXES = {"t": np.linspace(0.0, 1.0, 200), "k": np.linspace(0.0, 1.0, 100)}
TIMEOUT_S = 120.0
GOES_AFTER_S = 1.0


def _call_worst(client: gridgrad.Client, number: int) -> None:
    worst = list(WORST.values())[number % len(WORST)]
    axis = np.linspace(1.0, 2.0, worst.side)
    client.gradient(worst.text, {"t": axis, "k": axis}, derivatives=list(worst.derivatives))


def _call_honest(client: gridgrad.Client, _: int) -> None:
    client.gradient(HONEST, HONEST_AXES)


def _hog(address: str, call: Callable[[gridgrad.Client, int], None]) -> None:
    ended, numbers = threading.Event(), itertools.count()

    def loop() -> None:
        while not ended.is_set():
            with contextlib.suppress(gridgrad.GridgradError):  # refused, or given up when all ends
                call(client, next(numbers))

    with gridgrad.Client(address, timeout=TIMEOUT_S, sessions=False) as client:
        for _ in range(IN_FLIGHT):
            threading.Thread(target=loop, daemon=True).start()
        time.sleep(GOES_AFTER_S)
        print("going", flush=True)
        sys.stdin.read()
        ended.set()
        with contextlib.suppress(BrokenPipeError):  # who asked has stopped listening
            print(next(numbers), flush=True)


if __name__ == "__main__":
    _hog(sys.argv[1], {"worst": _call_worst, "honest": _call_honest}[sys.argv[2]])
