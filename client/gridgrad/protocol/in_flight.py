"""The entries in flight on a stream: what to send, and what an answer completes. Does no I/O itself.

Small requests that differ in nothing but numbers travel together, as a pack. An entry stays in flight until its
outcome is taken. Entries that the server was too busy for, and all that were in flight when a stream broke, are
sent again: functions are pure.
"""

from __future__ import annotations

import heapq
import itertools
import time

from gridgrad.protocol import error_mapping as failures
from gridgrad.protocol.assemble import Assembly, StreamMessage, read_message, read_pack
from gridgrad.protocol.options import ConnectionSettings
from gridgrad.protocol.retry import Attempts
from gridgrad.protocol.routing import Routes
from gridgrad.requests.prepare import PreparedCall, prepare, stream_message
from gridgrad.requests.request import Request
from gridgrad.results.result import Result
from gridgrad_core.errors import GridgradError, RequestError

__all__ = ["Flight"]

WINDOW_BYTES = 256 << 20
"""Results in flight together, unless a single one is larger."""

PACK_BYTES = 1 << 20
"""About how large the results of a pack are, or its inputs: a message of the stream."""

LARGE_BYTES = PACK_BYTES // 4
"""What travels by itself."""

LEAST_BYTES = 512
"""What an entry counts in a pack however small it is: it costs the worker some time."""

PACKS_IN_FLIGHT = 4
"""Least number of packs in a window that is full, so that one is sent while others are computed and read."""


class Entry:
    """One request in flight.

    Args:
        call: the request.
        number: counts the requests launched.
        nbytes: how large its result is, as far as is known.
    """

    __slots__ = ("assembly", "attempts", "call", "nbytes", "number")

    def __init__(self, call: PreparedCall, number: int, nbytes: int) -> None:
        self.call = call
        self.number = number
        self.nbytes = nbytes
        self.attempts: Attempts | None = None
        self.assembly: Assembly | None = None


class Pack:
    """Requests that are to travel together, and how much of a pack they fill."""

    __slots__ = ("entries", "nbytes")

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.nbytes = 0


