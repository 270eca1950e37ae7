"""Both tiers on a GPU, called in this process; a call has ended when the GPU is done."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from benchmarks.adapters import load
from benchmarks.harness.block import Block, Order, Run, in_turn

__all__ = ["copy", "describe", "large", "small", "zeros"]

PLANES = 3
SHIFT = 0.001


def describe(device: int) -> str:
    """The GPU and what runs it; empty where there is none."""
    if not torch.cuda.is_available():
        return ""
    return f"{torch.cuda.get_device_name(device)}, torch {torch.__version__}, CUDA {torch.version.cuda}"


@functools.cache
def _gpu(number: int) -> Any:
    return load("cuda").open_gpu(number)


@functools.cache
def _ready(workload: str, device: int) -> Any:
    return load("cuda").expression(workload, _gpu(device))


def _tile(ready: Any, side: int, shift: float = 0.0) -> Any:
    make: Callable[..., Any] = getattr(ready, "tile", None) or ready.piece  # as 0.1 called it
    return make(side, shift)


def _until_done(call: Callable[[], object]) -> Callable[[], None]:
    def timed() -> None:
        call()
        torch.cuda.synchronize()

    return timed


@contextlib.contextmanager
def large(workload: str, tier: str, side: int, stays: bool, device: int) -> Iterator[Run]:
    """One grid into pinned memory, or left on the GPU.

    Args:
        workload: the name of a file of tests/workloads.
        tier: "compiled" or "direct".
        side: of the grid.
        stays: whether the results stay on the GPU.
        device: which GPU.
    """
    ready, memory = _ready(workload, device), _pinned(PLANES, side, device)
    engine, tile = ready.tiers[tier], _tile(ready, side)
    block = in_turn(_until_done(lambda: engine.compute([tile], [memory])))

    def run(order: Order) -> Block:
        with load("cuda").left_there(_gpu(device)) if stays else contextlib.nullcontext():
            done = block(order)
        return done._replace(figures={"compile s": ready.compile_s})

    yield run


@functools.cache
def _pinned(planes: int, side: int, device: int) -> Any:
    memory = np.zeros((planes, side * side))
    _gpu(device).pin(memory.reshape(-1).view(np.uint8))
    return memory


@contextlib.contextmanager
def zeros(planes: int, side: int, device: int) -> Iterator[Run]:
    """Fills as much memory of the GPU."""
    there = torch.empty((planes, side * side), dtype=torch.float64, device=_gpu(device).torch_device)
    yield in_turn(_until_done(there.zero_))


@contextlib.contextmanager
def copy(planes: int, side: int, device: int) -> Iterator[Run]:
    """Copies as much from the GPU to pinned memory of the host."""
    there = torch.empty((planes, side * side), dtype=torch.float64, device=_gpu(device).torch_device)
    here = torch.from_numpy(_pinned(planes, side, device))
    yield in_turn(_until_done(lambda: here.copy_(there, non_blocking=True)))


@contextlib.contextmanager
def small(workload: str, tier: str, side: int, grids: int, device: int) -> Iterator[Run]:
    """Small grids in one batch, other ones than in the call before, since an engine may keep what it knows of those."""
    ready = _ready(workload, device)
    batches = itertools.cycle([_batch(ready, side, grids, first) for first in (0, grids)])

    def call() -> None:
        tiles, outs = next(batches)
        ready.tiers[tier].compute(tiles, outs)

    yield in_turn(_until_done(call))


def _batch(ready: Any, side: int, grids: int, first: int) -> tuple[list[Any], list[Any]]:
    tiles = [_tile(ready, side, SHIFT * number) for number in range(first, first + grids)]
    return tiles, list(np.zeros((grids, PLANES, side * side)))
