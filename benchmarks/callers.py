"""A client process with many callers: coroutines that call one server in a loop.

    python -m benchmarks.callers raw|ours ADDRESS CALLERS

For each line on standard input, a number of calls, every caller makes that many; the reply is
a line of JSON: [seconds from the first call to the last answer, [seconds of each call]].
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc.aio
import uvloop

import gridgrad.aio
from benchmarks import raw
from benchmarks.workload import EXPRESSION, answer_bytes, axes, request_bytes

__all__ = ["SIDE"]

SIDE = 32

Call = Callable[[], Awaitable[object]]


async def _raw(address: str, callers: int) -> None:
    async with grpc.aio.insecure_channel(address, raw.OPTIONS) as channel:
        method: Any = channel.unary_unary(raw.UNARY)
        request = raw.request(answer_bytes(SIDE), request_bytes(SIDE))

        async def call() -> object:
            return await method(request)

        await _obey(call, callers)


async def _ours(address: str, callers: int) -> None:
    async with gridgrad.aio.Client(address, sessions=False) as client:
        inputs = axes(SIDE)

        async def call() -> object:
            return await client.gradient(EXPRESSION, inputs)

        await _obey(call, callers)


async def _obey(call: Call, callers: int) -> None:
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        start_at = time.perf_counter()
        latencies = await asyncio.gather(*(_repeat(call, int(line)) for _ in range(callers)))
        elapsed_s = time.perf_counter() - start_at
        print(json.dumps([elapsed_s, [each for caller in latencies for each in caller]]), flush=True)


async def _repeat(call: Call, calls: int) -> list[float]:
    latencies = []
    for _ in range(calls):
        start_at = time.perf_counter()
        await call()
        latencies.append(time.perf_counter() - start_at)
    return latencies


if __name__ == "__main__":
    kind, target, count = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run({"raw": _raw, "ours": _ours}[kind](target, int(count)))
