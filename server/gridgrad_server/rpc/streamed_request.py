"""One request of a stream: where the results of its tiles become messages, and what is counted of them."""

from __future__ import annotations

from typing import Protocol

from gridgrad_core.errors import GridgradError
from gridgrad_server.memory.slots import Slot
from gridgrad_server.requests.tiles import GridTile
from gridgrad_server.rpc.encode import failure_message, pack_messages, stream_messages
from gridgrad_server.rpc.outgoing import OutgoingMessages
from gridgrad_server.scheduling.admission import Permit
from gridgrad_server.scheduling.observer import OK, Observers, code_of
from gridgrad_server.scheduling.request import Failures, GridRequest

__all__ = ["MessageSink", "StreamedRequest"]


class MessageSink(Protocol):
    """What sends the messages of requests."""

    def send(self, streamed: StreamedRequest, messages: OutgoingMessages, last: bool) -> None:
        """Takes messages of a request; with the last ones it is answered."""


class StreamedRequest:
    """A request of a stream, and the sink of its results.

    Args:
        stream: takes its messages.
        number: the caller's id of it, or of the first grid of a pack.
        grids: how many it has.
        observers: are told of answers.

    Attributes:
        request: what is computed, once it is admitted.
        permit: to hold it.
    """

    __slots__ = ("_is_begun", "_observers", "_stream", "_uncounted", "grids", "number", "permit", "request")

    def __init__(self, stream: MessageSink, number: int, grids: int, observers: Observers) -> None:
        self._stream = stream
        self._observers = observers
        self._is_begun = False
        self.number = number
        self.grids = self._uncounted = grids
        self.request: GridRequest | None = None
        self.permit: Permit | None = None

    @property
    def held_bytes(self) -> int:
        """How many bytes are held for it."""
        return self.permit.held_bytes if self.permit else 0

    def take_tile(
        self, request: GridRequest, tile: GridTile, result: memoryview, failures: Failures, slot: Slot | None
    ) -> None:
        """Sends the result of a tile."""
        if self.grids > 1:
            messages = pack_messages(self.number, request, tile, result, failures)
        else:
            messages = stream_messages(self.number, request, tile, result, not self._is_begun)
        self._is_begun = True
        self._stream.send(self, OutgoingMessages(messages, slot), request.progress.all_computed)
        if self._observers:
            self._count_tile(request, tile, failures)

    def failed(self, request: GridRequest, error: GridgradError) -> None:  # noqa: ARG002 - a ResultSink takes it
        """Sends the error that ends the request."""
        self.refuse(error)

    def refuse(self, error: GridgradError) -> None:
        """Sends an error, as the answer to all of its grids."""
        self._stream.send(self, OutgoingMessages([failure_message(self.number, error, self.grids)], None), True)
        self.count_rest(code_of(error))

    def count_rest(self, code: int) -> None:
        """Tells the observers of an answer to those of its grids that had none yet."""
        if self._observers and self._uncounted:
            self._count(code, self._uncounted)

    def _count_tile(self, request: GridRequest, tile: GridTile, failures: Failures) -> None:
        if self.grids > 1:
            for error in failures.values():
                self._count(code_of(error), 1)
            self._count(OK, tile.grids - len(failures))
        elif request.progress.all_computed:
            self._count(OK, 1)

    def _count(self, code: int, grids: int) -> None:
        self._uncounted -= grids
        self._observers.answered("stream", code, grids)
