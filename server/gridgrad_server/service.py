"""The service: which handler answers which method, on raw bytes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import grpc

from gridgrad_core.errors import GridgradError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from gridgrad_server.connections.arrivals import Arrivals
from gridgrad_server.connections.ending import Context
from gridgrad_server.local_sessions.manager import SessionManager
from gridgrad_server.requests.client_id import caller_of
from gridgrad_server.requests.decode import decode
from gridgrad_server.rpc.errors import abort
from gridgrad_server.rpc.introspection import IntrospectionCalls
from gridgrad_server.rpc.stream import StreamCalls
from gridgrad_server.rpc.unary import UnaryCalls

__all__ = ["GridgradService"]


class GridgradService(grpc.GenericRpcHandler):
    """The methods of the service.

    Args:
        unary: answers calls for one small grid.
        streams: answer streams of requests.
        introspection: answers what computes nothing.
        sessions: opens sessions.
        arrivals: the messages of unary calls.
    """

    def __init__(
        self,
        unary: UnaryCalls,
        streams: StreamCalls,
        introspection: IntrospectionCalls,
        sessions: SessionManager,
        arrivals: Arrivals,
    ) -> None:
        self._sessions = sessions
        self._arrivals = arrivals
        self._handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            methods.GRID_GRADIENT.path: self._unary(unary.serve),
            methods.STREAM_GRID_GRADIENTS.path: grpc.stream_stream_rpc_method_handler(streams.serve),
            methods.LIST_FUNCTIONS.path: self._unary(introspection.list_functions),
            methods.SERVER_INFO.path: self._unary(introspection.server_info),
            methods.SERVER_STATUS.path: self._unary(introspection.server_status),
            methods.PREPARE.path: self._unary(introspection.prepare),
            methods.EXPLAIN.path: self._unary(introspection.explain),
            methods.OPEN_SESSION.path: self._unary(self._open_session),
        }

    def _unary(self, handler: Callable[[bytes, Context], Awaitable[bytes]]) -> grpc.RpcMethodHandler[Any, Any]:
        """A method of one message and one answer. Its message is read here, so that it can be given up."""

        async def serve(_: object, context: Context) -> bytes:
            try:
                raw = await self._arrivals.read(context)
            except GridgradError as error:
                await abort(context, error)
            return await handler(raw, context)

        return grpc.stream_unary_rpc_method_handler(serve)

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Finds the handler of a call."""
        return self._handlers.get(details.method)

    async def _open_session(self, raw: bytes, context: Context) -> bytes:
        try:
            decode(pb.OpenSessionRequest, raw)
            return self._sessions.open(caller_of(context)).SerializeToString()
        except GridgradError as error:
            await abort(context, error)
