"""Admission: permits in requests and in bytes, taken at the edge and held until the RPC has ended.

The limits bound what the server holds in memory. A unary call that finds no permit is refused at
once. A stream waits instead and reads no further, and may take at most three quarters of the
permits, so that streams never make the server look busy to everyone else.
"""

from __future__ import annotations

import asyncio
from collections import deque

from gridgrad_core.errors import BusyError, TooLargeError

__all__ = ["Admission", "Permit"]


class Permit:
    """The right to hold one request and some bytes. Giving it back twice does nothing."""

    __slots__ = ("_admission", "held_bytes")

    def __init__(self, admission: Admission, held_bytes: int) -> None:
        self._admission: Admission | None = admission
        self.held_bytes = held_bytes

    def grow(self, held_bytes: int) -> None:
        """Takes the bytes of the result too.

        Raises:
            BusyError: they are not free now.
            TooLargeError: they never will be.
        """
        if self._admission:
            self._admission.reserve(held_bytes)
            self.held_bytes += held_bytes

    def give_back(self) -> None:
        """Returns the permit."""
        if self._admission:
            self._admission.give_back(self.held_bytes)
            self._admission = None


class Admission:
    """Counts the requests and the bytes that are held.

    Args:
        most_requests: at once.
        most_bytes: at once.

    Attributes:
        requests: how many are held.
        held_bytes: how many.
    """

    def __init__(self, most_requests: int, most_bytes: int) -> None:
        self._most_requests = most_requests
        self._most_bytes = most_bytes
        self._waiting: deque[asyncio.Future[None]] = deque()
        self.requests = 0
        self.held_bytes = 0

    def take(self, held_bytes: int) -> Permit:
        """Takes a permit for a request of that many bytes.

        Raises:
            BusyError: the server is full.
            TooLargeError: it could never hold that many bytes.
        """
        if self.requests >= self._most_requests:
            raise BusyError(
                "", f"the server holds {self.requests} requests, its limit", "retry later, or raise --queue-entries"
            )
        self.reserve(held_bytes)
        self.requests += 1
        return Permit(self, held_bytes)

    def reserve(self, held_bytes: int) -> None:
        """Counts bytes as held; see `take`."""
        if held_bytes > self._most_bytes:
            raise TooLargeError(
                "", f"{held_bytes} bytes of request and result", f"this server holds {self._most_bytes}: send less"
            )
        if self.held_bytes + held_bytes > self._most_bytes:
            raise BusyError(
                "", f"the server holds {self.held_bytes} bytes of requests", "retry later, or raise --queue-bytes"
            )
        self.held_bytes += held_bytes

    def give_back(self, held_bytes: int) -> None:
        """Counts one request and its bytes as gone."""
        self.requests -= 1
        self.held_bytes -= held_bytes
        self._wake_one()

    async def room(self, held_bytes: int) -> None:
        """Waits until a stream may take a permit for that many bytes; until then it reads no further."""
        while not self._has_room_for_streams(held_bytes):
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    self._wake_one()  # it was this one's turn: pass it on
                raise
        self._wake_one()  # there may be room for more than one

    def _wake_one(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def _has_room_for_streams(self, held_bytes: int) -> bool:
        if self.requests >= max(1, self._most_requests * 3 // 4):
            return False
        return self.requests == 0 or self.held_bytes + held_bytes <= self._most_bytes * 3 // 4
