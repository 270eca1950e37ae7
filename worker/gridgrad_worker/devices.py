"""Devices: where tiles are computed, and how their points get there and their results back.

A device is used from one thread. What `download` returns is overwritten by the next tile.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gridgrad_worker import zero_tangents

__all__ = ["CpuDevice", "CudaDevice", "Device", "is_lost", "is_out_of_memory", "open_device"]

_POINTS_PER_THREAD = 1 << 16  # measured: less is all overhead, more falls out of the caches
_CUDA_TILE_POINTS = 1 << 20
_TILE_NUMBERS = 1 << 21  # results of a tile, however many planes they have
_LEAST_TILE_POINTS = 1 << 10
_OUT_OF_MEMORY = ("can't allocate memory", "CUDA error: out of memory")


class Device(Protocol):
    """Where tiles are computed."""

    name: str
    torch_device: torch.device

    def tile_points(self, planes: int) -> int:
        """How many points to compute at a time when each has this many results."""

    def staging(self, inputs: int, points: int, dtype: torch.dtype) -> Tensor:
        """A buffer [inputs, points] on the host to write a tile's points into, used again and again."""

    def upload(self, staged: Tensor) -> Tensor:
        """Brings a part of the staging buffer to where it is computed on."""

    def download(self, results: Sequence[Tensor]) -> list[NDArray[np.floating]]:
        """The results on the host, complete."""

    def free(self) -> None:
        """Gives cached memory back, after an allocation failed."""


class CpuDevice:
    """The processor.

    Args:
        threads: how many threads torch computes with.
    """

    name = "cpu"
    torch_device = torch.device("cpu")

    def __init__(self, threads: int) -> None:
        torch.set_num_threads(threads)
        self._threads = threads
        self._staging: dict[torch.dtype, Tensor] = {}

    def tile_points(self, planes: int) -> int:
        """How many points to compute at a time when each has this many results."""
        return _within(planes, _POINTS_PER_THREAD * self._threads)

    def staging(self, inputs: int, points: int, dtype: torch.dtype) -> Tensor:
        """A buffer [inputs, points], used again and again so that its pages stay faulted in."""
        return _reused(self._staging, inputs, points, dtype, pinned=False)

    def upload(self, staged: Tensor) -> Tensor:
        """The same numbers: they are where they are needed."""
        return staged

    def download(self, results: Sequence[Tensor]) -> list[NDArray[np.floating]]:
        """The same numbers, seen by numpy."""
        return [result.numpy(force=True) for result in results]  # forced, since a slope may be a ZeroTensor

    def free(self) -> None:
        """Nothing: the processor's allocator keeps no cache of its own."""


class CudaDevice:
    """A GPU, used on a stream of its own with pinned buffers for what goes there and comes back.

    The stream is made the current one of this thread for good: all work and all transfers are queued
    on it in order, constants that plans and functions make included.

    Args:
        index: which GPU.
    """

    def __init__(self, index: int) -> None:
        self.name = f"cuda:{index}"
        self.torch_device = torch.device("cuda", index)
        torch.cuda.set_device(self.torch_device)
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
        self._stream = torch.cuda.Stream(self.torch_device)  # type: ignore[no-untyped-call] # torch has no types there
        torch.cuda.set_stream(self._stream)
        self._staging: dict[torch.dtype, Tensor] = {}
        self._results: dict[torch.dtype, Tensor] = {}

    def tile_points(self, planes: int) -> int:
        """How many points to compute at a time when each has this many results."""
        return _within(planes, _CUDA_TILE_POINTS)

    def staging(self, inputs: int, points: int, dtype: torch.dtype) -> Tensor:
        """A pinned buffer [inputs, points]; free again, since `download` awaits all transfers."""
        return _reused(self._staging, inputs, points, dtype, pinned=True)

    def upload(self, staged: Tensor) -> Tensor:
        """A copy on the GPU, queued."""
        return staged.to(self.torch_device, non_blocking=True)

    def download(self, results: Sequence[Tensor]) -> list[NDArray[np.floating]]:
        """The results in a pinned buffer, once the stream has come to them."""
        points = results[0].shape[0]
        buffer = _reused(self._results, len(results), points, results[0].dtype, pinned=True)
        for row, result in zip(buffer, results, strict=True):
            row.copy_(result, non_blocking=True)
        self._stream.synchronize()
        return list(buffer.numpy())

    def free(self) -> None:
        """Empties torch's cache of device memory."""
        torch.cuda.empty_cache()


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
    return isinstance(error, torch.AcceleratorError) and not is_out_of_memory(error)


def _within(planes: int, points: int) -> int:
    return max(_LEAST_TILE_POINTS, min(points, _TILE_NUMBERS // max(1, planes)))


def _reused(buffers: dict[torch.dtype, Tensor], rows: int, columns: int, dtype: torch.dtype, *, pinned: bool) -> Tensor:
    """The first rows * columns numbers of a buffer that grows to the largest asked for."""
    count = rows * columns
    buffer = buffers.get(dtype)
    if buffer is None or buffer.numel() < count:
        buffer = buffers[dtype] = torch.empty(count, dtype=dtype, pin_memory=pinned)
    return buffer[:count].view(rows, columns)
