"""The service: which handler answers which method, on raw bytes."""

from __future__ import annotations

from typing import Any

import grpc

from gridgrad_core.errors import GridgradError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from gridgrad_server.local_sessions.manager import SessionManager
from gridgrad_server.requests.client_id import caller_of
from gridgrad_server.requests.decode import decode
from gridgrad_server.rpc.errors import abort
from gridgrad_server.rpc.introspection import IntrospectionCalls
from gridgrad_server.rpc.stream import StreamCalls
from gridgrad_server.rpc.unary import UnaryCalls

__all__ = ["GridgradService"]

Context = grpc.aio.ServicerContext[Any, Any]


class GridgradService(grpc.GenericRpcHandler):
    """The methods of the service.

    Args:
        unary: answers calls for one small grid.
        streams: answer streams of requests.
        introspection: answers what computes nothing.
        sessions: opens sessions.
    """

    def __init__(
        self, unary: UnaryCalls, streams: StreamCalls, introspection: IntrospectionCalls, sessions: SessionManager
    ) -> None:
        self._sessions = sessions
        self._handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            methods.GRID_GRADIENT.path: grpc.unary_unary_rpc_method_handler(unary.serve),
            methods.STREAM_GRID_GRADIENTS.path: grpc.stream_stream_rpc_method_handler(streams.serve),
            methods.LIST_FUNCTIONS.path: grpc.unary_unary_rpc_method_handler(introspection.list_functions),
            methods.SERVER_INFO.path: grpc.unary_unary_rpc_method_handler(introspection.server_info),
            methods.SERVER_STATUS.path: grpc.unary_unary_rpc_method_handler(introspection.server_status),
            methods.PREPARE.path: grpc.unary_unary_rpc_method_handler(introspection.prepare),
            methods.EXPLAIN.path: grpc.unary_unary_rpc_method_handler(introspection.explain),
            methods.OPEN_SESSION.path: grpc.unary_unary_rpc_method_handler(self._open_session),
        }

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Finds the handler of a call."""
        return self._handlers.get(details.method)

    async def _open_session(self, raw: bytes, context: Context) -> bytes:
        try:
            decode(pb.OpenSessionRequest, raw)
            return self._sessions.open(caller_of(context)).SerializeToString()
        except GridgradError as error:
            await abort(context, error)
