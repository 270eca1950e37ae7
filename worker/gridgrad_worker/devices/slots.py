"""Slots: regions of memory shared with the server, mapped once and kept until told to forget."""

from __future__ import annotations

import ctypes
import errno
import math
import mmap
import os
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from gridgrad_core.errors import InternalError
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.devices.device import Bytes, Pins

__all__ = ["MappedSlots"]


class MappedSlots:
    """The mapped slots by id.

    A mapping ends when its slot is forgotten and the last array that views it is gone. A slot for which there is no
    memory is mapped when it is next used, since its descriptor comes once.

    Args:
        device: what writes to slots.
    """

    def __init__(self, device: Pins) -> None:
        self._device = device
        self._mappings: dict[int, mmap.mmap] = {}
        self._addresses: dict[int, int] = {}
        self._pinned: dict[int, Bytes] = {}
        self._unmapped: dict[int, tuple[int, int]] = {}  # the descriptor and the size of each

    def __len__(self) -> int:
        return len(self._mappings)

    def admit(self, slots: Sequence[pb.Slot], descriptors: Sequence[int]) -> None:
        """Forgets the slots that the server names, and maps those whose descriptors came.

        Args:
            slots: as the batch lists them.
            descriptors: of those with `descriptor_attached`, in that order; all are closed here.

        Raises:
            InternalError: slots and descriptors do not match, or a region is smaller than said.
        """
        try:
            attached = [slot for slot in slots if slot.descriptor_attached]
            if len(attached) != len(descriptors):
                raise _broken(f"{len(descriptors)} descriptors for {len(attached)} slots")
            for slot in slots:
                self.forget(slot.forget)
            for slot, descriptor in zip(attached, descriptors, strict=True):
                self._map(slot.id, descriptor, slot.size)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _map(self, slot: int, descriptor: int, size: int) -> None:
        try:
            mapping = self._mappings[slot] = mmap.mmap(descriptor, size)
        except (OSError, ValueError) as error:
            if not isinstance(error, OSError) or error.errno != errno.ENOMEM:
                raise _broken(f"slot {slot} of {size} bytes: {error}") from error
            self._unmapped[slot] = os.dup(descriptor), size
        else:
            self._addresses[slot] = ctypes.addressof(ctypes.c_char.from_buffer(mapping))

    def _mapping(self, slot: int) -> mmap.mmap | None:
        """The mapping of a slot; None where it was never sent.

        Raises:
            MemoryError: there is none for it.
        """
        if slot in self._unmapped:
            descriptor, size = self._unmapped.pop(slot)
            try:
                self._map(slot, descriptor, size)
            finally:
                os.close(descriptor)
            if slot in self._unmapped:
                raise MemoryError(f"a worker can't map {size} bytes that hold results and inputs")
        return self._mappings.get(slot)

    def forget(self, slots: Iterable[int]) -> None:
        """Unmaps slots that the server has dropped."""
        for slot in slots:
            if slot in self._pinned:
                self._device.unpin(self._pinned.pop(slot))
            self._mappings.pop(slot, None)
            self._addresses.pop(slot, None)
            if slot in self._unmapped:
                os.close(self._unmapped.pop(slot)[0])

    def pin(self, slot: int) -> None:
        """Lets the device copy to a slot by itself, once and until it is forgotten."""
        mapping = self._mapping(slot)
        if mapping is not None and slot not in self._pinned:
            self._pinned[slot] = memory = np.frombuffer(mapping, np.uint8)
            self._device.pin(memory)

    def address(self, slot: int, offset: int, size: int) -> int:
        """Where so many bytes of a slot lie in the memory of this process, for as long as it is not forgotten.

        Raises:
            InternalError: there is no such slot, or they do not lie in it.
            MemoryError: it can't be mapped now.
        """
        mapping = self._mapping(slot)
        if mapping is None or offset < 0 or offset + size > len(mapping):
            raise _broken(f"{size} bytes at byte {offset} of slot {slot}")
        return self._addresses[slot] + offset

    def array(
        self, slot: int, offset: int, shape: Sequence[int], dtype: str, strides: Sequence[int] | None = None
    ) -> NDArray[np.floating]:
        """Views numbers in a slot.

        Args:
            slot: its id.
            offset: where in it, in bytes.
            shape: of the array; C order.
            dtype: "float32" or "float64".
            strides: of each dim, in bytes; by default the array has no gaps.

        Raises:
            InternalError: there is no such slot, or the array does not lie in it.
            MemoryError: it can't be mapped now.
        """
        mapping = self._mapping(slot)
        if mapping is None:
            raise _broken(f"slot {slot}, which was never sent or is forgotten")
        count = math.prod(shape)
        if count == 0:
            return np.empty(shape, dtype)
        try:
            return np.ndarray(shape, dtype, mapping, offset, strides)
        except (TypeError, ValueError) as error:
            raise _broken(f"{count} numbers at byte {offset} of slot {slot}: {error}") from error


def _broken(found: str) -> InternalError:
    return InternalError("batch.slots", found, "please report it, with the logs of server and worker")
