"""Many grids in one call, and one grid larger than any message."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

import gridgrad
from benchmarks.calls.single import SIDE
from benchmarks.calls.workload import EXPRESSION, axes
from benchmarks.harness.block import Run, in_turn

__all__ = ["large", "many"]


@contextlib.contextmanager
def many(address: str, grids: int, side: int = SIDE) -> Iterator[Run]:
    """`map` over many small grids; a call is all of them.

    Args:
        address: of the server.
        grids: how many there are.
        side: of each.
    """
    inputs = [axes(side) for _ in range(grids)]
    with gridgrad.Client(address) as client:
        yield in_turn(lambda: sum(1 for _ in client.map(EXPRESSION, inputs)))


@contextlib.contextmanager
def large(address: str, side: int, sessions: bool) -> Iterator[Run]:
    """One grid, into memory whose pages are there."""
    out, inputs = np.full((3, side, side), np.nan), axes(side)
    with gridgrad.Client(address, sessions=sessions) as client:
        for _ in range(2):  # the second opens a session
            client.gradient(EXPRESSION, axes(SIDE))
        yield in_turn(lambda: client.gradient(EXPRESSION, inputs, out=out))
