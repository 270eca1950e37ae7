"""The call StreamGridGradients: requests in, windows of results out as they complete.

Memory is bounded by reading no further: a stream has at most MOST_REQUESTS requests and MOST_BYTES of requests and
results in the server, and a request's next tiles are computed only while few of its earlier ones wait to be sent.
Many small grids that come in one message are one request, a pack.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque

import grpc

from gridgrad_core.errors import GridgradError, RefusedError, RequestError, UnavailableError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.access.access_control import check_valid
from gridgrad_server.access.grants import GRANT
from gridgrad_server.connections.ending import Context
from gridgrad_server.connections.open_calls import OpenCalls
from gridgrad_server.connections.unread import UnreadAnswers
from gridgrad_server.requests.client_id import caller_of
from gridgrad_server.requests.decode import decode
from gridgrad_server.requests.decoded import MAX_GRIDS, DecodedRequest
from gridgrad_server.rpc.errors import abort
from gridgrad_server.rpc.intake import Intake
from gridgrad_server.rpc.limits import RequestLimits
from gridgrad_server.rpc.outgoing import OutgoingMessages
from gridgrad_server.rpc.streamed_request import StreamedRequest
from gridgrad_server.scheduling.observer import Observers, given_up
from gridgrad_server.scheduling.request import GridRequest

__all__ = ["MOST_BYTES", "MOST_REQUESTS", "StreamCall", "StreamCalls"]

MOST_REQUESTS = 256
MOST_BYTES = 64 << 20


class StreamCalls:
    """The handler of StreamGridGradients.

    Args:
        intake: makes requests of what comes.
        limits: of a request.
        observers: are told of answers.
        unread: ends calls whose answers are not taken.
        places: bounds how many streams are open.
    """

    def __init__(
        self, intake: Intake, limits: RequestLimits, observers: Observers, unread: UnreadAnswers, places: OpenCalls
    ) -> None:
        self._intake = intake
        self._limits = limits
        self._observers = observers
        self._unread = unread
        self._places = places
        self._open: set[StreamCall] = set()

    def __len__(self) -> int:
        return len(self._open)

    def drain(self) -> None:
        """Lets open streams end once what they have accepted is answered."""
        for stream in self._open:
            stream.drain()

    def end_refused(self) -> None:
        """Ends those whose grant holds no longer, at once."""
        for stream in self._open:
            stream.check_grant()

    async def serve(self, _: object, context: Context) -> None:
        """Answers a call."""
        try:
            self._intake.check_open()
            with self._places.place(context):
                failure = await self._serve(context)
        except GridgradError as error:
            failure = error
        except grpc.aio.InternalError:
            return  # a message could not be sent: the caller is gone
        if failure:
            await abort(context, failure)

    async def _serve(self, context: Context) -> GridgradError | None:
        stream = StreamCall(self._intake, self._limits, self._observers, self._unread, context)
        self._open.add(stream)
        try:
            return await stream.serve()
        finally:
            self._open.discard(stream)


class StreamCall:
    """Serves one call of StreamGridGradients.

    Args:
        intake: makes requests of what comes.
        limits: of a request.
        observers: are told of its answers.
        unread: ends it if its answers are not taken.
        context: of the call.
    """

    def __init__(
        self, intake: Intake, limits: RequestLimits, observers: Observers, unread: UnreadAnswers, context: Context
    ) -> None:
        self._intake = intake
        self._limits = limits
        self._observers = observers
        self._unread = unread
        self._context = context
        remaining_s = context.time_remaining()
        self._deadline_at = None if remaining_s is None else time.monotonic() + remaining_s
        self._caller = caller_of(context)
        self._grant = GRANT.get()
        self._unanswered: set[StreamedRequest] = set()
        self._ids: set[int] = set()
        self._held_bytes = 0
        self._outbox: deque[tuple[StreamedRequest, OutgoingMessages, bool]] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._has_read_all = False
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
            return None if self._has_read_all and isinstance(self._error, UnavailableError) else self._error
        finally:
            reader.cancel()
            self._cancel_all()

    def drain(self) -> None:
        """Lets it end once what it has accepted is answered."""
        self._error = self._error or _draining()
        self._news.set()

    def check_grant(self) -> None:
        """Ends it if its grant holds no longer."""
        try:
            if self._grant:
                check_valid(self._grant)
        except RefusedError as error:
            self._error = error
            self._news.set()

    @property
    def _is_refused(self) -> bool:
        return isinstance(self._error, RefusedError)

    def _is_done(self) -> bool:
        if self._is_refused:
            return True
        if self._outbox or (self._unanswered and not isinstance(self._error, RequestError)):
            return False
        return self._has_read_all or self._error is not None

    async def _read(self) -> None:
        try:
            while not isinstance(self._error, RequestError):
                raw = await self._context.read()
                if raw is grpc.aio.EOF:
                    break
                await self._accept(decode(pb.StreamGridGradientsRequest, raw), len(raw))
                await self._until_room()
        except RequestError as error:
            self._error = error  # which request it was can't be told: the call ends
        finally:
            self._has_read_all = True

    async def _until_room(self) -> None:
        while len(self._unanswered) >= MOST_REQUESTS or self._held_bytes >= MOST_BYTES:
            self._room.clear()
            await self._room.wait()

    async def _accept(self, message: pb.StreamGridGradientsRequest, size: int) -> None:
        grids = min(max(1, message.entries), MAX_GRIDS)
        self._check_ids(message.id, grids)
        streamed = self._registered(message.id, grids)
        try:
            self._intake.check_open()
            decoded = await self._intake.read_several(message, self._caller)
            request = await self._intake.request(decoded, streamed, self._caller, self._deadline_at)
            if decoded.grids > 1 and self._limits.is_large_for_pack(request):
                await self._accept_apart(streamed, decoded, size)
            else:
                await self._admit(streamed, request, size)
        except GridgradError as error:
            streamed.refuse(error)

    async def _accept_apart(self, pack: StreamedRequest, decoded: DecodedRequest, size: int) -> None:
        """Takes what came as a pack, but is too large for one, grid by grid."""
        self._forget(pack)
        for position, one in enumerate(decoded.split_grids()):
            streamed = self._registered(pack.number + position, 1)
            try:
                request = await self._intake.request(one, streamed, self._caller, self._deadline_at)
                await self._admit(streamed, request, size // decoded.grids)
            except GridgradError as error:
                streamed.refuse(error)
            await self._until_room()

    def _check_ids(self, first: int, grids: int) -> None:
        ids = range(first, first + grids)
        if ids[-1] >= 1 << 64:
            raise RequestError("id", f"{first} for {grids} entries", "choose ids below 2**64")
        if not self._ids.isdisjoint(ids):
            used = min(self._ids.intersection(ids))
            raise RequestError("id", f"{used}, which is still in flight on this stream", "use each id once at a time")

    def _registered(self, first: int, grids: int) -> StreamedRequest:
        streamed = StreamedRequest(self, first, grids, self._observers)
        self._unanswered.add(streamed)
        self._ids.update(range(first, first + grids))
        return streamed

    async def _admit(self, streamed: StreamedRequest, request: GridRequest, size: int) -> None:
        await self._intake.charge_streamed(request)
        self._intake.cut_by_throughput(request)
        held_bytes = size + request.named_bytes + self._limits.stream_bytes(request)
        streamed.permit = await self._intake.admit_streamed(held_bytes, self._caller)
        streamed.request = request
        self._held_bytes += streamed.held_bytes
        self._intake.submit(request)

    def send(self, streamed: StreamedRequest, messages: OutgoingMessages, last: bool) -> None:
        """Puts messages of a request behind those that wait to be sent."""
        self._outbox.append((streamed, messages, last))
        self._news.set()

    async def _write(self) -> None:
        while self._outbox:
            streamed, messages, last = self._outbox[0]
            while (message := messages.take()) is not None:
                await self._unread.write(self._context, message)
                if self._is_refused:
                    return  # results may come as fast as they are sent
            self._outbox.popleft()
            if streamed.request:
                streamed.request.progress.sent()
                self._intake.submit(streamed.request)
            if last:
                self._forget(streamed)

    def _forget(self, streamed: StreamedRequest) -> None:
        self._unanswered.discard(streamed)
        self._ids.difference_update(range(streamed.number, streamed.number + streamed.grids))
        self._held_bytes -= streamed.held_bytes
        if streamed.permit:
            streamed.permit.give_back()
        self._room.set()

    def _cancel_all(self) -> None:
        code = given_up(self._context.time_remaining())
        for streamed in list(self._unanswered):
            streamed.count_rest(code)
            if streamed.request:
                self._intake.cancel(streamed.request)
            self._forget(streamed)
        for _, messages, _ in self._outbox:
            messages.drop()
        self._outbox.clear()


def _draining() -> UnavailableError:
    return UnavailableError("", "the server is shutting down", "send it again, to another server if there is one")
