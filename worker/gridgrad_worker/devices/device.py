"""Devices: where tiles are computed, and how their points get there and their results back.

A device is used from one thread. What `download` returns is overwritten by the next tile. A device
with an outbox computes in memory of its own; one without computes in the host's.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gridgrad_worker.devices import driver, zero_tangents
from gridgrad_worker.devices.transfers import Outbox

__all__ = ["Bytes", "CpuDevice", "Device", "Pins", "is_lost", "is_out_of_memory", "open_device", "reused", "within"]

Bytes = NDArray[np.uint8]

_POINTS_PER_THREAD = 1 << 16  # measured: less is all overhead, more falls out of the caches
_TILE_NUMBERS = 1 << 21  # results of a tile, however many planes they have
_LEAST_TILE_POINTS = 1 << 10
_OUT_OF_MEMORY = ("can't allocate memory", "CUDA error: out of memory")


class Pins(Protocol):
    """What copies to memory of the host."""

    def pin(self, memory: Bytes) -> None:
        """Lets copies to this memory run beside the computing, if that can be."""

    def unpin(self, memory: Bytes) -> None:
        """Ends that, before the memory goes."""


class Device(Pins, Protocol):
    """Where tiles are computed."""

    name: str
    torch_device: torch.device

    @property
    def outbox(self) -> Outbox[Any] | None:
        """Brings results to the host; None where they are computed there."""

    def tile_points(self, planes: int) -> int:
        """How many points to compute at a time when each has this many results."""

    def staging(self, inputs: int, points: int, dtype: torch.dtype) -> Tensor:
        """A buffer [inputs, points] on the host to write a tile's points into, used again and again."""

    def upload(self, staged: Tensor) -> Tensor:
        """Brings a part of the staging buffer to where it is computed on."""

    def download(self, results: Sequence[Tensor]) -> list[NDArray[np.floating]]:
        """The results on the host, complete."""

    def write(self, numbers: NDArray[Any], into: Tensor) -> None:
        """Brings numbers of the host to a tensor of the device; they may change from then on."""

    def drain(self) -> None:
        """Waits until all that the outbox was given is on the host."""

    def free(self) -> None:
        """Gives cached memory back, after an allocation failed."""


class CpuDevice:
    """The processor.

    Args:
        threads: how many threads torch computes with.
    """

    name = "cpu"
    torch_device = torch.device("cpu")
    outbox = None

    def __init__(self, threads: int) -> None:
        torch.set_num_threads(threads)
        self._threads = threads
        self._staging: dict[torch.dtype, Tensor] = {}

    def tile_points(self, planes: int) -> int:
        """How many points to compute at a time when each has this many results."""
        return within(planes, _POINTS_PER_THREAD * self._threads)

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


def open_device(name: str, threads: int) -> Device:
    """The device of a worker.

    Args:
        name: "cpu" or "cuda:<index>".
        threads: for work on the processor.
    """
    zero_tangents.install()
    _load_transforms()
    torch.set_float32_matmul_precision("highest")
    if name == "cpu":
        return CpuDevice(threads)
    torch.set_num_threads(threads)
    from gridgrad_worker.devices.cuda import CudaDevice

    return CudaDevice(torch.device(name).index or 0)


def _load_transforms() -> None:
    """Has torch load what it loads at its first derivative, and warns of its own old code by."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.func.jvp(torch.sin, (torch.zeros(()),), (torch.ones(()),))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocation failed, on the host or on the device."""
    # torch raises a plain RuntimeError when the host has no memory, be it pinned or not
    return isinstance(error, MemoryError | torch.cuda.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and any(text in str(error) for text in _OUT_OF_MEMORY)
    )


def is_lost(error: BaseException) -> bool:
    """Whether the device answers nothing any more until the process is started anew."""
    return isinstance(error, torch.AcceleratorError | driver.LostError) and not is_out_of_memory(error)


def within(planes: int, points: int) -> int:
    """So many points, or fewer where each has many results."""
    return max(_LEAST_TILE_POINTS, min(points, _TILE_NUMBERS // max(1, planes)))


def reused(buffers: dict[torch.dtype, Tensor], rows: int, columns: int, dtype: torch.dtype, *, pinned: bool) -> Tensor:
    """The first rows * columns numbers of a buffer that grows to the largest asked for."""
    count = rows * columns
    buffer = buffers.get(dtype)
    if buffer is None or buffer.numel() < count:
        buffer = buffers[dtype] = torch.empty(count, dtype=dtype, pin_memory=pinned)
    return buffer[:count].view(rows, columns)
