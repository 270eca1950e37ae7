"""`Client.stream` and `Client.map`: requests are read, sent and answered at the same time.

What reads the answers runs in the background, since nothing tells whether gRPC has one but waiting for it. So a source
of requests and a server that are slow do not wait for each other, and neither runs ahead of the in-flight window.

A stream is a call, and gRPC sends a call to one server. Where there are several servers, requests go on as many
streams, each time on that which has the fewest unanswered, and a stream is ended and another opened now and then: the
next one may go to a server that has come back.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Sequence,
)
from typing import Any, NamedTuple

import grpc

from gridgrad.aio.pool import SessionPacks, SessionPool
from gridgrad.aio.primitives import CANCELLED, Background, MessageQueue, RequestSource
from gridgrad.protocol import error_mapping
from gridgrad.protocol.in_flight import InFlightWindow, SentRequests
from gridgrad.protocol.request_packs import RequestInFlight
from gridgrad.protocol.retry import Attempts
from gridgrad.requests.prepare import PreparedCall
from gridgrad.requests.request import Request
from gridgrad.requests.template_cache import RequestTemplate
from gridgrad.results.result import Result
from gridgrad_core.errors import GridgradError, UnsupportedError

__all__ = ["GridStream", "StreamMethod"]

END_TIMEOUT_S = 2.0
FIRST_LIFE_S = 0.25
LONGEST_LIFE_S = 8.0
"""How long requests go on one stream where there are several: shortly at first, when not all servers are connected."""


class StreamMethod(NamedTuple):
    """The client's ways to call the streaming method.

    Args:
        open: starts a call with the messages to send and a timeout.
        failure: how one failed that raised one of `error_mapping.FOREIGN`, with the attempts so far.
        streams: how many there should be at the same time, found within a timeout.
        sessions: those that requests may go by; None while nothing is connected, and where there are several servers.
        fitted: a call with features in a form that the servers know.
    """

    open: Callable[[AsyncIterator[bytes], float | None], Awaitable[Any]]
    failure: Callable[[Exception, Attempts], error_mapping.Failure]
    streams: Callable[[float | None], Awaitable[int]]
    sessions: Callable[[], SessionPool | None]
    fitted: Callable[[Attempts, PreparedCall], Awaitable[PreparedCall]]


class _StreamCall:
    """One call of the streaming method.

    Args:
        inbox: gets what it receives, each with this call.
        attempts: those at this stream, without one completed request between them.

    Attributes:
        sent: what was sent on it and has no answer.
        is_ending: whether nothing more is sent on it.
    """

    def __init__(self, inbox: MessageQueue[_Received | None], attempts: Attempts) -> None:
        self.attempts = attempts
        self.sent = SentRequests()
        self.opened_at = time.monotonic()
        self.is_ending = False
        self._outbox: MessageQueue[bytes | None] = MessageQueue()
        self._inbox = inbox

    async def open(self, calls: StreamMethod) -> None:
        """Starts it.

        Raises:
            Exception: one of `error_mapping.FOREIGN`.
        """
        self._call = await calls.open(self._messages(), self.attempts.left_s())
        self._reader = Background(self._read)

    def send(self, requests: Sequence[RequestInFlight]) -> None:
        """Hands requests that travel together to gRPC."""
        self._outbox.put(self.sent.message(requests))

    def end(self) -> None:
        """Lets it end once all that was sent is answered."""
        self.is_ending = True
        self._outbox.put(None)

    async def close(self, *, cancel: bool) -> None:
        """Ends the call: at once, or when the server has seen that no more comes."""
        self.end()
        if not cancel:
            await self._reader.join(END_TIMEOUT_S)
        self._call.cancel()
        await self._reader.join()

    async def _messages(self) -> AsyncIterator[bytes]:
        while (message := await self._outbox.get()) is not None:
            yield message

    async def _read(self) -> None:
        try:
            async for raw in self._call:
                self._inbox.put(_Received(self, raw))
            self._inbox.put(_Received(self, error_mapping.StreamEnded()))
        except grpc.RpcError as error:
            self._inbox.put(_Received(self, error))
        except CANCELLED:
            pass  # gRPC raises it here when `close` cancels the call


class _Received(NamedTuple):
    """What has come, and by which call: a message, or how the call has ended."""

    call: _StreamCall
    what: bytes | Exception


class _Rest(NamedTuple):
    """A stream that has failed, and when it may be opened again."""

    until: float
    attempts: Attempts


class GridStream:
    """What `Client.stream` and `Client.map` do.

    Args:
        calls: how streams are opened.
        items: what the requests are made of.
        request_of: makes a request of one.
        window: keeps what is in flight.
        attempts: those at each stream, without one completed request between them.
    """

    def __init__(
        self,
        calls: StreamMethod,
        items: Iterable[Any] | AsyncIterable[Any],
        request_of: Callable[[Any], Request | PreparedCall],
        window: InFlightWindow,
        attempts: Attempts,
    ) -> None:
        self._calls = calls
        self._items = items
        self._request_of = request_of
        self._window = window
        self._attempts = attempts
        self._inbox: MessageQueue[_Received | None] = MessageQueue()
        self._open: list[_StreamCall] = []
        self._resting: list[_Rest] = []
        self._life_s = FIRST_LIFE_S
        self._packs: SessionPacks | None = None
        self._ready: deque[Sequence[RequestInFlight]] = deque()
        self._returned: list[Sequence[RequestInFlight]] = []
        self._known: RequestTemplate | None = None

    async def outcomes(self) -> AsyncGenerator[Result | GridgradError]:
        """Results, and errors where the window returns them."""
        self._streams = await self._calls.streams(self._attempts.left_s())
        self._window.spread(self._streams)
        self._join_sessions()
        self._source = RequestSource(self._items, self._request_of, self._window, self._wake)
        try:
            while not self._is_done:
                while (outcome := self._window.take()) is not None:
                    yield outcome
                self._source.fill()
                await self._send()
                if not (self._window.has_outcome or self._is_done):
                    await self._receive()
        finally:
            await self._source.close()
            if self._packs:
                self._packs.give_up()
            for call in self._open:
                call.end()
            for call in self._open:
                await call.close(cancel=not self._is_done)

    @property
    def _is_done(self) -> bool:
        return self._source.has_ended and self._window.is_idle

    def _wake(self) -> None:
        self._inbox.put(None)

    def _join_sessions(self) -> None:
        pool = self._calls.sessions() if self._packs is None else None
        if pool is not None:
            self._packs = SessionPacks(pool, self._packed)

    def _packed(self, requests: Sequence[RequestInFlight], results: Sequence[Result] | None) -> None:
        if results is None:
            self._returned.append(requests)
        else:
            self._window.complete(requests, results)
        self._wake()

    async def _send(self) -> None:
        self._ready += self._window.outgoing()
        while self._ready and not (self._packs and self._packs.are_many):
            requests = self._ready.popleft()
            if not await self._by_session(requests):
                await self._by_stream(requests)
        while self._returned:
            await self._by_stream(self._returned.pop())

    async def _by_session(self, requests: Sequence[RequestInFlight]) -> bool:
        """Sends requests that travel together by a session, if there is one and its server knows them as they are."""
        template = requests[0].call.template
        if self._packs is None or (template.features and template is not self._known):
            return False
        return await self._packs.begin(requests, self._attempts.left_s())

    async def _by_stream(self, requests: Sequence[RequestInFlight]) -> None:
        call = await self._stream()
        if call is None:
            self._window.send_again(requests)
        elif await self._may_send(call, requests):
            call.send(requests)

    async def _may_send(self, call: _StreamCall, requests: Sequence[RequestInFlight]) -> bool:
        """Whether servers know requests that travel together in any form. Else they have failed, or are sent later."""
        first = requests[0].call
        try:
            if first.template.features:
                for request in requests:
                    request.call = await self._calls.fitted(call.attempts, request.call)
                    if request.call is first:
                        self._known = first.template
                        break
        except UnsupportedError as error:
            self._window.refuse(requests, error)
        except error_mapping.FOREIGN as raised:
            await self._ended(call, raised)
            self._window.send_again(requests)
        else:
            return True
        return False

    async def _stream(self) -> _StreamCall | None:
        """That on which the next requests go; None while all that failed rest."""
        self._end_old()
        usable = [call for call in self._open if not call.is_ending]
        best = min(usable, key=lambda call: len(call.sent), default=None)
        if best is not None and (not best.sent or len(usable) >= self._streams):
            return best
        if self._resting and self._resting[0].until <= time.monotonic():
            return await self._opened(self._resting.pop(0).attempts) or best
        if len(usable) + len(self._resting) < self._streams:
            return await self._opened(self._attempts.anew()) or best
        return best

    def _end_old(self) -> None:
        """Ends streams where there are several that have lived long enough, unless too many are ending."""
        if self._streams == 1 or len(self._open) > 2 * self._streams:
            return
        born_before = time.monotonic() - self._life_s
        for call in self._open:
            if not call.is_ending and call.opened_at < born_before:
                call.end()
                self._life_s = min(1.25 * self._life_s, LONGEST_LIFE_S)

    async def _opened(self, attempts: Attempts) -> _StreamCall | None:
        call = _StreamCall(self._inbox, attempts)
        try:
            await call.open(self._calls)
        except error_mapping.FOREIGN as raised:
            self._rest(raised, attempts)
            return None
        self._open.append(call)
        return call

    def _rest(self, raised: Exception, attempts: Attempts) -> None:
        """Has a stream opened again later.

        Raises:
            GridgradError: how it failed, when it is not to be tried again.
        """
        wait_s = attempts.wait_s(self._calls.failure(raised, attempts))
        self._resting.append(_Rest(time.monotonic() + wait_s, attempts))
        self._resting.sort(key=lambda rest: rest.until)

    async def _receive(self) -> None:
        wait_s = 0 if self._source.is_ready else self._due_in_s()
        if self._packs and self._inbox.is_empty():
            wait_s = await self._packs.attend(wait_s)
        try:
            received = await self._inbox.get(wait_s)
        except TimeoutError:
            if self._packs and self._attempts.left_s() == 0:
                self._packs.give_up()  # gRPC tells how late it is
            return
        if received is None or received.call not in self._open:
            return
        call, what = received
        if isinstance(what, bytes):
            self._window.receive(what, call.sent, call.attempts)
            self._join_sessions()
            if self._packs:
                self._packs.answered_by_grpc()
        else:
            await self._ended(call, what)

    async def _ended(self, call: _StreamCall, how: Exception) -> None:
        self._open.remove(call)
        if not call.is_ending:
            self._rest(how, call.attempts)
        await call.close(cancel=True)
        self._window.send_again(call.sent.take_all())

    def _due_in_s(self) -> float | None:
        """Seconds until there is something to send and a stream to send it on; None when nothing waits for that."""
        due_in_s = self._window.due_in_s()
        if self._resting and all(call.is_ending for call in self._open):
            rest_s = max(self._resting[0].until - time.monotonic(), 0.0)
            due_in_s = rest_s if due_in_s is None else min(rest_s, due_in_s)
        if self._packs and self._packs.are_under_way and (left_s := self._attempts.left_s()) is not None:
            due_in_s = left_s if due_in_s is None else min(left_s, due_in_s)
        return due_in_s
