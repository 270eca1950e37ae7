"""The compiled tier on a GPU: computes tiles of any shapes by one launch of each kernel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from gridgrad_core.errors import TooLargeError
from gridgrad_worker.devices.device import Device, is_out_of_memory
from gridgrad_worker.engines.cuda.batch import PackedTiles, PlacedTile, TilePacker, grouped, parts_of
from gridgrad_worker.engines.cuda.source import Source
from gridgrad_worker.engines.functional.functional_engine import Array
from gridgrad_worker.engines.structured.planning.plan import ExecutionPlan
from gridgrad_worker.engines.tiles import Tile

__all__ = ["CudaEngine", "KernelRunner"]

_CHUNK_NUMBERS = 1 << 22
"""Of results: while one chunk of them is copied to the host, the next is computed."""

_LEAST_CHUNK_POINTS = 1 << 8


class KernelRunner(Protocol):
    """Queues kernels where the device computes."""

    def __call__(self, kernel: int, blocks: int, tensors: Sequence[Tensor], spans: int) -> None:
        """Queues a kernel.

        Args:
            kernel: its place among those of the source.
            blocks: how many.
            tensors: where the spans, the tiles, the inputs, the levels and the results begin.
            spans: how many there are.
        """


class CudaEngine:
    """Computes an expression and its partials over tiles.

    Each number is computed from its point alone, by the same instructions wherever it stands: so an answer is
    the same in any company and in any tiles.

    Args:
        plan: what to compute.
        source: its kernels.
        run: runs them.
        inputs: how many inputs tiles have.
        dtype: computed in.
        device: computed on; has an outbox.
    """

    def __init__(
        self, plan: ExecutionPlan, source: Source, run: KernelRunner, inputs: int, dtype: torch.dtype, device: Device
    ) -> None:
        assert device.transfers is not None, "kernels run on a device"  # noqa: S101 - narrows the type
        self._packer = TilePacker(plan, source, inputs, np.dtype(str(dtype).removeprefix("torch.")))
        self._run = run
        self._dtype = dtype
        self._device = device
        self._transfers = device.transfers
        self._chunk_points = max(_LEAST_CHUNK_POINTS, _CHUNK_NUMBERS // len(plan.outputs))

    def compute(self, tiles: Sequence[Tile], outs: Sequence[Array]) -> None:
        """Computes tiles together.

        Args:
            tiles: what to compute.
            outs: for each of them, where its results go: [planes, points], of the computing dtype.

        Raises:
            TooLargeError: not even a small chunk fits into the memory.
        """
        # Values beyond float32 become inf there, as IEEE has it
        with torch.no_grad(), np.errstate(over="ignore", invalid="ignore"):
            try:
                self._compute([PlacedTile(*tile, out) for tile, out in zip(tiles, outs, strict=True)])
            finally:
                self._device.drain()

    def _compute(self, tiles: Sequence[PlacedTile]) -> None:
        points = self._chunk_points
        parts = (part for tile in tiles for part in parts_of(tile, points))
        for group in grouped(parts, points):
            failure = self._tried(group)
            if failure is not None:
                self._halve(sum(tile.subgrid.points for tile in group), failure)
                self._compute(group)

    def _tried(self, group: Sequence[PlacedTile]) -> str | None:
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
        if points <= _LEAST_CHUNK_POINTS:
            found = f"there is no memory for {points} points: {failure}"
            raise TooLargeError("inputs", found, "ask for a smaller grid or fewer derivatives at a time")
        self._chunk_points = max(_LEAST_CHUNK_POINTS, points // 2)

    def _queue(self, packed: PackedTiles) -> None:
        data = torch.empty(len(packed.data), dtype=torch.uint8, device=self._device.torch_device)
        levels = torch.empty(packed.levels, dtype=self._dtype, device=self._device.torch_device)
        results = self._transfers.buffer((packed.numbers,), self._dtype)
        self._device.write(packed.data, data)
        table, inputs = data[packed.tiles :], data[packed.inputs :]
        for kernel, (place, spans, blocks) in enumerate(packed.spans):
            self._run(kernel, blocks, (data[place:], table, inputs, levels, results), spans)
        self._transfers.send(results, packed.parts)
