"""One call of a session: the sink of its results, which lie in the arena, are lent window by window, or are sent."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable
from typing import Protocol

from gridgrad_core.errors import GridgradError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.fields import field_head
from gridgrad_server.memory.arena import Block
from gridgrad_server.memory.slots import Slot
from gridgrad_server.requests.tiles import GridTile
from gridgrad_server.rpc.encode import unary_header
from gridgrad_server.rpc.unary import UnaryResult
from gridgrad_server.scheduling.admission import Permit
from gridgrad_server.scheduling.destinations import WholeDestination, WindowedDestination
from gridgrad_server.scheduling.request import Failures, GridRequest

__all__ = ["CallOwner", "SessionCall"]

_RESPONSE_FIELD = pb.SessionResponse.RESPONSE_FIELD_NUMBER


class CallOwner(Protocol):
    """The session of a call."""

    def lease(self, block: Block, size: int, on_release: Callable[[], None]) -> pb.Lease:
        """Makes so many bytes of a block the caller's, until he releases them."""

    def send_window(self, call: SessionCall, fields: bytes) -> None:
        """Sends a part of a result that is not the last."""

    def answer(self, call: SessionCall, fields: bytes) -> None:
        """Answers the call with the fields of a SessionResponse."""

    def refuse(self, call: SessionCall, error: GridgradError) -> None:
        """Answers it with an error."""

    def go_on(self, request: GridRequest) -> None:
        """Has more tiles of a request computed: there is room for them."""


class SessionCall:
    """A call of a session, the sink of its results, and what `UnaryResult` answers where they go over the socket.

    Args:
        session: it belongs to.
        number: the caller's.
        permit: to hold it.
        grids: how many grids it asks for: several for a pack.

    Attributes:
        request: what is computed, once it is known.
        task: reads the request, where that takes a while.
        is_answered: whether it is.
    """

    __slots__ = ("_heard_at", "_inline", "_is_begun", "_lent", "_session", "grids", "is_answered", "number",
                 "permit", "request", "task")  # fmt: skip

    def __init__(self, session: CallOwner, number: int, permit: Permit, grids: int = 1) -> None:
        self.grids = grids
        self._session = session
        self._inline = UnaryResult(self)
        self._is_begun = False
        self._lent = 0
        self._heard_at = 0.0
        self.number = number
        self.permit = permit
        self.request: GridRequest | None = None
        self.task: asyncio.Task[None] | None = None
        self.is_answered = False

    def take_tile(
        self, request: GridRequest, tile: GridTile, result: memoryview, failures: Failures, slot: Slot | None
    ) -> None:
        """Takes the result of a tile."""
        destination = request.destination
        if destination is None:
            self._inline.take_tile(request, tile, result, failures, slot)
        elif isinstance(destination, WindowedDestination):
            self._lend(request, tile, destination)
        else:
            request.progress.sent()
            if failures:
                request.fail(next(iter(failures.values())))  # of a pack, which its caller sends by the stream then
            elif request.progress.all_computed:
                self._lease_whole(request)

    def _lease_whole(self, request: GridRequest) -> None:
        """Answers with a result that lies in the arena as a whole."""
        whole, request.destination = request.destination, None  # its caller holds it from now on
        assert isinstance(whole, WholeDestination), "it lies there as a whole"  # noqa: S101 - narrows the type
        lease = self._session.lease(whole.block, request.template.layout.placed_bytes, whole.release)
        fields = pb.SessionResponse(lease=lease).SerializeToString() + _response_field(unary_header(request))
        self._session.answer(self, fields)

    def _lend(self, request: GridRequest, tile: GridTile, destination: WindowedDestination) -> None:
        """Lends the caller the block of a tile."""
        block, function = destination.lend(tile), request.template.function
        size, last = tile.points * function.planes * function.itemsize, request.progress.all_computed
        lease = self._session.lease(block, size, functools.partial(self._take_back, destination, block))
        window = pb.Window(planes=function.planes, first_point=tile.first_point, points=tile.points)
        fields = pb.SessionResponse(lease=lease, window=window, last=last).SerializeToString()
        if last or not self._is_begun:
            fields += _response_field(unary_header(request))
        if not self._lent:
            self._heard_at = time.monotonic()
        self._lent += 1
        self._is_begun = True
        if last:
            self._session.answer(self, fields)
        else:
            self._session.send_window(self, fields)

    def _take_back(self, destination: WindowedDestination, block: Block) -> None:
        destination.take_back(block)
        self._lent -= 1
        self._heard_at = time.monotonic()
        if self.request:
            self.request.progress.sent()
            self._session.go_on(self.request)

    def has_stalled(self, now: float, after_s: float) -> bool:
        """Whether its caller has released no window for so long."""
        return bool(self._lent) and now - self._heard_at > after_s

    def failed(self, request: GridRequest, error: GridgradError) -> None:  # noqa: ARG002 - a ResultSink takes it
        """Takes the error that ends the request."""
        self.set_exception(error)

    def done(self) -> bool:
        """Whether it is answered."""
        return self.is_answered

    def set_result(self, response: bytes) -> None:
        """Takes a serialized GridGradientResponse."""
        self._session.answer(self, _response_field(response))

    def set_exception(self, error: GridgradError) -> None:
        """Takes the error that ends the request."""
        self._session.refuse(self, error)


def _response_field(response: bytes) -> bytes:
    return field_head(_RESPONSE_FIELD, len(response)) + response
