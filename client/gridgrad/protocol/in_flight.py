"""The in-flight window of a stream: what to send, and what an answer completes. Does no I/O itself.

Invariants:
* A request is in flight from `add` until its outcome is taken; no more are than the window allows.
* Requests that the server was too busy for, and all whose answers have not come when a stream breaks, are sent again:
  functions are pure.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gridgrad.protocol import error_mapping
from gridgrad.protocol.assemble import Assembly, StreamMessage, read_message, read_pack
from gridgrad.protocol.options import ConnectionSettings
from gridgrad.protocol.request_packs import RequestInFlight, RequestPacks
from gridgrad.protocol.retry import Attempts
from gridgrad.protocol.routing import Routes
from gridgrad.requests.prepare import PreparedCall, prepare, stream_message
from gridgrad.requests.request import Request
from gridgrad.results.result import Result
from gridgrad_core.errors import GridgradError, RequestError

__all__ = ["InFlightWindow", "SentRequests"]

WINDOW_BYTES = 256 << 20
"""Results in flight together, unless a single one is larger."""


class SentRequests(dict[int, RequestInFlight]):
    """What was sent on one stream and has no answer, by the ids on that stream."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)

    def message(self, requests: Sequence[RequestInFlight]) -> bytes:
        """The message that sends requests together, which are taken on."""
        ids = [next(self._ids) for _ in requests]
        self.update(zip(ids, requests, strict=True))
        return stream_message(ids[0], [request.call for request in requests])

    def take_all(self) -> list[RequestInFlight]:
        """All of them, to be sent elsewhere: the stream has ended."""
        requests = list(self.values())
        self.clear()
        return requests


