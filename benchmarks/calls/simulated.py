"""Functions on a device that is only waited for, and calls of them: what a server adds to workers as there are more."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import numpy as np
from torch import Tensor

import gridgrad
from benchmarks.harness.block import Run, in_turn
from gridgrad_worker import function

__all__ = ["BATCH_S", "PIECE_S", "flood", "grid", "waits_for_batch", "waits_for_piece"]

PIECE_S = 0.05
BATCH_S = 0.002


@function(check=False)
def waits_for_piece(x: Tensor, y: Tensor) -> Tensor:
    """What a device takes some time for, and the processor none."""
    time.sleep(PIECE_S)
    return x + y


@function(check=False)
def waits_for_batch(x: Tensor, y: Tensor) -> Tensor:
    """The same for batches of small grids."""
    time.sleep(BATCH_S)
    return x + y


@contextlib.contextmanager
def grid(address: str, side: int) -> Iterator[Run]:
    """One large grid of values, into memory whose pages are there."""
    axis = np.linspace(0, 1, side)
    out = np.full((1, side, side), np.nan)
    with gridgrad.Client(address, sessions=False) as client:
        asked = gridgrad.registered("waits_for_piece")
        yield in_turn(lambda: client.gradient(asked, {"x": axis, "y": axis}, wrt=(), out=out))


@contextlib.contextmanager
def flood(address: str, grids: int, side: int) -> Iterator[Run]:
    """`map` over many small grids of values; a call is all of them."""
    axis = np.linspace(0, 1, side)
    inputs = [{"x": axis + i, "y": axis} for i in range(grids)]
    with gridgrad.Client(address, sessions=False) as client:
        asked = gridgrad.registered("waits_for_batch")
        yield in_turn(lambda: sum(1 for _ in client.map(asked, inputs, wrt=())))
