"""Admission: permits in requests and in bytes, taken at the edge and held until the RPC has ended.

The limits bound what the server holds in memory. A unary call that finds no permit is refused at
once. A stream waits instead and reads no further, and may take at most three quarters of the
permits, so that streams never make the server look busy to everyone else.

Nobody can take all of it: a caller that holds some may take more only while as much as it would then hold is left
free for others. So one caller gets half at most, two get a third each, and who holds nothing finds a place however
much the others want. It is the dynamic threshold of Choudhury and Hahne, "Dynamic queue length thresholds for
shared-memory packet switches", IEEE/ACM Transactions on Networking 6 (1998), with a factor of 1.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from gridgrad_core.errors import BusyError, TooLargeError
from gridgrad_server.access.quotas import Account, Quotas, share_of

__all__ = ["Admission", "Permit"]


class Permit:
    """The right of a caller to hold one request and some bytes. Giving it back twice does nothing."""

    __slots__ = ("_account", "_admission", "_share", "held_bytes")

    def __init__(self, admission: Admission, share: str, held_bytes: int, account: Account | None) -> None:
        self._admission: Admission | None = admission
        self._share = share
        self._account = account
        self.held_bytes = held_bytes

    def grow(self, held_bytes: int) -> None:
        """Takes the bytes of the result too.

        Raises:
            BusyError: they are not free now.
            TooLargeError: they never will be.
        """
        if self._admission:
            if self._account:
                self._account.check_room(0, held_bytes)
            self._admission.reserve(held_bytes, self._share)
            self.held_bytes += held_bytes
            if self._account:
                self._account.held_bytes += held_bytes

    def give_back(self) -> None:
        """Returns the permit."""
        if self._admission:
            if self._account:
                self._account.hold(-1, -self.held_bytes)
            self._admission.give_back(self.held_bytes, self._share)
            self._admission = None


class _Waiting(NamedTuple):
    """A stream that waits for room."""

    caller: str
    held_bytes: int
    found: asyncio.Future[None]


class _Held:
    """What a caller holds."""

    __slots__ = ("held_bytes", "requests")

    def __init__(self) -> None:
        self.requests = self.held_bytes = 0


_NOTHING = _Held()


class Admission:
    """Counts the requests and the bytes that are held.

    Args:
        most_requests: at once.
        most_bytes: at once.
        what: they are, as refusals name them.
        remedy: where there is no place for one more.
        quotas: what one principal or host may take of it; None where that is not bounded.

    Attributes:
        requests: how many are held.
        held_bytes: how many.
    """

    def __init__(
        self,
        most_requests: int,
        most_bytes: int,
        what: str = "requests",
        remedy: str = "retry later, or raise --queue-entries",
        quotas: Quotas | None = None,
    ) -> None:
        self._most_requests = most_requests
        self._most_bytes = most_bytes
        self._what, self._remedy = what, remedy
        self._quotas = quotas or None
        self._waiting: list[_Waiting] = []
        self._held: dict[str, _Held] = {}
        self.requests = 0
        self.held_bytes = 0

    def take(self, held_bytes: int, caller: str) -> Permit:
        """Takes a permit for a request of that many bytes.

        Raises:
            BusyError: the server is full, or the caller holds as much as is left for others.
            TooLargeError: it could never hold that many bytes.
        """
        share, account = share_of(caller), self._quotas.account(caller) if self._quotas else None
        held = self._held.get(share, _NOTHING)
        if not self._has_place(held):
            raise BusyError("", self._found(held), self._remedy)
        if account:
            account.check_room(1, held_bytes)
        self._reserve(held_bytes, share, has_others=held.requests > 0)
        self.requests += 1
        self._held[share].requests += 1
        if account:
            account.hold(1, held_bytes)
        return Permit(self, share, held_bytes, account)

    def _has_place(self, held: _Held) -> bool:
        """Whether a caller that holds so much may hold one request more."""
        return held.requests < self._most_requests - self.requests

    def _found(self, held: _Held) -> str:
        if self.requests >= self._most_requests:
            return f"the server holds {self.requests} {self._what}, its limit"
        free = self._most_requests - self.requests
        return f"the server holds {held.requests} {self._what} of yours, and what is left, {free}, is for others"

    def reserve(self, held_bytes: int, share: str) -> None:
        """Counts more bytes as held by one of the requests of whose turns these are; see `take`."""
        self._reserve(held_bytes, share, has_others=self._held[share].requests > 1)

    def _reserve(self, held_bytes: int, share: str, *, has_others: bool) -> None:
        if held_bytes > self._most_bytes:
            raise TooLargeError(
                "", f"{held_bytes} bytes of request and result", f"this server holds {self._most_bytes}: send less"
            )
        held = self._held.get(share, _NOTHING)
        if not self._has_bytes(held, held_bytes, has_others=has_others):
            raise BusyError(
                "", f"the server holds {self.held_bytes} bytes of requests", "retry later, or raise --queue-bytes"
            )
        self.held_bytes += held_bytes
        if held is _NOTHING:
            held = self._held[share] = _Held()
        held.held_bytes += held_bytes

    def _has_bytes(self, held: _Held, more: int, *, has_others: bool) -> bool:
        """Whether a caller that holds so much may hold so many bytes more; its only request may take all there are."""
        free = self._most_bytes - self.held_bytes - more
        return free >= 0 and not (has_others and held.held_bytes + more > free)

    def give_back(self, held_bytes: int, share: str) -> None:
        """Counts one request and its bytes as gone."""
        self.requests -= 1
        self.held_bytes -= held_bytes
        held = self._held[share]
        held.requests -= 1
        held.held_bytes -= held_bytes
        if not held.requests:
            del self._held[share]
        self._wake_one()

    async def room(self, held_bytes: int, caller: str) -> None:
        """Waits until a stream of a caller may take a permit for that many bytes; until then it reads no further."""
        while not self._has_room_for_streams(held_bytes, caller):
            waiting = _Waiting(caller, held_bytes, asyncio.get_running_loop().create_future())
            self._waiting.append(waiting)
            try:
                await waiting.found
            except asyncio.CancelledError:
                if waiting in self._waiting:
                    self._waiting.remove(waiting)
                else:
                    self._wake_one()  # it was this one's turn: pass it on
                raise
        self._wake_one()  # there may be room for more than one

    def _wake_one(self) -> None:
        """Wakes the stream that waits longest among those that there is room for."""
        for position, waiting in enumerate(self._waiting):
            if not waiting.found.done() and self._has_room_for_streams(waiting.held_bytes, waiting.caller):
                del self._waiting[position]
                waiting.found.set_result(None)
                return

    def _has_room_for_streams(self, held_bytes: int, caller: str) -> bool:
        if self._quotas and not self._quotas.account(caller).has_room(1, held_bytes):
            return False
        held = self._held.get(share_of(caller), _NOTHING)
        if not held.requests:
            return self._has_place(held) and self._has_bytes(held, held_bytes, has_others=False)
        if self.requests >= self._most_requests * 3 // 4 or self.held_bytes + held_bytes > self._most_bytes * 3 // 4:
            return False
        return self._has_place(held) and self._has_bytes(held, held_bytes, has_others=True)
