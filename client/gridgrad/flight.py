"""The entries in flight on a stream: what to send, and what an answer completes. Does no I/O itself.

An entry stays in flight until its result or its last failure is taken. Entries that the server was too busy
for, and all that were in flight when a stream broke, are sent again: functions are pure.
"""

from __future__ import annotations

import heapq
import itertools
import time

from gridgrad import failures
from gridgrad.assembly import Assembly, read_part
from gridgrad.calls import Call, Request, entry_message, prepare
from gridgrad.channel import Settings
from gridgrad.errors import GridgradError, RequestError
from gridgrad.result import Result
from gridgrad.retry import Attempts
from gridgrad.routes import Routes

__all__ = ["Flight"]

WINDOW_BYTES = 256 << 20
"""Results in flight together, unless a single one is larger."""


class Entry:
    """One request in flight.

    Args:
        call: the request.
        nbytes: how large its result is, as far as is known.
        attempts: those at this entry alone.
    """

    __slots__ = ("assembly", "attempts", "call", "nbytes")

    def __init__(self, call: Call, nbytes: int, attempts: Attempts) -> None:
        self.call = call
        self.nbytes = nbytes
        self.attempts = attempts
        self.assembly = Assembly(call)


class Flight:
    """What is in flight.

    Args:
        in_flight: how many entries may be.
        errors: "raise" or "return", what becomes of an entry that failed.
        routes: what is known about the sizes of results.
        settings: where the stream goes, and how often an entry may be sent again.

    Raises:
        RequestError: in_flight or errors is none of what may be given.
    """

    def __init__(self, in_flight: int, errors: str, routes: Routes, settings: Settings) -> None:
        if errors not in ("raise", "return"):
            raise RequestError("errors", f"{errors!r}", 'say errors="raise" or errors="return"')
        if not isinstance(in_flight, int) or in_flight < 1:
            raise RequestError("in_flight", f"{in_flight!r}", "give how many requests may wait for results, 1 or more")
        self._limit = in_flight
        self._raises = errors == "raise"
        self._routes = routes
        self._settings = settings
        self._entries: dict[int, Entry] = {}
        self._to_send: list[tuple[float, int]] = []  # a heap by the time from which it may be sent
        self._ids = itertools.count(1)
        self._nbytes = 0

    @property
    def has_room(self) -> bool:
        """Whether one more may be launched."""
        return len(self._entries) < self._limit and (self._nbytes < WINDOW_BYTES or not self._entries)

    @property
    def idle(self) -> bool:
        """Whether nothing is in flight."""
        return not self._entries

    def launch(self, request: Request) -> GridgradError | None:
        """Takes a request on; gives its error at once when it is wrong in itself."""
        try:
            if not isinstance(request, Request):
                raise RequestError("requests", f"a {type(request).__name__}", "give gridgrad.Request(function, inputs)")
            call = prepare(request)
        except GridgradError as error:
            error.request = request
            return error
        entry = Entry(call, self._routes.result_bytes(call), Attempts(self._settings.retries, None))
        entry_id = next(self._ids)
        self._entries[entry_id] = entry
        self._nbytes += entry.nbytes
        heapq.heappush(self._to_send, (0.0, entry_id))
        return None

    def outgoing(self) -> list[bytes]:
        """The messages that are to be sent by now."""
        messages = []
        while self._to_send and (self._to_send[0][0] <= 0 or self._to_send[0][0] <= time.monotonic()):
            _, entry_id = heapq.heappop(self._to_send)
            messages.append(entry_message(entry_id, self._entries[entry_id].call))
        return messages

    def due_in_s(self) -> float | None:
        """Seconds until there is something to send; None when nothing waits for that."""
        return max(self._to_send[0][0] - time.monotonic(), 0.0) if self._to_send else None

    def land(self, raw: bytes, attempts: Attempts) -> Result | GridgradError | None:
        """Takes a message of the server.

        Args:
            raw: the message.
            attempts: those at the stream, which count anew once an entry is complete.

        Returns:
            The outcome of the entry that it completes, tied to its request; None when it completes none.
        """
        part = read_part(raw)
        entry_id = part.message.id
        entry = self._entries.get(entry_id)
        if entry is None:
            return None  # the rest of an entry that was given up
        try:
            outcome: Result | GridgradError | None = entry.assembly.feed(part)
        except failures.EntryFailed as failed:
            outcome = self._failed(entry_id, entry, failed)
        except GridgradError as error:
            outcome = error
        if outcome is not None:
            self._complete(entry_id, outcome)
            attempts.progressed()
        return outcome

    def checked(self, outcome: Result | GridgradError) -> Result | GridgradError:
        """What to yield for an outcome.

        Raises:
            GridgradError: the outcome is one, and errors are to be raised.
        """
        if self._raises and isinstance(outcome, GridgradError):
            raise outcome
        return outcome

    def failure(self, raised: Exception, attempts: Attempts) -> failures.Failure:
        """How the stream itself failed."""
        return failures.of(raised, self._settings.target, attempts.timeout_s)

    def restart(self) -> None:
        """Everything in flight is to be sent again, on a new stream."""
        self._to_send = [(0.0, entry_id) for entry_id in self._entries]
        for entry in self._entries.values():
            entry.assembly = Assembly(entry.call)

    def _failed(self, entry_id: int, entry: Entry, failed: failures.EntryFailed) -> GridgradError | None:
        try:
            delay_s = entry.attempts.wait_s(failures.of(failed, self._settings.target, None))
        except GridgradError as error:
            return error
        entry.assembly = Assembly(entry.call)
        heapq.heappush(self._to_send, (time.monotonic() + delay_s, entry_id))
        return None

    def _complete(self, entry_id: int, outcome: Result | GridgradError) -> None:
        entry = self._entries.pop(entry_id)
        self._nbytes -= entry.nbytes
        if isinstance(outcome, GridgradError):
            outcome.request = entry.call.request
        else:
            self._routes.learn(entry.call, outcome)
