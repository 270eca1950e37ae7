"""Reflection, by the package of grpcio; questions are read here, so that bytes that are no message are refused."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import grpc
from grpc_reflection.v1alpha import reflection
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest

from gridgrad_core.errors import GridgradError, RequestError
from gridgrad_core.wire.methods import SERVICE
from gridgrad_server.connections.ending import Context
from gridgrad_server.connections.open_calls import OpenCalls
from gridgrad_server.connections.unread import UnreadAnswers
from gridgrad_server.requests.decode import decode
from gridgrad_server.rpc.errors import abort
from gridgrad_server.rpc.health import HEALTH

__all__ = ["REFLECTION", "ReflectionCalls"]

REFLECTION = reflection.SERVICE_NAME

_MOST_BYTES = 1 << 14
"""Of a question: it is repeated in the answer, and names of symbols are shorter."""


class ReflectionCalls:
    """The handler of ServerReflectionInfo.

    Args:
        streams: bounds how many there are.
        unread: ends those of which nothing is taken.
    """

    def __init__(self, streams: OpenCalls, unread: UnreadAnswers) -> None:
        self._streams = streams
        self._unread = unread
        self._servicer = reflection.aio.ReflectionServicer((SERVICE, HEALTH, REFLECTION))

    async def serve(self, _: object, context: Context) -> None:
        """Answers a call."""
        try:
            with self._streams.place(context):
                await self._answer(context)
        except GridgradError as error:
            await abort(context, error)
        except grpc.aio.InternalError:
            return  # a message could not be sent: the caller is gone

    async def _answer(self, context: Context) -> None:
        answers: Any = self._servicer.ServerReflectionInfo(_questions(context), context)
        async with contextlib.aclosing(answers):
            async for answer in answers:
                await self._unread.write(context, answer.SerializeToString())


async def _questions(context: Context) -> AsyncIterator[ServerReflectionRequest]:
    while (raw := await context.read()) is not grpc.aio.EOF:
        if len(raw) > _MOST_BYTES:
            raise RequestError("", f"a question of {len(raw)} bytes", f"send {_MOST_BYTES} bytes at most")
        yield decode(ServerReflectionRequest, raw)
