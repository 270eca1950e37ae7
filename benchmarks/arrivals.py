"""A client process that asks for a mix of grids, as they would come from many independent callers.

    python -m benchmarks.arrivals ADDRESS

A line of JSON on standard input, [requests, rate, seed], has it send so many: at random times, `rate` a
second on average, or, with a rate of 0, from 32 callers that each wait for their answer. It answers with
a line of JSON: [seconds in all, [[seconds from when it was due, size of its batch, points of its grid] of each]].
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import uvloop

import gridgrad
import gridgrad.aio

__all__ = ["Asked", "draw"]

CALLERS = 32
LEAST_SIDE, MOST_SIDE = 8, 512
KINDS = 64  # grids that are made beforehand, so that making them takes no time between calls

FUNCTIONS = {
    "t*k + 2*t*k**2": {},
    "(t**2 + k - 11)**2 + (t + k**2 - 7)**2": {},
    "d1 = (log(t/strike) + (r + 0.5*k**2)*T)/(k*sqrt(T)); d2 = d1 - k*sqrt(T); "
    "t*norm_cdf(d1) - strike*exp(-r*T)*norm_cdf(d2)": {"strike": 1.5, "r": 0.03, "T": 0.5},
}


class Asked(NamedTuple):
    """A request of the mix."""

    function: str
    inputs: dict[str, object]


def draw(source: random.Random) -> Asked:
    """One of three functions in one of two dtypes, on a grid whose sides are even on a logarithmic scale."""
    function = source.choice(list(FUNCTIONS))
    dtype = source.choice(["float32", "float64"])
    rows, columns = (round(math.exp(source.uniform(math.log(LEAST_SIDE), math.log(MOST_SIDE)))) for _ in "tk")
    axes = {"t": np.linspace(1, 2, rows, dtype=dtype), "k": np.linspace(0.2, 0.6, columns, dtype=dtype)}
    return Asked(function, {**axes, **FUNCTIONS[function]})


class Seen:
    """What the calls showed."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, int, int]] = []

    async def call(self, client: gridgrad.aio.Client, asked: Asked, due_at: float) -> None:
        """Makes one call."""
        result = await client.gradient(asked.function, asked.inputs)
        self.calls.append((time.perf_counter() - due_at, result.info.batch_size, result.value.size))


async def _at_random(client: gridgrad.aio.Client, mix: Iterator[Asked], rate: float, source: random.Random) -> Seen:
    seen, due_at = Seen(), time.perf_counter()
    async with asyncio.TaskGroup() as calls:
        for asked in mix:
            due_at += source.expovariate(rate)
            await asyncio.sleep(max(0.0, due_at - time.perf_counter()))
            calls.create_task(seen.call(client, asked, due_at))
    return seen


async def _in_turn(client: gridgrad.aio.Client, mix: Iterator[Asked]) -> Seen:
    seen = Seen()

    async def caller() -> None:
        for asked in mix:
            await seen.call(client, asked, time.perf_counter())

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return seen


async def _obey(address: str) -> None:
    kinds = [draw(random.Random(number)) for number in range(KINDS)]  # noqa: S311 - no secret
    loop = asyncio.get_running_loop()
    async with gridgrad.aio.Client(address, sessions=False) as client:
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            requests, rate, seed = json.loads(line)
            source = random.Random(seed)  # noqa: S311 - no secret
            mix = iter(source.choices(kinds, k=requests))
            start_at = time.perf_counter()
            seen = await (_at_random(client, mix, rate, source) if rate else _in_turn(client, mix))
            print(json.dumps([time.perf_counter() - start_at, seen.calls]), flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_obey(sys.argv[1]))
