"""The channel of a client: the methods of the server that it calls, as bytes in and bytes out."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Awaitable
from typing import TYPE_CHECKING, Any

import grpc.aio

from gridgrad.aio.pool import SessionPool
from gridgrad.aio.primitives import metadata_of, open_channel
from gridgrad.protocol.options import ConnectionSettings
from gridgrad.requests.prepare import PreparedCall, stream_message
from gridgrad_core.wire.methods import GRID_GRADIENT, OPEN_SESSION, STREAM_GRID_GRADIENTS

__all__ = ["ServiceChannel"]

if TYPE_CHECKING:  # grpc's own classes take no parameters at run time
    Unary = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
    UnaryStream = grpc.aio.UnaryStreamMultiCallable[bytes, bytes]
    StreamStream = grpc.aio.StreamStreamMultiCallable[bytes, bytes]


class ServiceChannel:
    """The channel of one client, and the sessions that stand beside it.

    Args:
        settings: where it goes, and how.

    Attributes:
        sessions: those with the server, if it is on this machine.
    """

    def __init__(self, settings: ConnectionSettings) -> None:
        self._channel = open_channel(settings)
        self._metadata: Any = metadata_of(settings)
        self.sessions = SessionPool(functools.partial(_open_session, self._channel, self._metadata), settings)
        # Without serializers these take and give bytes
        self._unary: Unary = self._channel.unary_unary(GRID_GRADIENT.path)
        # One request and many answers are on the wire what the bidirectional method expects
        self._whole: UnaryStream = self._channel.unary_stream(STREAM_GRID_GRADIENTS.path)
        self._many: StreamStream = self._channel.stream_stream(STREAM_GRID_GRADIENTS.path)

    async def plain(self, path: str, raw: bytes, timeout_s: float | None) -> bytes:
        """Calls a method that takes and gives one message."""
        method: Unary = self._channel.unary_unary(path)
        return await method(raw, timeout=timeout_s, metadata=self._metadata)

    def unary(self, call: PreparedCall, timeout_s: float | None) -> Awaitable[bytes]:
        """Asks for one grid in one message."""
        return self._unary(call.message, timeout=timeout_s, metadata=self._metadata)

    def open_whole(self, call: PreparedCall, timeout_s: float | None) -> Any:
        """Asks for one grid of any size; gives the messages of the answer."""
        return self._whole(stream_message(1, [call]), timeout=timeout_s, metadata=self._metadata)

    def open_stream(self, messages: AsyncIterator[bytes], timeout_s: float | None) -> Any:
        """Asks for many grids; gives the messages of the answers."""
        return self._many(messages, timeout=timeout_s, metadata=self._metadata)

    async def close(self) -> None:
        """Ends sessions and channel; calls that are under way are cancelled."""
        await self.sessions.close()
        await self._channel.close()


async def _open_session(channel: grpc.aio.Channel, metadata: Any, timeout_s: float) -> bytes:
    method: Unary = channel.unary_unary(OPEN_SESSION.path)
    return await method(b"", timeout=timeout_s, metadata=metadata)
