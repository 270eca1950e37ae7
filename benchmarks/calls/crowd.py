"""Many callers in one process: coroutines that call a server in a loop."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

import uvloop

import gridgrad.aio
from benchmarks.calls.workload import EXPRESSION, axes
from benchmarks.harness.block import Block, Order, Run

__all__ = ["Call", "crowd_of", "ours"]

Call: TypeAlias = Callable[[], Awaitable[object]]


@contextlib.contextmanager
def ours(address: str, callers: int, side: int, sessions: bool = False) -> Iterator[Run]:
    """Callers of small grids.

    Args:
        address: of the server.
        callers: how many there are.
        side: of the square grids.
        sessions: whether they go by sessions, which their second calls open.
    """

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[Call]:
        async with gridgrad.aio.Client(address, sessions=sessions) as client:
            inputs = axes(side)
            yield lambda: client.gradient(EXPRESSION, inputs)

    with crowd_of(opened, callers) as run:
        yield run


@contextlib.contextmanager
def crowd_of(opened: Callable[[], AbstractAsyncContextManager[Call]], callers: int) -> Iterator[Run]:
    """Callers that make the same call at once; a block's `calls` are those of each caller.

    Args:
        opened: enters what gives the call.
        callers: how many there are.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        context = opened()
        call = runner.run(_enter(context))
        try:
            yield lambda order: runner.run(_block(call, callers, order))
        finally:
            runner.run(_leave(context))


async def _enter(context: AbstractAsyncContextManager[Call]) -> Call:
    return await context.__aenter__()


async def _leave(context: AbstractAsyncContextManager[Call]) -> None:
    await context.__aexit__(None, None, None)


async def _block(call: Call, callers: int, order: Order) -> Block:
    start_at = time.perf_counter()
    latencies = await asyncio.gather(*(_repeat(call, order["calls"]) for _ in range(callers)))
    return Block([each for caller in latencies for each in caller], time.perf_counter() - start_at)


async def _repeat(call: Call, calls: int) -> list[float]:
    latencies = []
    for _ in range(calls):
        start_at = time.perf_counter()
        await call()
        latencies.append(time.perf_counter() - start_at)
    return latencies
