"""Inner loops: one caller, or several tasks of one, who ask for the same again and again with other numbers.

In a build without bound calls the same is asked for by `gradient`, which is what an inner loop does there.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator

import gridgrad
import gridgrad.aio
from benchmarks.calls.crowd import Call, crowd_of
from benchmarks.calls.single import SIDE
from benchmarks.calls.workload import EXPRESSION, axes
from benchmarks.harness.block import Run, in_turn

__all__ = ["bound", "many_bound", "several"]


@contextlib.contextmanager
def bound(address: str, sessions: bool = True, side: int = SIDE) -> Iterator[Run]:
    """One caller whose axes change from call to call.

    Args:
        address: of the server.
        sessions: whether it goes by a session.
        side: of the square grids.
    """
    inputs = axes(side)
    with gridgrad.Client(address, sessions=sessions) as client:
        if not hasattr(client, "bind"):
            yield in_turn(lambda: client.gradient(EXPRESSION, inputs))
            return
        problem = client.bind(EXPRESSION, inputs, varying=inputs)
        yield in_turn(lambda: problem(inputs))


@contextlib.contextmanager
def several(address: str, callers: int, side: int = SIDE) -> Iterator[Run]:
    """Tasks that call at once in a session; a block's `calls` are those of each.

    Args:
        address: of the server.
        callers: how many there are.
        side: of the square grids.
    """
    inputs = axes(side)

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[Call]:
        async with gridgrad.aio.Client(address) as client:
            await client.gradient(EXPRESSION, inputs)
            if not hasattr(client, "bind"):
                yield lambda: client.gradient(EXPRESSION, inputs)
                return
            problem = await client.bind(EXPRESSION, inputs, varying=inputs)
            yield lambda: problem(inputs)

    with crowd_of(opened, callers) as run:
        yield run


@contextlib.contextmanager
def many_bound(address: str, grids: int, side: int = SIDE) -> Iterator[Run]:
    """Many calls, several in flight; a call of the block is all of them.

    Args:
        address: of the server.
        grids: how many there are.
        side: of the square grids.
    """
    inputs = [axes(side) for _ in range(grids)]
    with gridgrad.Client(address) as client:
        if not hasattr(client, "bind"):
            yield in_turn(lambda: sum(1 for _ in client.map(EXPRESSION, inputs)))
            return
        problem = client.bind(EXPRESSION, inputs[0], varying=inputs[0])
        yield in_turn(lambda: sum(1 for _ in problem.many(inputs)))
