"""`gridgrad.aio.Client.stream` and `map`: one task reads requests and one the answers; both report to the caller's.

That way a request source and a server that are slow do not wait for each other, and neither runs ahead
of what may be in flight.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable
from typing import Any, NamedTuple

import grpc

from gridgrad.arguments.inputs import Inputs
from gridgrad.protocol import error_mapping as failures
from gridgrad.protocol.in_flight import Flight
from gridgrad.protocol.retry import Attempts
from gridgrad.requests.request import Request
from gridgrad.results.result import Result
from gridgrad_core.errors import GridgradError

__all__ = ["Stream", "requests_like"]

OpenCall = Callable[[AsyncIterator[bytes], float | None], Any]
END_TIMEOUT_S = 2.0


class Launched(NamedTuple):
    """Requests were taken on."""


class SourceEnded(NamedTuple):
    """There are no more requests; `error` is what reading them raised."""

    error: BaseException | None


class CallEnded(NamedTuple):
    """The call ended, and why; `pipe` tells it from an earlier one."""

    pipe: Pipe
    error: Exception


class Received(NamedTuple):
    """A message came."""

    pipe: Pipe
    raw: bytes


Event = Launched | SourceEnded | CallEnded | Received


class Pipe:
    """One call of the streaming method.

    Args:
        open_call: starts it with the messages to send and a timeout.
        timeout_s: seconds, or None.
        events: takes `Received` and `CallEnded`.
    """

    def __init__(self, open_call: OpenCall, timeout_s: float | None, events: asyncio.Queue[Event]) -> None:
        self._outbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._events = events
        self._call = open_call(self._messages(), timeout_s)
        self._reader = asyncio.create_task(self._read())

    def send(self, messages: Iterable[bytes]) -> None:
        """Hands messages to gRPC."""
        for message in messages:
            self._outbox.put_nowait(message)

    async def close(self, *, cancel: bool) -> None:
        """Ends the call: at once, or when the server has seen that no more comes."""
        self._outbox.put_nowait(None)
        if not cancel:
            await asyncio.wait([self._reader], timeout=END_TIMEOUT_S)
        self._call.cancel()
        await asyncio.wait([self._reader])

    async def _messages(self) -> AsyncIterator[bytes]:
        while (message := await self._outbox.get()) is not None:
            yield message

    async def _read(self) -> None:
        try:
            async for raw in self._call:
                self._events.put_nowait(Received(self, raw))
            self._events.put_nowait(CallEnded(self, failures.StreamEnded()))
        except grpc.RpcError as error:
            self._events.put_nowait(CallEnded(self, error))
        except asyncio.CancelledError:
            pass  # what grpc.aio raises in here when `close` cancels the call


class Stream:
    """What `gridgrad.aio.Client.stream` and `map` do.

    Args:
        open_call: starts a call with the messages to send and a timeout.
        requests: what to compute.
        flight: keeps what is in flight.
        attempts: those at the stream itself, without one completed entry between them.
    """

    def __init__(
        self,
        open_call: OpenCall,
        requests: Iterable[Request] | AsyncIterable[Request],
        flight: Flight,
        attempts: Attempts,
    ) -> None:
        self._open_call = open_call
        self._requests = requests
        self._flight = flight
        self._attempts = attempts
        self._more = True
        self._told = False

    async def outcomes(self) -> AsyncGenerator[Result | GridgradError]:
        """Results, and errors where the flight returns them."""
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._room = asyncio.Event()
        self._pipe = self._open()
        source = asyncio.create_task(self._pull())
        try:
            while self._more or not self._flight.idle:
                while (outcome := self._flight.take()) is not None:
                    yield outcome
                self._room.set()
                self._pipe.send(self._flight.outgoing())
                if not self._flight.idle or self._more:
                    await self._hear()
        finally:
            source.cancel()
            await self._pipe.close(cancel=self._more or not self._flight.idle)
            await asyncio.wait([source])

    def _open(self) -> Pipe:
        return Pipe(self._open_call, self._attempts.left_s(), self._events)

    async def _hear(self) -> None:
        try:
            event = await asyncio.wait_for(self._events.get(), self._flight.due_in_s())
        except TimeoutError:
            return
        match event:
            case Received(pipe, raw) if pipe is self._pipe:
                self._flight.land(raw, self._attempts)
            case CallEnded(pipe, error) if pipe is self._pipe:
                await self._reconnect(error)
            case Launched():
                self._told = False
            case SourceEnded(error):
                self._more = False
                if error is not None:
                    raise error

    async def _pull(self) -> None:
        try:
            async for request in _each(self._requests, self._has_room):
                self._flight.launch(request)
                if not self._told:  # what is launched before the other task runs is sent together
                    self._told = True
                    self._events.put_nowait(Launched())
                if self._flight.has_pack:
                    await asyncio.sleep(0)
            self._events.put_nowait(SourceEnded(None))
        except Exception as error:  # noqa: BLE001 - the caller's own, which goes back to the caller
            self._events.put_nowait(SourceEnded(error))

    async def _has_room(self) -> None:
        while not self._flight.has_room:
            self._room.clear()
            await self._room.wait()

    async def _reconnect(self, raised: Exception) -> None:
        await asyncio.sleep(self._attempts.wait_s(self._flight.failure(raised, self._attempts)))
        await self._pipe.close(cancel=True)
        self._flight.restart()
        self._pipe = self._open()


async def _each(
    requests: Iterable[Request] | AsyncIterable[Request], has_room: Callable[[], Any]
) -> AsyncIterator[Request]:
    """Reads one request whenever there is room."""
    await has_room()
    if isinstance(requests, AsyncIterable):
        async for request in requests:
            yield request
            await has_room()
    else:
        for request in requests:
            yield request
            await has_room()


async def requests_like(
    request: Request, many_inputs: Iterable[Inputs] | AsyncIterable[Inputs]
) -> AsyncIterator[Request]:
    """A request again and again, with other inputs each time."""
    settled = request.settled()
    if isinstance(many_inputs, AsyncIterable):
        async for inputs in many_inputs:
            yield settled.on(inputs)
    else:
        for inputs in many_inputs:
            yield settled.on(inputs)
