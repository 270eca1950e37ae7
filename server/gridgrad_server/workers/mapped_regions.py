"""Which regions of shared memory a worker has mapped, so that each is sent to it once and forgotten in time."""

from __future__ import annotations

from collections.abc import Iterable

from gridgrad_server.memory.arena import Arena
from gridgrad_server.memory.slots import Slot
from gridgrad_server.scheduling.worker_messages import region_field

__all__ = ["MappedRegions"]


class MappedRegions:
    """The regions that one worker has mapped."""

    def __init__(self) -> None:
        self._mapped: set[int] = set()
        self._dropped: list[int] = []

    def introduce(self, regions: Iterable[Slot | Arena]) -> tuple[list[int], list[bytes]]:
        """What to send with a batch that names these regions.

        Returns:
            The descriptors of those that the worker does not have yet, and a field of the batch for each region.
        """
        descriptors, fields = [], []
        for region in regions:
            is_new = region.number not in self._mapped
            if is_new:
                self._mapped.add(region.number)
                descriptors.append(region.descriptor)
            fields.append(region_field(region.number, region.size, is_new, tuple(self._dropped)))
            self._dropped.clear()
        return descriptors, fields

    def drop(self, number: int) -> None:
        """Remembers that a region is no more, so that the worker is told to unmap it."""
        if number in self._mapped:
            self._mapped.remove(number)
            self._dropped.append(number)

    def take_dropped(self) -> list[int]:
        """The regions that the worker was not yet told to unmap; it is to be told now."""
        dropped, self._dropped = self._dropped, []
        return dropped
