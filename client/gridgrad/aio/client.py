"""The client for asyncio: `gridgrad.aio.Client` is `gridgrad.Client` with `await`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from gridgrad.aio.grids import ManyGrids
from gridgrad.aio.introspection import Introspection
from gridgrad.aio.session import Sessions
from gridgrad.arguments.coefficients import Coefficients
from gridgrad.arguments.derivatives import DerivativeLike
from gridgrad.arguments.inputs import FloatArray, Inputs
from gridgrad.progress import Progress, shown
from gridgrad.protocol import error_mapping as failures
from gridgrad.protocol.assemble import Assembly, read_message
from gridgrad.protocol.options import (
    DEFAULT_RETRIES,
    DEFAULT_TIMEOUT_S,
    HEALTH_METHOD,
    HEALTH_POLL_S,
    ConnectionSettings,
    Metadata,
    check_process,
    check_serving,
    settings_of,
)
from gridgrad.protocol.response_cache import read_unary
from gridgrad.protocol.retry import Attempts, timeout_of
from gridgrad.protocol.routing import Routes
from gridgrad.requests.prepare import PreparedCall, prepare, stream_message
from gridgrad.requests.request import FunctionLike, Request, Tier
from gridgrad.results.result import Result
from gridgrad_core.errors import RequestError, TooLargeError, UnavailableError
from gridgrad_core.wire.methods import GRID_GRADIENT, OPEN_SESSION, STREAM_GRID_GRADIENTS

__all__ = ["Client"]

T = TypeVar("T")

if TYPE_CHECKING:  # grpc's own classes take no parameters at run time
    Unary = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
    UnaryStream = grpc.aio.UnaryStreamMultiCallable[bytes, bytes]
    StreamStream = grpc.aio.StreamStreamMultiCallable[bytes, bytes]


class Client(ManyGrids, Introspection):
    """A connection to a server, for the event loop in which it is first used.

    Tasks may share one. Cancelling the task that awaits a call cancels the call at the server too.

    Args:
        address: host:port or unix:/path; by default the environment's GRIDGRAD_SERVER, else localhost:50051.
        credentials: for TLS, such as grpc.ssl_channel_credentials(...); by default none, in the clear.
        metadata: names and values to go with every call.
        timeout: seconds for a call that gives none of its own; None for no limit.
        retries: how many attempts may follow a first that found the server unavailable or busy. All of them
            count against the timeout; the default spans about 3 s when nobody answers.
        proxy: whether to use the HTTP proxy that the environment names.
        sessions: whether to go by a session where the server is on this machine and offers one; GRIDGRAD_SESSIONS=0
            in the environment switches them off too.
        options: further channel options of gRPC.

    Raises:
        RequestError: an argument that can't be meant.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        credentials: grpc.ChannelCredentials | None = None,
        metadata: Metadata | None = None,
        timeout: float | None = DEFAULT_TIMEOUT_S,
        retries: int = DEFAULT_RETRIES,
        proxy: bool = False,
        sessions: bool = True,
        options: Iterable[tuple[str, Any]] = (),
    ) -> None:
        self._settings = settings_of(
            address,
            credentials=credentials,
            metadata=metadata,
            timeout=timeout,
            retries=retries,
            proxy=proxy,
            sessions=sessions,
            options=options,
        )
        self._routes = Routes()
        self._process_id = os.getpid()
        self._closed = False
        self._wire: _Wire | None = None

    @property
    def address(self) -> str:
        """Where it connects to."""
        return self._settings.target

    async def gradient(
        self,
        function: FunctionLike,
        inputs: Inputs,
        *,
        wrt: str | Iterable[str] | None = None,
        order: int | None = None,
        derivatives: Iterable[DerivativeLike] | None = None,
        dtype: Any = None,
        timeout: float | None = None,
        out: FloatArray | None = None,
        coefficients: Coefficients | None = None,
        tier: Tier = "auto",
        progress: bool | Progress | None = None,
    ) -> Result:
        """Computes a function and its partial derivatives on a grid; see `gridgrad.Client.gradient`."""
        request = Request(function, inputs, wrt, order, derivatives, dtype, out, coefficients=coefficients, tier=tier)
        return await self._computed(request, timeout, progress)

    async def _computed(
        self, request: Request, timeout: float | None, progress: bool | Progress | None = None
    ) -> Result:
        call = prepare(request)
        if not progress:
            return await self._sent(call, timeout, None)
        with shown(progress, "points", call.template.grid.points) as tell:
            return await self._sent(call, timeout, tell)

    async def _sent(self, call: PreparedCall, timeout: float | None, progress: Progress | None) -> Result:
        attempts, wire = self._attempts(timeout), self._connected()
        try:
            result = await self._retried(attempts, self._once, call, progress, wire)
        except TooLargeError as error:
            if not failures.wants_stream(error):
                raise
            result = await self._retried(attempts, self._by_stream, call, progress)
            self._routes.learn_limit(result)
            wire.sessions.encourage()
        self._routes.learn(call, result)
        return result

    async def _once(self, attempts: Attempts, call: PreparedCall, progress: Progress | None, wire: _Wire) -> Result:
        result = await wire.sessions.gradient(call, attempts.left_s(), progress)
        if result is None:
            result = await self._by_grpc(attempts, call, progress, wire)
            wire.sessions.encourage()
        return result

    async def _by_grpc(self, attempts: Attempts, call: PreparedCall, progress: Progress | None, wire: _Wire) -> Result:
        if self._routes.by_stream(call):
            return await self._by_stream(attempts, call, progress)
        result = read_unary(await wire.unary(call, attempts.left_s()), call)
        if progress:
            progress(call.template.grid.points, call.template.grid.points)
        return result

    async def wait_ready(self, *, timeout: float | None = None) -> None:
        """Returns when the server is there and has a warm worker; see `gridgrad.Client.wait_ready`."""
        attempts = self._attempts(timeout)
        while True:
            try:
                check_serving(await self._plain(HEALTH_METHOD, attempts.left_s(), retries=0), self._settings.target)
            except UnavailableError:
                left_s = attempts.left_s()
                if left_s is not None and left_s <= HEALTH_POLL_S:
                    raise
                await asyncio.sleep(HEALTH_POLL_S)
            else:
                return

    async def close(self) -> None:
        """Ends the connection; calls that are under way are cancelled. Closing twice does nothing."""
        self._closed = True
        if self._wire is not None:
            await self._wire.sessions.close()
            await self._wire.channel.close()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<gridgrad.aio.Client of {self._settings.target}{', closed' if self._closed else ''}>"

    def _attempts(self, timeout: float | None, retries: int | None = None) -> Attempts:
        if self._closed:
            raise failures.closed()
        check_process(self._process_id)
        allowed = self._settings.retries if retries is None else retries
        return Attempts(allowed, timeout_of(timeout, self._settings.timeout_s))

    def _connected(self) -> _Wire:
        """The channel, which belongs to the loop that is running when it is made."""
        loop = asyncio.get_running_loop()
        if self._wire is None:
            self._wire = _Wire(self._settings, loop)
        if self._wire.loop is not loop:
            raise RequestError("client", "used in another event loop than before", "make a client in each loop")
        return self._wire

    async def _retried(self, attempts: Attempts, once: Callable[..., Awaitable[T]], *arguments: object) -> T:
        while True:
            try:
                return await once(attempts, *arguments)
            except failures.FOREIGN as raised:
                failure = failures.of(raised, self._settings.target, attempts.timeout_s)
            await asyncio.sleep(attempts.wait_s(failure))

    async def _plain(
        self, path: str, timeout: float | None, *, retries: int | None = None, message: Message | None = None
    ) -> bytes:
        attempts, wire = self._attempts(timeout, retries), self._connected()
        raw = message.SerializeToString() if message else b""

        def once(attempts: Attempts) -> Awaitable[bytes]:
            return wire.plain(path, raw, attempts.left_s())

        return await self._retried(attempts, once)

    async def _by_stream(self, attempts: Attempts, call: PreparedCall, progress: Progress | None) -> Result:
        answers = self._open_whole(call, attempts.left_s())
        assembly, result = Assembly(call, progress), None
        try:
            async for raw in answers:
                result = assembly.feed(read_message(raw)) or result
        finally:
            answers.cancel()
        if result is None:
            raise failures.StreamEnded
        return result

    def _open_whole(self, call: PreparedCall, timeout_s: float | None) -> Any:
        return self._connected().open_whole(call, timeout_s)

    def _open_stream(self, messages: AsyncIterator[bytes], timeout_s: float | None) -> Any:
        return self._connected().open_stream(messages, timeout_s)


