"""One stream of requests: entries in, windows of results out as they complete.

Memory is bounded by reading no further: a stream has at most MOST_ENTRIES entries and MOST_BYTES of
requests and results in the server, and an entry's next pieces are computed only while few of its
earlier ones wait to be sent.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Any

import grpc

from gridgrad.errors import GridgradError, RequestError, UnavailableError
from gridgrad.v1 import gridgrad_pb2 as pb
from gridgrad_server.admission import Permit
from gridgrad_server.entries import Entry
from gridgrad_server.intake import Intake
from gridgrad_server.pieces import Box
from gridgrad_server.requests import decode
from gridgrad_server.results import failure_message, stream_messages

__all__ = ["MOST_BYTES", "MOST_ENTRIES", "Stream"]

MOST_ENTRIES = 256
MOST_BYTES = 64 << 20

Context = grpc.aio.ServicerContext[Any, Any]


class _InFlight:
    """An entry of a stream, and the sink of its results."""

    __slots__ = ("_begun", "_stream", "entry", "held_bytes", "number", "permit")

    def __init__(self, stream: Stream, number: int) -> None:
        self._stream = stream
        self._begun = False
        self.number = number
        self.entry: Entry | None = None
        self.permit: Permit | None = None
        self.held_bytes = 0

    def piece(self, entry: Entry, box: Box, result: memoryview) -> None:
        messages = stream_messages(self.number, entry, box, result, not self._begun)
        self._begun = True
        self._stream.send(self, messages, entry.all_computed)

    def failed(self, entry: Entry, error: GridgradError) -> None:  # noqa: ARG002 - a Sink takes it
        self._stream.send(self, [failure_message(self.number, error)], True)


class Stream:
    """Serves one call of StreamGridGradients.

    Args:
        intake: makes entries of requests.
        context: of the call.
    """

    def __init__(self, intake: Intake, context: Context) -> None:
        self._intake = intake
        self._context = context
        remaining_s = context.time_remaining()
        self._deadline_at = None if remaining_s is None else time.monotonic() + remaining_s
        self._in_flight: dict[int, _InFlight] = {}
        self._held_bytes = 0
        self._outbox: deque[tuple[_InFlight, list[bytes], bool]] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._ended_reading = False
        self._error: GridgradError | None = None

    async def serve(self) -> GridgradError | None:
        """Serves until the caller has closed its side and all is answered.

        Returns:
            The error to end the call with, or None when it ended well.
        """
        reader = asyncio.get_running_loop().create_task(self._read())
        reader.add_done_callback(lambda _: self._news.set())
        try:
            while not self._is_done():
                await self._news.wait()
                self._news.clear()
                await self._write()
            if reader.done():
                reader.result()
            # Who has closed its side, and got all its answers, need not hear that the server drains
            return None if self._ended_reading and isinstance(self._error, UnavailableError) else self._error
        finally:
            reader.cancel()
            self._cancel_all()

    def drain(self) -> None:
        """Lets it end once what it has accepted is answered."""
        self._error = self._error or _draining()
        self._news.set()

    def _is_done(self) -> bool:
        if self._outbox or (self._in_flight and not isinstance(self._error, RequestError)):
            return False
        return self._ended_reading or self._error is not None

    async def _read(self) -> None:
        try:
            while not isinstance(self._error, RequestError):
                raw = await self._context.read()
                if raw is grpc.aio.EOF:
                    break
                await self._accept(decode(pb.StreamGridGradientsRequest, raw), len(raw))
                await self._until_room()
        except RequestError as error:
            self._error = error  # which entry it was can't be told: the call ends
        finally:
            self._ended_reading = True

    async def _until_room(self) -> None:
        while len(self._in_flight) >= MOST_ENTRIES or self._held_bytes >= MOST_BYTES:
            self._room.clear()
            await self._room.wait()

    async def _accept(self, message: pb.StreamGridGradientsRequest, size: int) -> None:
        if message.id in self._in_flight:
            raise RequestError(
                "id", f"{message.id}, which is still in flight on this stream", "use each id once at a time"
            )
        flight = self._in_flight[message.id] = _InFlight(self, message.id)
        try:
            self._intake.check_open()
            entry = await self._intake.entry(message.request, flight, self._deadline_at)
            held_bytes = size + self._intake.stream_bytes(entry)
            await self._intake.admission.room(held_bytes)
            self._intake.check_open()
            flight.permit = self._intake.admission.take(held_bytes)
        except GridgradError as error:
            self.send(flight, [failure_message(message.id, error)], True)
            return
        flight.entry, flight.held_bytes = entry, held_bytes
        self._held_bytes += held_bytes
        self._intake.submit(entry)

    def send(self, flight: _InFlight, messages: list[bytes], last: bool) -> None:
        """Puts messages of an entry behind those that wait to be sent."""
        self._outbox.append((flight, messages, last))
        self._news.set()

    async def _write(self) -> None:
        while self._outbox:
            flight, messages, last = self._outbox[0]
            for message in messages:
                await self._context.write(message)
            self._outbox.popleft()
            if flight.entry:
                flight.entry.sent()
                self._intake.submit(flight.entry)
            if last:
                self._forget(flight)

    def _forget(self, flight: _InFlight) -> None:
        self._in_flight.pop(flight.number, None)
        self._held_bytes -= flight.held_bytes
        if flight.permit:
            flight.permit.give_back()
        self._room.set()

    def _cancel_all(self) -> None:
        for flight in list(self._in_flight.values()):
            if flight.entry:
                self._intake.cancel(flight.entry)
            self._forget(flight)
        self._outbox.clear()


def _draining() -> UnavailableError:
    return UnavailableError("", "the server is shutting down", "send it again, to another server if there is one")
