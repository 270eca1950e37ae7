"""A mix of grids, as they would come from many independent callers."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import uvloop

import gridgrad
import gridgrad.aio
from benchmarks.harness.block import Block, Order, Run, percentile

__all__ = ["Asked", "capacity", "draw", "mix"]

CALLERS = 32
LEAST_SIDE, MOST_SIDE = 8, 512
SMALL_POINTS = 64 * 64
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

    def figures(self) -> dict[str, float]:
        """The mean size of a batch, each of whose grids tells the size of the whole; and small grids by themselves."""
        small = [1e3 * seconds for seconds, _, points in self.calls if points <= SMALL_POINTS]
        return {
            "batch size": len(self.calls) / sum(1 / size for _, size, _ in self.calls),
            "small p50 ms": percentile(small, 0.5),
            "small p99 ms": percentile(small, 0.99),
        }


@contextlib.contextmanager
def mix(address: str) -> Iterator[Run]:
    """Grids at random times, or, at a rate of 0, from 32 callers who wait for their answers.

    A block's "requests" and "rate" say how many, and how many a second on average; its round seeds the random numbers.
    A latency counts from when a call was due.
    """
    kinds = [draw(random.Random(number)) for number in range(KINDS)]  # noqa: S311 - no secret
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        client = gridgrad.aio.Client(address, sessions=False)
        try:
            yield lambda order: runner.run(_block(client, kinds, order))
        finally:
            runner.run(client.close())


def capacity(address: str) -> float:
    """How many calls a second 32 callers get at most, once every kind was seen."""
    with mix(address) as block:
        block({"requests": 300, "rate": 0.0, "round": 0})
        blocks = [block({"requests": 500, "rate": 0.0, "round": number}) for number in range(3)]
    return max(len(each.latencies) / each.elapsed_s for each in blocks)


async def _block(client: gridgrad.aio.Client, kinds: list[Asked], order: Order) -> Block:
    source = random.Random(order["round"])  # noqa: S311 - no secret
    grids = iter(source.choices(kinds, k=order["requests"]))
    start_at = time.perf_counter()
    seen = await (_at_random(client, grids, order["rate"], source) if order["rate"] else _in_turn(client, grids))
    elapsed_s = time.perf_counter() - start_at
    return Block([seconds for seconds, *_ in seen.calls], elapsed_s, seen.figures())


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