class Flight:
    """What is in flight.

    Args:
        in_flight: how many entries may be.
        errors: "raise" or "return", what becomes of an entry that failed.
        in_order: whether outcomes are taken in the order of their requests, or as they come.
        routes: what is known about the sizes of results.
        settings: where the stream goes, and how often an entry may be sent again.

    Raises:
        RequestError: in_flight or errors is none of what may be given.
    """

    def __init__(
        self, in_flight: int, errors: str, in_order: bool, routes: Routes, settings: ConnectionSettings
    ) -> None:
        if errors not in ("raise", "return"):
            raise RequestError("errors", f"{errors!r}", 'say errors="raise" or errors="return"')
        if not isinstance(in_flight, int) or in_flight < 1:
            raise RequestError("in_flight", f"{in_flight!r}", "give how many requests may wait for results, 1 or more")
        self._limit = in_flight
        self._raises = errors == "raise"
        self._in_order = in_order
        self._routes = routes
        self._settings = settings
        self._sent: dict[int, Entry] = {}  # by id
        self._packs: dict[int, Pack] = {}  # those that still grow, by plan
        self._full: list[Pack] = []
        self._later: list[tuple[float, int, Entry]] = []  # a heap by the time from which it may be sent
        self._ids = itertools.count(1)
        self._outcomes: dict[int, tuple[Result | GridgradError, int]] = {}  # by their turns, with their sizes
        self._launched = self._landed = self._taken = 0
        self._nbytes = 0

    @property
    def has_room(self) -> bool:
        """Whether one more may be launched."""
        return self._launched - self._taken < self._limit and (self._nbytes < WINDOW_BYTES or self.idle)

    @property
    def idle(self) -> bool:
        """Whether nothing is in flight."""
        return self._launched == self._taken

    @property
    def has_pack(self) -> bool:
        """Whether a full pack is to be sent."""
        return bool(self._full)

    @property
    def has_outcome(self) -> bool:
        """Whether an outcome can be taken."""
        return self._taken in self._outcomes

    def launch(self, request: Request) -> None:
        """Takes a request on; one that is wrong in itself has its outcome at once."""
        number = self._launched
        self._launched += 1
        try:
            if not isinstance(request, Request):
                raise RequestError("requests", f"a {type(request).__name__}", "give gridgrad.Request(function, inputs)")
            call = prepare(request)
        except GridgradError as error:
            error.request = request
            self._complete(number, error, 0)
            return
        entry = Entry(call, number, self._routes.result_bytes(call))
        self._nbytes += entry.nbytes
        self._join(entry)

    def _join(self, entry: Entry) -> None:
        """Puts an entry into the pack of its like."""
        plan = id(entry.call.template)  # the entries of the pack keep it alive
        pack = self._packs.get(plan)
        if pack is None:
            pack = self._packs[plan] = Pack()
        pack.entries.append(entry)
        size = max(entry.nbytes, entry.call.template.input_bytes, LEAST_BYTES)
        pack.nbytes += size
        is_full = pack.nbytes + size > PACK_BYTES or len(pack.entries) * PACKS_IN_FLIGHT >= self._limit
        if is_full or size > LARGE_BYTES:
            self._full.append(self._packs.pop(plan))

    def outgoing(self) -> list[bytes]:
        """The messages that are to be sent by now."""
        while self._later and self._later[0][0] <= time.monotonic():
            self._join(heapq.heappop(self._later)[2])
        packs = [*self._full, *self._packs.values()]
        self._full.clear()
        self._packs.clear()
        return [self._message(pack.entries) for pack in packs]

    def _message(self, entries: list[Entry]) -> bytes:
        ids = [next(self._ids) for _ in entries]
        self._sent.update(zip(ids, entries, strict=True))
        return stream_message(ids[0], [entry.call for entry in entries])

    def due_in_s(self) -> float | None:
        """Seconds until there is something to send; None when nothing waits for that."""
        return max(self._later[0][0] - time.monotonic(), 0.0) if self._later else None

    def land(self, raw: bytes, attempts: Attempts) -> None:
        """Takes a message of the server.

        Args:
            raw: the message.
            attempts: those at the stream, which count anew once an entry is complete.
        """
        part = read_message(raw)
        first, count = part.message.id, max(1, part.message.entries)
        before = self._landed
        if part.message.HasField("status"):
            for entry_id in range(first, first + count):
                self._failed(entry_id, failures.EntryFailed(part.message.status))
        elif count > 1:
            self._land_pack(range(first, first + count), part)
        else:
            self._land_one(first, part)
        if self._landed > before:
            attempts.progressed()

    def _land_pack(self, ids: range, part: StreamMessage) -> None:
        entries = [self._sent.pop(entry_id, None) for entry_id in ids]
        calls = [entry.call if entry else None for entry in entries]
        try:
            results: list[Result | GridgradError] = [*read_pack(part, calls)]
        except GridgradError as error:
            results = [type(error)(error.field, error.found, error.remedy) for _ in entries]
        for entry, result in zip(entries, results, strict=True):
            if entry:
                self._land(entry, result)

    def _land_one(self, entry_id: int, part: StreamMessage) -> None:
        entry = self._sent.get(entry_id)
        if entry is None:
            return  # the rest of an entry that was given up
        if entry.assembly is None:
            entry.assembly = Assembly(entry.call)
        try:
            outcome: Result | GridgradError | None = entry.assembly.feed(part)
        except GridgradError as error:
            outcome = error
        if outcome is not None:
            del self._sent[entry_id]
            self._land(entry, outcome)

    def _failed(self, entry_id: int, failed: failures.EntryFailed) -> None:
        entry = self._sent.pop(entry_id, None)
        if entry is None:
            return
        entry.assembly = None
        entry.attempts = entry.attempts or Attempts(self._settings.retries, None)
        try:
            delay_s = entry.attempts.wait_s(failures.of(failed, self._settings.target, None))
        except GridgradError as error:
            self._land(entry, error)
        else:
            heapq.heappush(self._later, (time.monotonic() + delay_s, entry.number, entry))

    def _land(self, entry: Entry, outcome: Result | GridgradError) -> None:
        if isinstance(outcome, GridgradError):
            outcome.request = entry.call.request
        else:
            self._routes.learn(entry.call, outcome)
        self._complete(entry.number, outcome, entry.nbytes)

    def _complete(self, number: int, outcome: Result | GridgradError, nbytes: int) -> None:
        self._outcomes[number if self._in_order else self._landed] = outcome, nbytes
        self._landed += 1

    def take(self) -> Result | GridgradError | None:
        """The outcome whose turn it is, tied to its request; None when it is not there yet.

        Raises:
            GridgradError: the outcome is one, and errors are to be raised.
        """
        found = self._outcomes.pop(self._taken, None)
        if found is None:
            return None
        outcome, nbytes = found
        self._taken += 1
        self._nbytes -= nbytes
        if self._raises and isinstance(outcome, GridgradError):
            raise outcome
        return outcome

    def failure(self, raised: Exception, attempts: Attempts) -> failures.Failure:
        """How the stream itself failed."""
        return failures.of(raised, self._settings.target, attempts.timeout_s)

    def restart(self) -> None:
        """Everything in flight is to be sent again, on a new stream."""
        sent, self._sent = self._sent, {}
        for entry in sent.values():
            entry.assembly = None
            self._join(entry)
