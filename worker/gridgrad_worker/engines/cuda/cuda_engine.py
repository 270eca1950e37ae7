"""The compiled tier on a GPU: computes pieces of any shapes by one launch of each kernel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from gridgrad_core.errors import TooLargeError
from gridgrad_worker.devices.device import Device, is_out_of_memory
from gridgrad_worker.engines.cuda.batch import Batch, Packer, Window, grouped, parts_of
from gridgrad_worker.engines.cuda.source import Source
from gridgrad_worker.engines.functional.functional_engine import Array
from gridgrad_worker.engines.structured.planning.plan import Plan
from gridgrad_worker.engines.tiles import Piece

__all__ = ["CudaEngine", "Run"]

_TILE_NUMBERS = 1 << 22
"""Of results: while one tile of them is copied to the host, the next is computed."""

_LEAST_TILE_POINTS = 1 << 8


class Run(Protocol):
    """Queues kernels where the device computes."""

    def __call__(self, kernel: int, blocks: int, tensors: Sequence[Tensor], jobs: int) -> None:
        """Queues a kernel.

        Args:
            kernel: its place among those of the source.
            blocks: how many.
            tensors: where the jobs, the entries, the inputs, the levels and the results begin.
            jobs: how many there are.
        """


class CudaEngine:
    """Computes an expression and its partials over pieces.

    Each number is computed from its point alone, by the same instructions wherever it stands: so an answer is
    the same in any company and in any pieces.

    Args:
        plan: what to compute.
        source: its kernels.
        run: runs them.
        inputs: how many inputs pieces have.
        dtype: computed in.
        device: computed on; has an outbox.
    """

    def __init__(self, plan: Plan, source: Source, run: Run, inputs: int, dtype: torch.dtype, device: Device) -> None:
        assert device.outbox is not None, "kernels run on a device"  # noqa: S101 - narrows the type
        self._packer = Packer(plan, source, inputs, np.dtype(str(dtype).removeprefix("torch.")))
        self._run = run
        self._dtype = dtype
        self._device = device
        self._outbox = device.outbox
        self._tile_points = max(_LEAST_TILE_POINTS, _TILE_NUMBERS // len(plan.outputs))

    def compute(self, pieces: Sequence[Piece], outs: Sequence[Array]) -> None:
        """Computes pieces together.

        Args:
            pieces: what to compute.
            outs: for each of them, where its results go: [planes, points], of the computing dtype.

        Raises:
            TooLargeError: not even a small tile fits into the memory.
        """
        # Values beyond float32 become inf there, as IEEE has it
        with torch.no_grad(), np.errstate(over="ignore", invalid="ignore"):
            try:
                self._compute([Window(*piece, out) for piece, out in zip(pieces, outs, strict=True)])
            finally:
                self._device.drain()

    def _compute(self, windows: Sequence[Window]) -> None:
        points = self._tile_points
        parts = (part for window in windows for part in parts_of(window, points))
        for group in grouped(parts, points):
            failure = self._tried(group)
            if failure is not None:
                self._halve(sum(window.box.points for window in group), failure)
                self._compute(group)

    def _tried(self, group: Sequence[Window]) -> str | None:
        """Queues a group; says so when there was no memory for it."""
        try:
            self._queue(self._packer.pack(group))
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            return str(error)  # without the traceback, which would hold on to what was allocated
        return None

    def _halve(self, points: int, failure: str) -> None:
        self._device.free()
        if points <= _LEAST_TILE_POINTS:
            found = f"there is no memory for {points} points: {failure}"
            raise TooLargeError("inputs", found, "ask for a smaller grid or fewer derivatives at a time")
        self._tile_points = max(_LEAST_TILE_POINTS, points // 2)

    def _queue(self, batch: Batch) -> None:
        data = torch.empty(len(batch.data), dtype=torch.uint8, device=self._device.torch_device)
        levels = torch.empty(batch.levels, dtype=self._dtype, device=self._device.torch_device)
        results = self._outbox.buffer((batch.numbers,), self._dtype)
        self._device.write(batch.data, data)
        entries, inputs = data[batch.entries :], data[batch.inputs :]
        for kernel, (place, jobs, blocks) in enumerate(batch.jobs):
            self._run(kernel, blocks, (data[place:], entries, inputs, levels, results), jobs)
        self._outbox.send(results, batch.parts)
