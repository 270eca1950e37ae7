"""Packs: small requests of one template, which travel in one message of a stream. Does no I/O itself."""

from __future__ import annotations

from gridgrad.arguments.lookup_table import GivenTable
from gridgrad.protocol.assemble import Assembly
from gridgrad.protocol.retry import Attempts
from gridgrad.requests.prepare import PreparedCall

__all__ = ["LARGE_BYTES", "RequestInFlight", "RequestPacks"]

PACK_BYTES = 1 << 20
"""About how large the results of a pack are, or its inputs: a message of the stream."""

LARGE_BYTES = PACK_BYTES // 4
"""What travels by itself."""

LEAST_BYTES = 512
"""What a request counts in a pack however small it is: it costs the worker some time."""

PACKS_IN_FLIGHT = 4
"""Least number of packs in a window that is full, so that one is sent while others are computed and read."""

PACKS_TO_A_STREAM = 2
"""As above, for each of several streams."""


class RequestInFlight:
    """One request in flight.

    Args:
        call: the request.
        number: counts the requests of the window.
        nbytes: how large its result is, as far as is known.

    Attributes:
        attempts: those at this request alone; None before the first that failed.
        assembly: puts its result together; None before the first part has come.
    """

    __slots__ = ("assembly", "attempts", "call", "nbytes", "number")

    def __init__(self, call: PreparedCall, number: int, nbytes: int) -> None:
        self.call = call
        self.number = number
        self.nbytes = nbytes
        self.attempts: Attempts | None = None
        self.assembly: Assembly | None = None


class _Pack:
    """Requests that are to travel together, and how much of a pack they fill."""

    __slots__ = ("nbytes", "requests")

    def __init__(self) -> None:
        self.requests: list[RequestInFlight] = []
        self.nbytes = 0


class RequestPacks:
    """The packs that are to be sent.

    Args:
        limit: how many requests may be in flight.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._most = -(-limit // PACKS_IN_FLIGHT)
        # By the identity of their template, which their requests keep alive, and their tables
        self._growing: dict[tuple[int, tuple[GivenTable, ...]], _Pack] = {}
        self._full: list[_Pack] = []

    def spread(self, streams: int) -> None:
        """Makes packs small enough that so many streams have some at the same time."""
        self._most = -(-self._limit // max(PACKS_IN_FLIGHT, PACKS_TO_A_STREAM * streams))

    @property
    def has_full(self) -> bool:
        """Whether a pack is full."""
        return bool(self._full)

    def join(self, request: RequestInFlight) -> None:
        """Puts a request into the pack of its template and its tables."""
        alike = id(request.call.template), request.call.tables
        pack = self._growing.get(alike)
        if pack is None:
            pack = self._growing[alike] = _Pack()
        pack.requests.append(request)
        size = max(request.nbytes, request.call.template.input_bytes, LEAST_BYTES)
        pack.nbytes += size
        if pack.nbytes + size > PACK_BYTES or len(pack.requests) >= self._most or size > LARGE_BYTES:
            self._full.append(self._growing.pop(alike))

    def take_all(self) -> list[list[RequestInFlight]]:
        """The requests of all packs, full or not, those of each in one list; none are left."""
        packs = [*self._full, *self._growing.values()]
        self._full.clear()
        self._growing.clear()
        return [pack.requests for pack in packs]
