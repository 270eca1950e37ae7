"""Leases: parts of the arena that the caller of a session holds until he releases them, each by its number."""

from __future__ import annotations

from collections.abc import Callable

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.memory.arena import Block

__all__ = ["Leases"]


class Leases:
    """The leases of one session.

    Args:
        most: how many there may be at once.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._on_release: dict[int, Callable[[], None]] = {}
        self._last_number = 0

    @property
    def is_full(self) -> bool:
        """Whether no more may be made now."""
        return len(self._on_release) >= self._most

    def make(self, block: Block, size: int, on_release: Callable[[], None]) -> pb.Lease:
        """Leases so many bytes of a block; `on_release` is called once when the caller releases them."""
        self._last_number += 1
        self._on_release[self._last_number] = on_release
        return pb.Lease(number=self._last_number, offset=block.offset, size=size)

    def release(self, number: int) -> bool:
        """Ends a lease; False if there is none of that number."""
        on_release = self._on_release.pop(number, None)
        if on_release is None:
            return False
        on_release()
        return True
