"""The processor as a device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gridgrad_worker.devices.device import Bytes, points_within, reused

__all__ = ["CpuDevice"]

_POINTS_PER_THREAD = 1 << 16
"""Of a chunk. Measured: less is all overhead, more falls out of the caches."""


class CpuDevice:
    """The processor.

    Args:
        threads: how many threads torch computes with.
    """

    name = "cpu"
    torch_device = torch.device("cpu")
    transfers = None

    def __init__(self, threads: int) -> None:
        torch.set_num_threads(threads)
        self._threads = threads
        self._staging: dict[torch.dtype, Tensor] = {}

    def chunk_points(self, planes: int) -> int:
        """How many points to compute at a time when each has this many results."""
        return points_within(planes, _POINTS_PER_THREAD * self._threads)

    def staging(self, inputs: int, points: int, dtype: torch.dtype) -> Tensor:
        """A buffer [inputs, points], used again and again so that its pages stay faulted in."""
        return reused(self._staging, inputs, points, dtype, pinned=False)

    def upload(self, staged: Tensor) -> Tensor:
        """The same numbers: they are where they are needed."""
        return staged

    def download(self, results: Sequence[Tensor]) -> list[NDArray[np.floating]]:
        """The same numbers, seen by numpy."""
        return [result.numpy(force=True) for result in results]  # forced, since a slope may be a ZeroTensor

    def write(self, numbers: NDArray[Any], into: Tensor) -> None:
        """Copies the numbers."""
        into.copy_(torch.from_numpy(numbers))

    def drain(self) -> None:
        """Nothing: results are where they go."""

    def pin(self, memory: Bytes) -> None:
        """Nothing: there are no copies."""

    def unpin(self, memory: Bytes) -> None:
        """Nothing."""

    def free(self) -> None:
        """Nothing: the processor's allocator keeps no cache of its own."""
