"""The services: which handler answers which method, on raw bytes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import grpc

from gridgrad_core.errors import GridgradError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from gridgrad_server.connections.arrivals import Arrivals
from gridgrad_server.connections.ending import Context
from gridgrad_server.connections.unread import UnreadAnswers
from gridgrad_server.local_sessions.manager import SessionManager
from gridgrad_server.requests.client_id import caller_of
from gridgrad_server.requests.decode import decode
from gridgrad_server.rpc.errors import abort
from gridgrad_server.rpc.health import HEALTH, HealthCalls
from gridgrad_server.rpc.introspection import IntrospectionCalls
from gridgrad_server.rpc.reflection import REFLECTION, ReflectionCalls
from gridgrad_server.rpc.stream import StreamCalls
from gridgrad_server.rpc.unary import UnaryCalls

__all__ = ["GridgradService"]

T = TypeVar("T")


class GridgradService(grpc.GenericRpcHandler):
    """The methods of the service, and those of health and reflection.

    Args:
        unary: answers calls for one small grid.
        streams: answer streams of requests.
        introspection: answers what computes nothing.
        sessions: opens sessions.
        health: answers whether the server serves.
        reflection: answers what the service is.
        arrivals: the messages of unary calls.
        unread: ends calls whose answers are not taken.
        reads_health: whether calls of health have their message read. Where strangers may make them it is not, so that
            they can't have the server hold a large one: gRPC bounds messages of a server, not of a method.
    """

    def __init__(
        self,
        unary: UnaryCalls,
        streams: StreamCalls,
        introspection: IntrospectionCalls,
        sessions: SessionManager,
        health: HealthCalls,
        reflection: ReflectionCalls,
        arrivals: Arrivals,
        unread: UnreadAnswers,
        reads_health: bool,
    ) -> None:
        self._sessions = sessions
        self._arrivals = arrivals
        self._unread = unread
        asked = self._after_message if reads_health else _without_message
        self._handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            methods.GRID_GRADIENT.path: self._unary(unary.serve),
            methods.STREAM_GRID_GRADIENTS.path: grpc.stream_stream_rpc_method_handler(streams.serve),
            methods.LIST_FUNCTIONS.path: self._unary(introspection.list_functions),
            methods.SERVER_INFO.path: self._unary(introspection.server_info),
            methods.SERVER_STATUS.path: self._unary(introspection.server_status),
            methods.PREPARE.path: self._unary(introspection.prepare),
            methods.EXPLAIN.path: self._unary(introspection.explain),
            methods.OPEN_SESSION.path: self._unary(self._open_session),
            methods.DRAIN.path: self._unary(introspection.drain),
            f"/{HEALTH}/Check": grpc.stream_unary_rpc_method_handler(asked(self._answering(health.check))),
            f"/{HEALTH}/List": grpc.stream_unary_rpc_method_handler(asked(self._answering(health.list_services))),
            f"/{HEALTH}/Watch": grpc.stream_stream_rpc_method_handler(asked(health.watch)),
            f"/{REFLECTION}/ServerReflectionInfo": grpc.stream_stream_rpc_method_handler(reflection.serve),
        }

    def _unary(self, handler: Callable[[bytes, Context], Awaitable[bytes]]) -> grpc.RpcMethodHandler[Any, Any]:
        """A method of one message and one answer."""
        return grpc.stream_unary_rpc_method_handler(self._after_message(self._answering(handler)))

    def _answering(
        self, handler: Callable[[bytes, Context], Awaitable[bytes]]
    ) -> Callable[[bytes, Context], Awaitable[bytes]]:
        """Makes a handler whose answer is given up if nobody takes it."""

        async def answer(raw: bytes, context: Context) -> bytes:
            context.add_done_callback(self._unread.left)  # type: ignore[arg-type] # it gets the context
            answered = await handler(raw, context)
            self._unread.leaving(context)
            return answered

        return answer

    def _after_message(self, handler: Callable[[bytes, Context], Awaitable[T]]) -> Callable[..., Awaitable[T]]:
        """Makes a handler of one of a single message, which is read here, so that it can be given up."""

        async def serve(_: object, context: Context) -> T:
            try:
                raw = await self._arrivals.read(context)
            except GridgradError as error:
                await abort(context, error)
            return await handler(raw, context)

        return serve

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Finds the handler of a call."""
        return self._handlers.get(details.method)

    async def _open_session(self, raw: bytes, context: Context) -> bytes:
        try:
            decode(pb.OpenSessionRequest, raw)
            return self._sessions.open(caller_of(context)).SerializeToString()
        except GridgradError as error:
            await abort(context, error)


def _without_message(handler: Callable[[bytes, Context], Awaitable[T]]) -> Callable[..., Awaitable[T]]:
    """Makes a handler of one of a single message, which is given an empty one for whatever was sent."""

    async def serve(_: object, context: Context) -> T:
        return await handler(b"", context)

    return serve
