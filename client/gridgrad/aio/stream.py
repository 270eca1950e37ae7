"""`Client.stream` and `Client.map`: requests are read, sent and answered at the same time.

What reads the answers runs in the background, since nothing tells whether gRPC has one but waiting for it. So a source
of requests and a server that are slow do not wait for each other, and neither runs ahead of the in-flight window.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable
from typing import Any

import grpc

from gridgrad.aio.primitives import CANCELLED, Background, MessageQueue, RequestSource
from gridgrad.protocol import error_mapping
from gridgrad.protocol.in_flight import InFlightWindow
from gridgrad.protocol.retry import Attempts
from gridgrad.requests.request import Request
from gridgrad.results.result import Result
from gridgrad_core.errors import GridgradError

__all__ = ["GridStream"]

OpenCall = Callable[[AsyncIterator[bytes], float | None], Any]
END_TIMEOUT_S = 2.0


class _StreamCall:
    """One call of the streaming method.

    Args:
        open_call: starts it with the messages to send and a timeout.
        timeout_s: seconds, or None.
    """

    def __init__(self, open_call: OpenCall, timeout_s: float | None) -> None:
        self._outbox: MessageQueue[bytes | None] = MessageQueue()
        self._inbox: MessageQueue[bytes | Exception | None] = MessageQueue()
        self._call = open_call(self._messages(), timeout_s)
        self._reader = Background(self._read)

    def send(self, messages: Iterable[bytes]) -> None:
        """Hands messages to gRPC."""
        for message in messages:
            self._outbox.put(message)

    def wake(self) -> None:
        """Has `receive` return."""
        self._inbox.put(None)

    async def receive(self, wait_s: float | None) -> bytes | None:
        """The next message; None when none comes within wait_s, or after `wake`.

        Raises:
            Exception: one of `failures.FOREIGN`, when the call has ended.
        """
        try:
            received = await self._inbox.get(wait_s)
        except TimeoutError:
            return None
        if isinstance(received, Exception):
            raise received
        return received

    async def close(self, *, cancel: bool) -> None:
        """Ends the call: at once, or when the server has seen that no more comes."""
        self._outbox.put(None)
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
                self._inbox.put(raw)
            self._inbox.put(error_mapping.StreamEnded())
        except grpc.RpcError as error:
            self._inbox.put(error)
        except CANCELLED:
            pass  # gRPC raises it here when `close` cancels the call


class GridStream:
    """What `Client.stream` and `Client.map` do.

    Args:
        open_call: starts a call with the messages to send and a timeout.
        items: what the requests are made of.
        request_of: makes a request of one.
        window: keeps what is in flight.
        attempts: those at the stream itself, without one completed request between them.
    """

    def __init__(
        self,
        open_call: OpenCall,
        items: Iterable[Any] | AsyncIterable[Any],
        request_of: Callable[[Any], Request],
        window: InFlightWindow,
        attempts: Attempts,
    ) -> None:
        self._open_call = open_call
        self._items = items
        self._request_of = request_of
        self._window = window
        self._attempts = attempts

    async def outcomes(self) -> AsyncGenerator[Result | GridgradError]:
        """Results, and errors where the window returns them."""
        self._call = self._open()
        self._source = RequestSource(self._items, self._request_of, self._window, self._wake)
        try:
            while not self._is_done:
                while (outcome := self._window.take()) is not None:
                    yield outcome
                self._source.fill()
                self._call.send(self._window.outgoing())
                if not (self._window.has_outcome or self._is_done):
                    await self._receive()
        finally:
            await self._source.close()
            await self._call.close(cancel=not self._is_done)

    @property
    def _is_done(self) -> bool:
        return self._source.has_ended and self._window.is_idle

    def _open(self) -> _StreamCall:
        return _StreamCall(self._open_call, self._attempts.left_s())

    def _wake(self) -> None:
        self._call.wake()

    async def _receive(self) -> None:
        try:
            raw = await self._call.receive(0 if self._source.is_ready else self._window.due_in_s())
        except error_mapping.FOREIGN as raised:
            await self._reconnect(raised)
        else:
            if raw is not None:
                self._window.receive(raw, self._attempts)

    async def _reconnect(self, raised: Exception) -> None:
        await asyncio.sleep(self._attempts.wait_s(self._window.failure(raised, self._attempts)))
        await self._call.close(cancel=True)
        self._window.restart()
        self._call = self._open()
