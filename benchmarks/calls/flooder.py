"""A client process that floods a server: `map` of many small grids, again and again, until its input is closed.

    python -m benchmarks.calls.flooder ADDRESS

It writes a line when the first results have come, and at its end how many came between.
"""

from __future__ import annotations

import itertools
import sys
import threading

import gridgrad
from benchmarks.calls.workload import EXPRESSION, axes

__all__: list[str] = []

SIDE = 32
FIRST = 1000


def _flood(address: str) -> None:
    ended = threading.Event()
    threading.Thread(target=_await_end, args=(ended,), daemon=True).start()
    inputs, taken = axes(SIDE), 0
    with gridgrad.Client(address) as client:
        for _ in client.map(EXPRESSION, itertools.takewhile(lambda _: not ended.is_set(), itertools.repeat(inputs))):
            taken += not ended.is_set()
            if taken == FIRST:
                print("flooding", flush=True)
    print(taken - FIRST, flush=True)


def _await_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


if __name__ == "__main__":
    _flood(sys.argv[1])
