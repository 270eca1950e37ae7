"""The memory of a session in the client: mapped read-only, and viewed by arrays that keep their part of it.

Invariants:
* A part is released once, when the last array that views it is gone; the server uses it for another result only then.
* The mapping outlives the session as long as arrays view it. What they hold then is never used again.
"""

from __future__ import annotations

import math
import mmap
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any, ParamSpec

import numpy as np

from gridgrad.arguments.inputs import FloatArray
from gridgrad_core.system import shared_memory
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.parse import broken

__all__ = ["LARGE_BYTES", "LeasedMemory", "without_keeping"]

P = ParamSpec("P")

LARGE_BYTES = 1 << 20
"""Parts of this size are released at once, as are windows; others with the next call."""


class LeasedMemory:
    """The memory of one session.

    Args:
        descriptor: of the sealed memfd; the caller closes it.
        size: in bytes.

    Attributes:
        on_release: called when a part was released that the server should hear of at once, in whatever thread and
            moment that happens.
        is_left: whether nothing is told of what was released any more.

    Raises:
        InternalError: the memory could shrink, and reading it so end the process.
        OSError, ValueError: it can't be mapped.
    """

    def __init__(self, descriptor: int, size: int) -> None:
        if not shared_memory.is_sealed(descriptor):
            raise broken("memory without seals")
        self.size = size
        self.on_release: Callable[[], None] | None = None
        self.is_left = False
        self._map = mmap.mmap(descriptor, size, mmap.MAP_SHARED, mmap.PROT_READ)
        self._viewed: dict[int, tuple[weakref.ref[FloatArray], int, bool]] = {}
        self._given = 0
        self._told = 0
        self._released: deque[int] = deque()  # its methods are atomic: arrays end in any thread, and in the collector

    @property
    def is_viewed(self) -> bool:
        """Whether arrays view it."""
        return self._given > self._told + len(self._released)

    @property
    def has_news(self) -> bool:
        """Whether there is something to tell the server."""
        return bool(self._released) and not self.is_left

    def array(
        self, lease: pb.Lease, shape: tuple[int, ...], dtype: np.dtype[Any], *, is_awaited: bool = False
    ) -> FloatArray:
        """A read-only array of what was leased.

        Args:
            lease: what was leased.
            shape: of the array.
            dtype: of the array.
            is_awaited: whether the server waits for its release.

        Raises:
            InternalError: it does not fit the lease, or the lease not the memory.
        """
        number, offset, size = lease.number, lease.offset, lease.size
        if size != math.prod(shape) * dtype.itemsize or offset + size > self.size:
            self.ignore(lease)
            raise broken(f"a lease of {size} bytes at {offset} for {list(shape)} numbers of {dtype}")
        array: FloatArray = np.ndarray(shape, dtype, self._map, offset)
        # Whatever is made of it keeps it for a base, so that it goes last
        gone = weakref.ref(array, self._gone)
        self._viewed[id(gone)] = gone, number, is_awaited or size >= LARGE_BYTES
        self._given += 1
        return array

    def _gone(self, gone: weakref.ref[FloatArray]) -> None:
        _, number, at_once = self._viewed.pop(id(gone))
        self.release(number, at_once)

    def release(self, number: int, at_once: bool = False) -> None:
        """Notes that nothing views a part any more."""
        self._released.append(number)
        tell = self.on_release
        if at_once and tell:
            tell()

    def ignore(self, lease: pb.Lease) -> None:
        """Notes that nothing will ever view a part."""
        self._given += 1
        self.release(lease.number)

    def leave(self) -> None:
        """Has all that is viewed now stay as it is: other processes view it too."""
        self.is_left = True
        self.on_release = None

    def take_released(self) -> list[int]:
        """The parts to tell the server of, once."""
        if self.is_left:
            return []
        numbers = [self._released.popleft() for _ in range(len(self._released))]
        self._told += len(numbers)
        return numbers


def without_keeping(method: Callable[P, None]) -> Callable[P, None]:
    """The method of an object, which does nothing once that is gone."""
    weak = weakref.WeakMethod(method)

    def call(*arguments: P.args, **named: P.kwargs) -> None:
        bound = weak()
        if bound is not None:
            bound(*arguments, **named)

    return call
