"""What a device is: where points are computed, a chunk at a time, and how they get there and their results back.

A device is used from one thread. What `download` returns is overwritten by the next chunk. A device
with transfers computes in memory of its own; one without computes in the host's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gridgrad_worker.devices import driver
from gridgrad_worker.devices.transfers import ResultTransfers

__all__ = ["Bytes", "Device", "Pins", "is_lost", "is_out_of_memory", "points_within", "reused"]

Bytes = NDArray[np.uint8]

_CHUNK_NUMBERS = 1 << 21  # results of a chunk, however many planes they have
_LEAST_CHUNK_POINTS = 1 << 10
_OUT_OF_MEMORY = ("can't allocate memory", "CUDA error: out of memory")


class Pins(Protocol):
    """What copies to memory of the host."""

    def pin(self, memory: Bytes) -> None:
        """Lets copies to this memory run beside the computing, if that can be."""

    def unpin(self, memory: Bytes) -> None:
        """Ends that, before the memory goes."""


class Device(Pins, Protocol):
    """Where chunks are computed."""

    name: str
    torch_device: torch.device

    @property
    def transfers(self) -> ResultTransfers[Any] | None:
        """Brings results to the host; None where they are computed there."""

    def chunk_points(self, planes: int) -> int:
        """How many points to compute at a time when each has this many results."""

    def staging(self, inputs: int, points: int, dtype: torch.dtype) -> Tensor:
        """A buffer [inputs, points] on the host to write a chunk's points into, used again and again."""

    def upload(self, staged: Tensor) -> Tensor:
        """Brings a part of the staging buffer to where it is computed on."""

    def download(self, results: Sequence[Tensor]) -> list[NDArray[np.floating]]:
        """The results on the host, complete."""

    def write(self, numbers: NDArray[Any], into: Tensor) -> None:
        """Brings numbers of the host to a tensor of the device; they may change from then on."""

    def drain(self) -> None:
        """Waits until all that the transfers was given is on the host."""

    def free(self) -> None:
        """Gives cached memory back, after an allocation failed."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocation failed, on the host or on the device."""
    # torch raises a plain RuntimeError when the host has no memory, be it pinned or not
    return isinstance(error, MemoryError | torch.cuda.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and any(text in str(error) for text in _OUT_OF_MEMORY)
    )


def is_lost(error: BaseException) -> bool:
    """Whether the device answers nothing any more until the process is started anew."""
    return isinstance(error, torch.AcceleratorError | driver.LostError) and not is_out_of_memory(error)


def points_within(planes: int, points: int) -> int:
    """So many points, or fewer where each has many results."""
    return max(_LEAST_CHUNK_POINTS, min(points, _CHUNK_NUMBERS // max(1, planes)))


def reused(buffers: dict[torch.dtype, Tensor], rows: int, columns: int, dtype: torch.dtype, *, pinned: bool) -> Tensor:
    """The first rows * columns numbers of a buffer that grows to the largest asked for."""
    count = rows * columns
    buffer = buffers.get(dtype)
    if buffer is None or buffer.numel() < count:
        buffer = buffers[dtype] = torch.empty(count, dtype=dtype, pin_memory=pinned)
    return buffer[:count].view(rows, columns)
