"""What threads are here and tasks in `gridgrad.aio`; the table of what differs stands in the module of this name there.

Written by hand, as `session_socket` is; `make sync` writes all else of `gridgrad.sync` from `gridgrad.aio`.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import grpc
from grpc.experimental import ChannelOptions

from gridgrad.protocol.options import ConnectionSettings
from gridgrad.requests.prepare import PreparedCall
from gridgrad.requests.request import Request

if TYPE_CHECKING:
    from gridgrad.protocol.in_flight import InFlightWindow

__all__ = [
    "CANCELLED",
    "Background",
    "Lock",
    "MessageQueue",
    "Owned",
    "RequestSource",
    "metadata_from",
    "open_channel",
    "run_blocking",
    "run_within",
]

T = TypeVar("T")

CANCELLED: tuple[type[BaseException], ...] = ()
"""What cancelling ends a wait with; a thread can't be cancelled."""

PATIENCE_S = 0.002
_NO_MORE: Any = object()

Lock = threading.Lock


class Owned(Generic[T]):
    """What belongs to a client, for all its threads.

    Args:
        make: makes it.

    Attributes:
        made: what it made.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self.made = make()

    def get(self) -> T:
        """What was made."""
        return self.made


def open_channel(settings: ConnectionSettings, target: str) -> grpc.Channel:
    """The channel to what gRPC takes for the servers."""
    # The caller's own thread takes what comes for it, not one that wakes it for each message
    options = ((ChannelOptions.SingleThreadedUnaryStream, 1), *settings.channel_options)
    if settings.credentials is None:
        return grpc.insecure_channel(target, options)
    return grpc.secure_channel(target, settings.credentials, options)


def metadata_from(pairs: tuple[tuple[str, str | bytes], ...]) -> tuple[tuple[str, str | bytes], ...]:
    """What goes with every call."""
    return pairs


def run_blocking(function: Callable[[bytes], T], argument: bytes, undo: Callable[[T], object]) -> T:  # noqa: ARG001
    """What a function returns that waits for something.

    Args:
        function: what is run.
        argument: of it.
        undo: for tasks, which may go away meanwhile.
    """
    return function(argument)


def run_within(function: Callable[[], T], timeout_s: float | None) -> T:
    """What a function returns that waits for something.

    Args:
        function: what is run, in a thread; goes on there when nobody waits for it any more.
        timeout_s: seconds to wait; None for no limit.

    Raises:
        TimeoutError: it is not done within these.
    """
    running: Future[T] = Future()

    def run() -> None:
        try:
            running.set_result(function())
        except BaseException as error:  # noqa: BLE001 - goes to whoever waits
            running.set_exception(error)

    threading.Thread(target=run, name="gridgrad-lookup", daemon=True).start()
    return running.result(timeout_s)


class MessageQueue(Generic[T]):
    """What one thread puts in and another takes out."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[T] = queue.SimpleQueue()
        self.is_empty = self._queue.empty
        self.put = self._queue.put

    def get(self, wait_s: float | None = None) -> T:
        """The next.

        Raises:
            TimeoutError: there is none within wait_s.
        """
        try:
            return self._queue.get(timeout=wait_s)
        except queue.Empty:
            raise TimeoutError from None


class Background:
    """Work that goes on in a thread of its own.

    Args:
        work: is run in it.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        self._thread = threading.Thread(target=work, name="gridgrad-stream", daemon=True)
        self._thread.start()

    def join(self, timeout_s: float | None = None) -> None:
        """Waits until it is done, or for that long."""
        self._thread.join(timeout_s)


class RequestSource:
    """Reads requests into the in-flight window, in the caller's own thread.

    Args:
        items: what requests are made of, read at most as far ahead as the window has room.
        request_of: makes a request of one.
        window: where they go.
        wake: for tasks, since here nothing is read but by `fill`.

    Attributes:
        has_ended: whether there are no more.
    """

    def __init__(
        self,
        items: Iterable[Any],
        request_of: Callable[[Any], Request | PreparedCall],
        window: InFlightWindow,
        wake: Callable[[], None],  # noqa: ARG002
    ) -> None:
        self.has_ended = False
        self._items: Iterator[Any] = iter(items)
        self._request_of = request_of
        self._window = window

    @property
    def is_ready(self) -> bool:
        """Whether `fill` would read more at once."""
        return not self.has_ended and self._window.has_room

    def fill(self) -> None:
        """Reads requests, as long as they come so quickly that none waits for another to be sent with it.

        Raises:
            Exception: whatever reading them raised.
        """
        give_up_at = time.monotonic() + PATIENCE_S
        while self.is_ready:
            item = next(self._items, _NO_MORE)
            if item is _NO_MORE:
                self.has_ended = True
                return
            self._window.add(item, self._request_of)
            if self._window.has_pack or self._window.has_outcome or time.monotonic() > give_up_at:
                return

    def close(self) -> None:
        """Reads no more."""