class _Wire:
    """The channel and its methods."""

    def __init__(self, settings: ConnectionSettings, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.channel = _open(settings)
        self._metadata = grpc.aio.Metadata(*settings.metadata)  # which gRPC would make of it for each call
        self.sessions = Sessions(self._open_session, settings)
        # Without serializers these take and give bytes
        self._unary: Unary = self.channel.unary_unary(GRID_GRADIENT.path)
        # One request and many answers are on the wire what the bidirectional method expects
        self._whole: UnaryStream = self.channel.unary_stream(STREAM_GRID_GRADIENTS.path)
        self._many: StreamStream = self.channel.stream_stream(STREAM_GRID_GRADIENTS.path)

    async def _open_session(self, timeout_s: float) -> bytes:
        return await self.plain(OPEN_SESSION.path, b"", timeout_s)

    async def plain(self, path: str, raw: bytes, timeout_s: float | None) -> bytes:
        method: Unary = self.channel.unary_unary(path)
        return await method(raw, timeout=timeout_s, metadata=self._metadata)

    def unary(self, call: PreparedCall, timeout_s: float | None) -> Awaitable[bytes]:
        return self._unary(call.message, timeout=timeout_s, metadata=self._metadata)

    def open_whole(self, call: PreparedCall, timeout_s: float | None) -> Any:
        return self._whole(stream_message(1, [call]), timeout=timeout_s, metadata=self._metadata)

    def open_stream(self, messages: AsyncIterator[bytes], timeout_s: float | None) -> Any:
        return self._many(messages, timeout=timeout_s, metadata=self._metadata)


def _open(settings: ConnectionSettings) -> grpc.aio.Channel:
    if settings.credentials is None:
        return grpc.aio.insecure_channel(settings.target, settings.options)
    return grpc.aio.secure_channel(settings.target, settings.credentials, settings.options)