class InFlightWindow:
    """What is in flight, on one stream or several.

    Args:
        limit: how many requests may be.
        errors: "raise" or "return", what becomes of a request that failed.
        in_order: whether outcomes are taken in the order of their requests, or as they come.
        routes: what is known about the sizes of results.
        settings: where streams go, and how often a request may be sent again.

    Raises:
        RequestError: limit or errors is none of what may be given.
    """

    def __init__(self, limit: int, errors: str, in_order: bool, routes: Routes, settings: ConnectionSettings) -> None:
        if errors not in ("raise", "return"):
            raise RequestError("errors", f"{errors!r}", 'say errors="raise" or errors="return"')
        if not isinstance(limit, int) or limit < 1:
            raise RequestError("in_flight", f"{limit!r}", "give how many requests may wait for results, 1 or more")
        self._limit = limit
        self._raises = errors == "raise"
        self._in_order = in_order
        self._routes = routes
        self._settings = settings
        self._packs = RequestPacks(limit)
        self._later: list[tuple[float, int, RequestInFlight]] = []  # a heap by the time from which it may be sent
        self._outcomes: dict[int, tuple[Result | GridgradError, int]] = {}  # by when to take them, with their sizes
        self._added = self._completed = self._taken = 0
        self._nbytes = 0

    @property
    def has_room(self) -> bool:
        """Whether one more may be added."""
        return self._added - self._taken < self._limit and (self._nbytes < WINDOW_BYTES or self.is_idle)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in flight."""
        return self._added == self._taken

    @property
    def has_pack(self) -> bool:
        """Whether a full pack is to be sent."""
        return self._packs.has_full

    @property
    def has_outcome(self) -> bool:
        """Whether an outcome can be taken."""
        return self._taken in self._outcomes

    def add(self, item: Any, request_of: Callable[[Any], Request | PreparedCall] | None = None) -> None:
        """Takes a request on; one that is wrong in itself has its outcome at once.

        Args:
            item: the request, or what it is made of.
            request_of: makes it.
        """
        number = self._added
        self._added += 1
        request: Any = None
        try:
            request = request_of(item) if request_of else item
            call = self._routes.arrays.named(request if isinstance(request, PreparedCall) else _prepared(request))
        except GridgradError as error:
            error.request = request
            self._complete(number, error, 0)
            return
        added = RequestInFlight(call, number, self._routes.result_bytes(call))
        self._nbytes += added.nbytes
        self._packs.join(added)

    def spread(self, streams: int) -> None:
        """Has requests travel on so many streams."""
        self._packs.spread(streams)

    def outgoing(self) -> list[list[RequestInFlight]]:
        """What is to be sent by now, each list in one message."""
        while self._later and self._later[0][0] <= time.monotonic():
            self._packs.join(heapq.heappop(self._later)[2])
        return self._packs.take_all()

    def due_in_s(self) -> float | None:
        """Seconds until there is something to send; None when nothing waits for that."""
        return max(self._later[0][0] - time.monotonic(), 0.0) if self._later else None

    def receive(self, raw: bytes, sent: SentRequests, attempts: Attempts) -> None:
        """Takes a message of a server.

        Args:
            raw: the message.
            sent: what was sent on its stream.
            attempts: those at the stream, which count anew once a request is complete.
        """
        message = read_message(raw)
        first, count = message.fields.id, max(1, message.fields.entries)
        before = self._completed
        if message.fields.HasField("status"):
            for number in range(first, first + count):
                self._fail(sent.pop(number, None), error_mapping.EntryFailed(message.fields.status))
        elif count > 1:
            self._receive_pack([sent.pop(number, None) for number in range(first, first + count)], message)
        else:
            self._receive_one(first, sent, message)
        if self._completed > before:
            attempts.progressed()

    def complete(self, requests: Sequence[RequestInFlight], results: Sequence[Result]) -> None:
        """Takes the results of requests that travelled together."""
        for request, result in zip(requests, results, strict=True):
            self._settle(request, result)

    def refuse(self, requests: Iterable[RequestInFlight], error: GridgradError) -> None:
        """Ends requests that are not sent."""
        for request in requests:
            self._settle(request, type(error)(*error.args))

    def _receive_pack(self, requests: Sequence[RequestInFlight | None], message: StreamMessage) -> None:
        calls = [request.call if request else None for request in requests]
        try:
            results: list[Result | GridgradError] = [*read_pack(message, calls)]
        except GridgradError as error:
            results = [type(error)(*error.args) for _ in requests]
        for request, result in zip(requests, results, strict=True):
            if request:
                self._settle(request, result)

    def _receive_one(self, request_id: int, sent: SentRequests, message: StreamMessage) -> None:
        request = sent.get(request_id)
        if request is None:
            return  # the rest of one that was given up
        if request.assembly is None:
            request.assembly = Assembly(request.call)
        try:
            outcome: Result | GridgradError | None = request.assembly.feed(message)
        except GridgradError as error:
            outcome = error
        if outcome is not None:
            del sent[request_id]
            self._settle(request, outcome)

    def _fail(self, request: RequestInFlight | None, failed: error_mapping.EntryFailed) -> None:
        """Has a request sent again later, if that may help; else its outcome is the error."""
        if request is None:
            return
        request.assembly = None
        failure, arrays = error_mapping.of(failed, self._settings.target, None), self._routes.arrays
        if arrays.are_missing(request.call, failure.error):
            request.call = arrays.whole(request.call)
            self._packs.join(request)
            return
        request.attempts = request.attempts or Attempts(self._settings.retries, None)
        try:
            delay_s = request.attempts.wait_s(failure)
        except GridgradError as error:
            self._settle(request, error)
        else:
            heapq.heappush(self._later, (time.monotonic() + delay_s, request.number, request))

    def _settle(self, request: RequestInFlight, outcome: Result | GridgradError) -> None:
        if isinstance(outcome, GridgradError):
            outcome.request = request.call.request
        else:
            self._routes.learn(request.call, outcome)
        self._complete(request.number, outcome, request.nbytes)

    def _complete(self, number: int, outcome: Result | GridgradError, nbytes: int) -> None:
        self._outcomes[number if self._in_order else self._completed] = outcome, nbytes
        self._completed += 1

    def take(self) -> Result | GridgradError | None:
        """The next outcome, tied to its request; None when it is not there yet.

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

    def send_again(self, requests: Iterable[RequestInFlight]) -> None:
        """Has requests sent again, from the beginning, on another stream."""
        for request in requests:
            request.assembly = None
            self._packs.join(request)


def _prepared(request: Any) -> PreparedCall:
    if not isinstance(request, Request):
        raise RequestError("requests", f"a {type(request).__name__}", "give gridgrad.Request(function, inputs)")
    return prepare(request)
