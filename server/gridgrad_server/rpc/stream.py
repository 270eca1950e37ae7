"""One stream of requests: entries in, windows of results out as they complete.

Memory is bounded by reading no further: a stream has at most MOST_ENTRIES entries and MOST_BYTES of
requests and results in the server, and an entry's next pieces are computed only while few of its
earlier ones wait to be sent. Many small grids that come in one message are one entry, a pack.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Any

import grpc

from gridgrad_core.errors import GridgradError, RequestError, UnavailableError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.memory.slots import Slot
from gridgrad_server.requests.client_id import caller_of
from gridgrad_server.requests.decode import MAX_GRIDS, Reading, decode, read_several
from gridgrad_server.requests.tiles import Box
from gridgrad_server.rpc.encode import WINDOW_BYTES, failure_message, pack_messages, stream_messages
from gridgrad_server.rpc.intake import Intake
from gridgrad_server.rpc.outgoing import Parcel
from gridgrad_server.scheduling.admission import Permit
from gridgrad_server.scheduling.entry import Entry, Failures
from gridgrad_server.scheduling.observer import OK, code_of, given_up

__all__ = ["MOST_BYTES", "MOST_ENTRIES", "Stream"]

MOST_ENTRIES = 256
MOST_BYTES = 64 << 20

Context = grpc.aio.ServicerContext[Any, Any]


class _InFlight:
    """An entry of a stream, and the sink of its results.

    Args:
        stream: takes its messages.
        number: the caller's id of it, or of the first grid of a pack.
        grids: how many it has.
    """

    __slots__ = ("_begun", "_stream", "_uncounted", "entry", "grids", "held_bytes", "number", "permit")

    def __init__(self, stream: Stream, number: int, grids: int) -> None:
        self._stream = stream
        self._begun = False
        self.number = number
        self.grids = self._uncounted = grids
        self.entry: Entry | None = None
        self.permit: Permit | None = None
        self.held_bytes = 0

    def piece(self, entry: Entry, box: Box, result: memoryview, failures: Failures, slot: Slot | None) -> None:
        if self.grids > 1:
            messages = pack_messages(self.number, entry, box, result, failures)
        else:
            messages = stream_messages(self.number, entry, box, result, not self._begun)
        self._begun = True
        self._stream.send(self, Parcel(messages, slot), entry.all_computed)
        if self._stream.observers:
            self._count_piece(entry, box, failures)

    def _count_piece(self, entry: Entry, box: Box, failures: Failures) -> None:
        if self.grids > 1:
            for error in failures.values():
                self.count(code_of(error), 1)
            self.count(OK, box.grids - len(failures))
        elif entry.all_computed:
            self.count(OK, 1)

    def count(self, code: int, grids: int) -> None:
        """Tells the observers of answers to some of its grids."""
        self._uncounted -= grids
        self._stream.observers.answered("stream", code, grids)

    def count_rest(self, code: int) -> None:
        """The same for those that were not yet answered."""
        if self._stream.observers and self._uncounted:
            self.count(code, self._uncounted)

    def failed(self, entry: Entry, error: GridgradError) -> None:  # noqa: ARG002 - a Sink takes it
        self.refuse(error)

    def refuse(self, error: GridgradError) -> None:
        self._stream.send(self, Parcel([failure_message(self.number, error, self.grids)], None), True)
        self.count_rest(code_of(error))


class Stream:
    """Serves one call of StreamGridGradients.

    Args:
        intake: makes entries of requests.
        context: of the call.

    Attributes:
        observers: are told of its answers.
    """

    def __init__(self, intake: Intake, context: Context) -> None:
        self._intake = intake
        self.observers = intake.observers
        self._context = context
        remaining_s = context.time_remaining()
        self._deadline_at = None if remaining_s is None else time.monotonic() + remaining_s
        self._caller = caller_of(context)
        self._in_flight: set[_InFlight] = set()
        self._ids: set[int] = set()
        self._held_bytes = 0
        self._outbox: deque[tuple[_InFlight, Parcel, bool]] = deque()
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
        grids = min(max(1, message.entries), MAX_GRIDS)
        self._check_ids(message.id, grids)
        flight = self._launched(message.id, grids)
        try:
            self._intake.check_open()
            reading = read_several(message)
            entry = await self._intake.entry(reading, flight, self._caller, self._deadline_at)
            if reading.grids > 1 and self._intake.result_bytes(entry) > reading.grids * WINDOW_BYTES:
                await self._accept_apart(flight, reading, size)
            else:
                await self._admit(flight, entry, size)
        except GridgradError as error:
            flight.refuse(error)

    async def _accept_apart(self, pack: _InFlight, reading: Reading, size: int) -> None:
        """Takes what came as a pack, but is too large for one, grid by grid."""
        self._forget(pack)
        for position, one in enumerate(reading.apart()):
            flight = self._launched(pack.number + position, 1)
            try:
                entry = await self._intake.entry(one, flight, self._caller, self._deadline_at)
                await self._admit(flight, entry, size // reading.grids)
            except GridgradError as error:
                flight.refuse(error)
            await self._until_room()

    def _check_ids(self, first: int, grids: int) -> None:
        ids = range(first, first + grids)
        if ids[-1] >= 1 << 64:
            raise RequestError("id", f"{first} for {grids} entries", "choose ids below 2**64")
        if not self._ids.isdisjoint(ids):
            used = min(self._ids.intersection(ids))
            raise RequestError("id", f"{used}, which is still in flight on this stream", "use each id once at a time")

    def _launched(self, first: int, grids: int) -> _InFlight:
        flight = _InFlight(self, first, grids)
        self._in_flight.add(flight)
        self._ids.update(range(first, first + grids))
        return flight

    async def _admit(self, flight: _InFlight, entry: Entry, size: int) -> None:
        self._intake.cut_by_pace(entry)
        held_bytes = size + self._intake.stream_bytes(entry)
        await self._intake.admission.room(held_bytes)
        self._intake.check_open()
        flight.permit = self._intake.admission.take(held_bytes)
        flight.entry, flight.held_bytes = entry, held_bytes
        self._held_bytes += held_bytes
        self._intake.submit(entry)

    def send(self, flight: _InFlight, parcel: Parcel, last: bool) -> None:
        """Puts messages of an entry behind those that wait to be sent."""
        self._outbox.append((flight, parcel, last))
        self._news.set()

    async def _write(self) -> None:
        while self._outbox:
            flight, parcel, last = self._outbox[0]
            while (message := parcel.take()) is not None:
                await self._context.write(message)
            self._outbox.popleft()
            if flight.entry:
                flight.entry.sent()
                self._intake.submit(flight.entry)
            if last:
                self._forget(flight)

    def _forget(self, flight: _InFlight) -> None:
        self._in_flight.discard(flight)
        self._ids.difference_update(range(flight.number, flight.number + flight.grids))
        self._held_bytes -= flight.held_bytes
        if flight.permit:
            flight.permit.give_back()
        self._room.set()

    def _cancel_all(self) -> None:
        code = given_up(self._context.time_remaining())
        for flight in list(self._in_flight):
            flight.count_rest(code)
            if flight.entry:
                self._intake.cancel(flight.entry)
            self._forget(flight)
        for _, parcel, _ in self._outbox:
            parcel.drop()
        self._outbox.clear()


def _draining() -> UnavailableError:
    return UnavailableError("", "the server is shutting down", "send it again, to another server if there is one")
