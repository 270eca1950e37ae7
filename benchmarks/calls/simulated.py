"""Functions on a device that is only waited for, and calls of them: what a server adds to workers as there are more."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

import gridgrad
from benchmarks.harness.block import Run, in_turn
from gridgrad_worker import function

__all__ = ["BATCH_GRIDS", "PIECE_COST", "SMALL", "await_workers", "flood", "grid", "waits_for_batch", "waits_for_piece"]

SMALL = 32
"""Side of the grids of a flood."""
BATCH_GRIDS = 16
"""How many of them are to be in a batch."""
PIECE_COST = 1 << 16
"""Points of a piece of a large grid."""
_PIECE_POINT_S = 0.05 / PIECE_COST
_BATCH_POINT_S = 0.002 / (BATCH_GRIDS * SMALL**2)
_START_WITHIN_S = _ANSWER_WITHIN_S = 300.0


class _Wait(torch.autograd.Function):
    """The sum of two numbers, for which a device takes some time at each of all points."""

    @staticmethod
    def forward(x: Tensor, y: Tensor, point_s: float) -> Tensor:
        del point_s
        return x + y

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Nothing is derived."""

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], x: Tensor, y: Tensor, point_s: float) -> tuple[Tensor, int]:
        del in_dims  # one dim each, or none
        time.sleep(info.batch_size * point_s)
        return x + y, 0


@function(check=False)
def waits_for_piece(x: Tensor, y: Tensor) -> Tensor:
    """Takes the processor next to nothing, and 50 ms for a piece."""
    return wait(x, y, _PIECE_POINT_S)


@function(check=False)
def waits_for_batch(x: Tensor, y: Tensor) -> Tensor:
    """Likewise, and 2 ms for a batch of small grids."""
    return wait(x, y, _BATCH_POINT_S)


def wait(x: Tensor, y: Tensor, point_s: float) -> Tensor:
    """The sum, after so long for each point."""
    waited: Tensor = _Wait.apply(x, y, point_s)  # type: ignore[no-untyped-call] # torch's own
    return waited


def await_workers(address: str) -> str:
    """Waits until all workers of a server are ready; tells how many there are."""
    give_up_at = time.monotonic() + _START_WITHIN_S
    with gridgrad.Client(address, sessions=False) as client:
        while not all(worker.ready for worker in client.server_status().workers):
            if time.monotonic() > give_up_at:
                raise TimeoutError(f"the workers of {address} are not ready within {_START_WITHIN_S:g} s")
            time.sleep(0.1)
        return f"{len(client.server_status().workers)} ready"


@contextlib.contextmanager
def grid(address: str, side: int) -> Iterator[Run]:
    """One large grid of values, into memory whose pages are there.

    Args:
        address: of the server.
        side: of the square grid.
    """
    axis = np.linspace(0, 1, side)
    out = np.full((1, side, side), np.nan)
    with gridgrad.Client(address, sessions=False, timeout=_ANSWER_WITHIN_S) as client:
        asked = gridgrad.registered("waits_for_piece")
        yield in_turn(lambda: client.gradient(asked, {"x": axis, "y": axis}, wrt=(), out=out))


@contextlib.contextmanager
def flood(address: str, grids: int) -> Iterator[Run]:
    """`map` over many small grids of values; a call is all of them.

    Args:
        address: of the server.
        grids: how many there are.
    """
    axis = np.linspace(0, 1, SMALL)
    inputs = [{"x": axis + i, "y": axis} for i in range(grids)]
    with gridgrad.Client(address, sessions=False) as client:
        asked = gridgrad.registered("waits_for_batch")
        yield in_turn(lambda: sum(1 for _ in client.map(asked, inputs, wrt=())))
