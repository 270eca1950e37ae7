"""What tasks are here and threads in `gridgrad.sync`.

All else of `gridgrad.aio` is written once, and `make sync` writes `gridgrad.sync` from it. Two modules are written by
hand in both, with the same names in them: threads that block are quicker for one call than a loop under it could be,
and they can't do all that tasks do. What differs is this:

| | tasks | threads |
|---|---|---|
| `CANCELLED` | what a cancelled task raises | nothing |
| `Owned` | made in the loop of its first use, and for no other | made at once, for all threads |
| `open_channel`, `metadata_from` | `grpc.aio` | `grpc`, with answers that the caller's own thread takes |
| `run_blocking` | in a thread | right away |
| `run_within` | in a thread | in a thread, waited for |
| `Lock` | none: nothing else runs between two awaits | a lock |
| `MessageQueue`, `Background` | asyncio's queue, a task | a queue of threads, a thread |
| `RequestSource` | a task reads requests, which may come asynchronously | the caller's thread reads them |
| `session_socket` | the loop reads one socket for all tasks | each call at the same time has a socket, and reads it |
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import grpc
import grpc.aio

from gridgrad.protocol.options import ConnectionSettings
from gridgrad.requests.prepare import PreparedCall
from gridgrad.requests.request import Request
from gridgrad_core.errors import RequestError

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

CANCELLED = (asyncio.CancelledError,)
"""What cancelling ends a wait with."""


Lock = contextlib.nullcontext


class Owned(Generic[T]):
    """What belongs to the event loop in which it is first used.

    Args:
        make: makes it.

    Attributes:
        made: what it made; None before the first use.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self.made: T | None = None
        self._make = make
        self._loop: asyncio.AbstractEventLoop | None = None

    def get(self) -> T:
        """What was made, made now if it was not.

        Raises:
            RequestError: this is another event loop.
        """
        loop = asyncio.get_running_loop()
        if self.made is None:
            self.made, self._loop = self._make(), loop
        if self._loop is not loop:
            raise RequestError("client", "used in another event loop than before", "make a client in each loop")
        return self.made


def open_channel(settings: ConnectionSettings, target: str) -> grpc.aio.Channel:
    """The channel to what gRPC takes for the servers."""
    if settings.credentials is None:
        return grpc.aio.insecure_channel(target, settings.channel_options)
    return grpc.aio.secure_channel(target, settings.credentials, settings.channel_options)


def metadata_from(pairs: tuple[tuple[str, str | bytes], ...]) -> grpc.aio.Metadata:
    """What goes with every call, as gRPC would make it anew for each."""
    return grpc.aio.Metadata(*pairs)


async def run_blocking(function: Callable[[bytes], T], argument: bytes, undo: Callable[[T], object]) -> T:
    """What a function returns that waits for something.

    Args:
        function: what is run, in a thread.
        argument: of it.
        undo: called with what it returned if nobody waits for that any more.
    """
    running = asyncio.ensure_future(asyncio.to_thread(function, argument))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        running.add_done_callback(lambda done: done.exception() or undo(done.result()))
        raise


async def run_within(function: Callable[[], T], timeout_s: float | None) -> T:
    """What a function returns that waits for something.

    Args:
        function: what is run, in a thread; goes on there when nobody waits for it any more.
        timeout_s: seconds to wait; None for no limit.

    Raises:
        TimeoutError: it is not done within these.
    """
    return await asyncio.wait_for(asyncio.to_thread(function), timeout_s)


class MessageQueue(Generic[T]):
    """What one task puts in and another takes out."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[T] = asyncio.Queue()
        self.is_empty = self._queue.empty
        self.put = self._queue.put_nowait

    async def get(self, wait_s: float | None = None) -> T:
        """The next.

        Raises:
            TimeoutError: there is none within wait_s.
        """
        if wait_s is None:
            return await self._queue.get()
        async with asyncio.timeout(wait_s):
            return await self._queue.get()


class Background:
    """Work that goes on in a task of its own.

    Args:
        work: is run in it.
    """

    def __init__(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._task = asyncio.create_task(work())

    async def join(self, timeout_s: float | None = None) -> None:
        """Waits until it is done, or for that long."""
        await asyncio.wait([self._task], timeout=timeout_s)


class RequestSource:
    """Reads requests into the in-flight window, in a task of its own.

    So a source and a server that are slow do not wait for each other.

    Args:
        items: what requests are made of, read at most as far ahead as the window has room.
        request_of: makes a request of one.
        window: where they go.
        wake: called when some were read that nobody knows of, and at the end.

    Attributes:
        has_ended: whether there are no more.
    """

    def __init__(
        self,
        items: Iterable[Any] | AsyncIterable[Any],
        request_of: Callable[[Any], Request | PreparedCall],
        window: InFlightWindow,
        wake: Callable[[], None],
    ) -> None:
        self.has_ended = False
        self._items = items
        self._request_of = request_of
        self._window = window
        self._wake = wake
        self._is_known = True
        self._error: Exception | None = None
        self._room = asyncio.Event()
        self._task = asyncio.create_task(self._read())

    @property
    def is_ready(self) -> bool:
        """Whether `fill` would read more at once: never, since the task does."""
        return False

    def fill(self) -> None:
        """Has as many read as there is room for.

        Raises:
            Exception: whatever reading them raised.
        """
        self._is_known = True
        self._room.set()
        if self._error:
            raise self._error

    async def close(self) -> None:
        """Reads no more."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _read(self) -> None:
        try:
            async for item in self._each():
                self._window.add(item, self._request_of)
                self._tell()
                if self._window.has_pack:
                    await asyncio.sleep(0)
        except Exception as error:  # noqa: BLE001 - the caller's own, which goes back to the caller
            self._error = error
        self.has_ended = True
        self._wake()

    def _tell(self) -> None:
        if self._is_known:  # what is read before the other task runs is sent together
            self._is_known = False
            self._wake()

    async def _each(self) -> AsyncIterator[Any]:
        """One item whenever there is room."""
        await self._has_room()
        if isinstance(self._items, AsyncIterable):
            async for item in self._items:
                yield item
                await self._has_room()
        else:
            for item in self._items:
                yield item
                await self._has_room()

    async def _has_room(self) -> None:
        while not self._window.has_room:
            self._room.clear()
            await self._room.wait()
