"""Slots: sealed memfd regions that server and workers share, pooled by size.

Invariants:
* A slot is handed out again only when nobody holds it: its worker has answered or is dead.
* Its size never changes; the seals prove it to both sides, so that neither can make the other fault.
"""

from __future__ import annotations

import mmap
import os
from collections import OrderedDict
from collections.abc import Callable

from gridgrad_core.system import shared_memory

__all__ = ["Slot", "SlotPool"]

_LEAST_BYTES = 1 << 16


class Slot:
    """A region of shared memory.

    Attributes:
        number: tells the slots of this server apart.
        descriptor: of the memfd.
        size: in bytes.
        view: the bytes.
    """

    __slots__ = ("_holders", "_map", "_pool", "descriptor", "number", "size", "view")

    def __init__(self, number: int, size: int, pool: SlotPool) -> None:
        self.number = number
        self.size = size
        self.descriptor = shared_memory.create(f"gridgrad-{number}", size)
        try:
            self._map = mmap.mmap(self.descriptor, size)
        except OSError:
            os.close(self.descriptor)
            raise
        self.view = memoryview(self._map)
        self._pool = pool
        self._holders = 0

    def hold(self) -> None:
        """Keeps it from being handed out again until `let_go`."""
        self._holders += 1

    def let_go(self) -> None:
        """Ends one `hold`; after the last one the pool has it back."""
        self._holders -= 1
        if not self._holders:
            self._pool.take_back(self)

    def close(self) -> None:
        """Gives the memory back to the system."""
        self.view.release()
        self._map.close()
        os.close(self.descriptor)


class SlotPool:
    """Hands slots out, and keeps a bounded number of those that are free.

    Args:
        idle_bytes: most bytes of free slots to keep.
    """

    def __init__(self, idle_bytes: int = 64 << 20) -> None:
        self._most_idle_bytes = idle_bytes
        self._idle: OrderedDict[int, list[Slot]] = OrderedDict()  # by size, the size used last at the end
        self._made = 0
        self.idle_bytes = 0
        self.on_dropped: list[Callable[[int], None]] = []

    def take(self, size: int) -> Slot:
        """A slot of at least this many bytes, held once.

        Raises:
            OSError: the system has no memory or no descriptor for it, those of free slots included.
        """
        size = max(_LEAST_BYTES, 1 << (size - 1).bit_length())
        idle = self._idle.get(size)
        if idle:
            self._idle.move_to_end(size)
            self.idle_bytes -= size
            slot = idle.pop()  # the one used last: its pages are warm
        else:
            slot = self._new(size)
        slot.hold()
        return slot

    def _new(self, size: int) -> Slot:
        while True:
            try:
                return Slot(self.new_number(), size, self)
            except OSError:
                if not self.idle_bytes:
                    raise
                self._drop_one()

    def new_number(self) -> int:
        """A number for a region that workers are to know beside those handed out here."""
        self._made += 1
        return self._made

    def dropped(self, number: int) -> None:
        """Tells that a region is no more."""
        for tell in self.on_dropped:
            tell(number)

    def take_back(self, slot: Slot) -> None:
        """Puts a slot among the free ones, dropping those of sizes that were not needed for longest."""
        self._idle.setdefault(slot.size, []).append(slot)
        self._idle.move_to_end(slot.size)
        self.idle_bytes += slot.size
        while self.idle_bytes > self._most_idle_bytes:
            self._drop_one()

    def close(self) -> None:
        """Drops all free slots."""
        while self.idle_bytes:
            self._drop_one()

    def _drop_one(self) -> None:
        size, idle = next(iter(self._idle.items()))
        if not idle:
            del self._idle[size]
            return
        slot = idle.pop(0)
        self.idle_bytes -= size
        slot.close()
        self.dropped(slot.number)
