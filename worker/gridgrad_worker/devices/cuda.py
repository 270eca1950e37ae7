"""A GPU."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gridgrad_worker.devices import driver
from gridgrad_worker.devices.device import Bytes, points_within, reused
from gridgrad_worker.devices.streams import CudaEvent, CudaStream
from gridgrad_worker.devices.transfers import ResultTransfers

__all__ = ["CudaDevice"]

_log = logging.getLogger(__name__)

_CHUNK_POINTS = 1 << 20


class CudaDevice:
    """A GPU, used on two streams with pinned buffers for what goes there and comes back.

    One stream is made the current one of this thread for good: all work and the copies of inputs are
    queued on it in order, constants that plans and functions make included. The transfers copies results
    to the host on the other.

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
        copies = torch.cuda.Stream(self.torch_device)  # type: ignore[no-untyped-call] # the same
        self.transfers: ResultTransfers[CudaEvent] = ResultTransfers(
            CudaStream(self._stream), CudaStream(copies), self._bytes, _pinned
        )
        self._staging: dict[torch.dtype, Tensor] = {}
        self._results: dict[torch.dtype, Tensor] = {}
        self._pins = True

    def chunk_points(self, planes: int) -> int:
        """How many points to compute at a time when each has this many results."""
        return points_within(planes, _CHUNK_POINTS)

    def staging(self, inputs: int, points: int, dtype: torch.dtype) -> Tensor:
        """A pinned buffer [inputs, points]; free again, since `download` awaits all transfers."""
        return reused(self._staging, inputs, points, dtype, pinned=True)

    def upload(self, staged: Tensor) -> Tensor:
        """A copy on the GPU, queued."""
        return staged.to(self.torch_device, non_blocking=True)

    def download(self, results: Sequence[Tensor]) -> list[NDArray[np.floating]]:
        """The results in a pinned buffer, once the stream has come to them."""
        points = results[0].shape[0]
        buffer = reused(self._results, len(results), points, results[0].dtype, pinned=True)
        for row, result in zip(buffer, results, strict=True):
            row.copy_(result, non_blocking=True)
        self._stream.synchronize()
        return list(buffer.numpy())

    def write(self, numbers: NDArray[Any], into: Tensor) -> None:
        """Queues a copy from pinned memory, which torch gives to nobody else until the copy has ended."""
        staged = torch.empty(numbers.shape, dtype=into.dtype, pin_memory=True)
        staged.numpy()[...] = numbers
        into.copy_(staged, non_blocking=True)

    def drain(self) -> None:
        """Waits until all that the transfers was given is on the host."""
        self.transfers.drain()

    def pin(self, memory: Bytes) -> None:
        """Lets copies to this memory run beside the computing; where that is forbidden, they wait."""
        if not self._pins:
            return
        try:
            driver.pin(memory.ctypes.data, memory.nbytes)
        except (driver.DriverError, MemoryError, OSError) as error:
            self._pins = False
            _log.warning("slots can't be pinned, so results are copied more slowly: %s", error)

    def unpin(self, memory: Bytes) -> None:
        """Ends that, before the memory goes."""
        try:
            driver.unpin(memory.ctypes.data)
        except (driver.DriverError, OSError) as error:
            _log.debug("was not pinned: %s", error)

    def free(self) -> None:
        """Gives the transfers's buffers back, and empties torch's cache of device memory."""
        self.transfers.free()
        torch.cuda.empty_cache()

    def _bytes(self, size: int) -> Tensor:
        return torch.empty(size, dtype=torch.uint8, device=self.torch_device)


def _pinned(size: int) -> Tensor:
    return torch.empty(size, dtype=torch.uint8, pin_memory=True)
