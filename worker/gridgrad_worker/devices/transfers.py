"""Brings results to the host, a chunk at a time, each while the next one is computed.

Invariants:
* A chunk is computed into a buffer only after the copy out of it has ended.
* A copy begins only after what was queued for computing before it has ended.
* Staged results are brought to their places before anything else is copied to where they are staged.
* After `drain` nothing is queued, and all results are in their places.

There are two buffers: a third would wait for the same copies. Large parts are copied straight to their
places; what is cut small is staged as a whole and brought to its places by the host, since to queue a
copy takes as long as to copy some ten thousand bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Generic

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gridgrad_worker.devices.streams import DeviceStream, M

__all__ = ["Part", "ResultTransfers"]

Array = NDArray[np.floating]

Part = tuple[tuple[int | slice, ...], Array]
"""Which part of a buffer goes where: [planes, ...] of both, or [numbers]."""

_STRAIGHT_BYTES = 1 << 16
"""Of a plane: smaller ones are staged."""


class _Buffer(Generic[M]):
    """Memory for a chunk on the device, and on the host if its results are staged."""

    def __init__(self) -> None:
        self.memory: Tensor | None = None
        self.staged: Tensor | None = None
        self.copied: M | None = None
        self.arriving: list[tuple[Array, Array]] = []


class ResultTransfers(Generic[M]):
    """Two buffers that take turns.

    Args:
        computing: the stream that fills them.
        copying: the stream that empties them.
        on_device: makes so many bytes of memory on the device.
        on_host: makes so many bytes of memory on the host that `copying` can copy to by itself.
    """

    def __init__(
        self,
        computing: DeviceStream[M],
        copying: DeviceStream[M],
        on_device: Callable[[int], Tensor],
        on_host: Callable[[int], Tensor],
    ) -> None:
        self._computing, self._copying = computing, copying
        self._on_device, self._on_host = on_device, on_host
        self._buffers: tuple[_Buffer[M], _Buffer[M]] = (_Buffer(), _Buffer())
        self._last = 0

    def buffer(self, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
        """Memory to compute a chunk into, whatever is in it.

        Args:
            shape: [planes, ...].
            dtype: of the results.
        """
        self._last = 1 - self._last
        buffer = self._buffers[self._last]
        self._make_free(buffer)
        buffer.memory = _grown(buffer.memory, math.prod(shape) * dtype.itemsize, self._on_device)
        return _seen_as(buffer.memory, shape, dtype)

    def send(self, chunk: Tensor, parts: Sequence[Part]) -> None:
        """Queues the results of a chunk for their places.

        Args:
            chunk: what `buffer` has returned last, with all that is to be computed into it queued.
            parts: of it.
        """
        buffer = self._buffers[self._last]
        self._copying.wait_event(self._computing.record_event())
        if all(_goes_straight(chunk[index], out) for index, out in parts):
            for index, out in parts:
                self._copy(chunk[index], torch.from_numpy(out))
        else:
            buffer.staged = _grown(buffer.staged, chunk.nbytes, self._on_host)
            staged = _seen_as(buffer.staged, chunk.shape, chunk.dtype)
            self._copying.copy(chunk, staged)
            numbers = staged.numpy()
            buffer.arriving = [(numbers[index], out) for index, out in parts]
        buffer.copied = self._copying.record_event()

    def drain(self) -> None:
        """Waits until all results are in their places."""
        for buffer in self._buffers:
            self._await(buffer)

    def free(self) -> None:
        """Gives the memory back, when nothing is queued any more."""
        self.drain()
        self._buffers = (_Buffer(), _Buffer())

    def _make_free(self, buffer: _Buffer[M]) -> None:
        if buffer.arriving:
            self._await(buffer)
        elif buffer.copied is not None:
            self._computing.wait_event(buffer.copied)

    def _await(self, buffer: _Buffer[M]) -> None:
        if buffer.copied is not None:
            buffer.copied.synchronize()
        for numbers, out in buffer.arriving:
            out[...] = numbers
        buffer.copied, buffer.arriving = None, []

    def _copy(self, source: Tensor, to: Tensor) -> None:
        if source.is_contiguous() and to.is_contiguous():
            self._copying.copy(source, to)
            return
        for plane, place in zip(source, to, strict=True):
            self._copying.copy(plane, place)


def _goes_straight(source: Tensor, out: Array) -> bool:
    if not (source.is_contiguous() and out.flags.c_contiguous):
        if out.ndim == 1:
            return False
        source, out = source[0], out[0]
    return bool(out.nbytes >= _STRAIGHT_BYTES and out.flags.c_contiguous and source.is_contiguous())


def _grown(memory: Tensor | None, size: int, make: Callable[[int], Tensor]) -> Tensor:
    return make(size) if memory is None or memory.nbytes < size else memory


def _seen_as(memory: Tensor, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    return memory[: math.prod(shape) * dtype.itemsize].view(dtype).view(tuple(shape))
