"""The RPC handlers, on raw bytes: each answers its call, or ends it with the status of an error."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import grpc

from gridgrad_core.errors import GridgradError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.version import __version__
from gridgrad_core.wire import methods
from gridgrad_server.config.settings import Settings
from gridgrad_server.local_sessions.manager import Sessions
from gridgrad_server.requests.client_id import caller_of
from gridgrad_server.requests.decode import decode
from gridgrad_server.requests.function_key import Plan
from gridgrad_server.rpc import info as describe
from gridgrad_server.rpc.encode import UnaryResult
from gridgrad_server.rpc.errors import abort
from gridgrad_server.rpc.intake import Intake
from gridgrad_server.rpc.stream import Stream
from gridgrad_server.scheduling.entry import Entry
from gridgrad_server.scheduling.observer import OK, code_of, given_up
from gridgrad_server.telemetry.snapshot import Overview
from gridgrad_server.workers.pool import Workers

__all__ = ["Service"]

log = logging.getLogger("gridgrad.server")

Context = grpc.aio.ServicerContext[Any, Any]


class Service(grpc.GenericRpcHandler):
    """The methods of the service.

    Args:
        settings: of the server.
        intake: accepts requests.
        workers: compute them.
        sessions: opens sessions.

    Attributes:
        overview: how the server is doing.
    """

    def __init__(self, settings: Settings, intake: Intake, workers: Workers, sessions: Sessions) -> None:
        self._sessions = sessions
        self._settings = settings
        self._intake = intake
        self._workers = workers
        self._streams: set[Stream] = set()
        self.overview = Overview(settings, intake, workers, sessions, self._streams)
        self._handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            methods.GRID_GRADIENT.path: grpc.unary_unary_rpc_method_handler(self._grid_gradient),
            methods.STREAM_GRID_GRADIENTS.path: grpc.stream_stream_rpc_method_handler(self._stream),
            methods.LIST_FUNCTIONS.path: grpc.unary_unary_rpc_method_handler(self._list_functions),
            methods.SERVER_INFO.path: grpc.unary_unary_rpc_method_handler(self._server_info),
            methods.SERVER_STATUS.path: grpc.unary_unary_rpc_method_handler(self._server_status),
            methods.PREPARE.path: grpc.unary_unary_rpc_method_handler(self._prepare),
            methods.EXPLAIN.path: grpc.unary_unary_rpc_method_handler(self._explain),
            methods.OPEN_SESSION.path: grpc.unary_unary_rpc_method_handler(self._open_session),
        }

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Finds the handler of a call."""
        return self._handlers.get(details.method)

    def drain(self) -> None:
        """Lets open streams end once what they have accepted is answered."""
        for stream in self._streams:
            stream.drain()
        self._workers.tiers.changed()

    @property
    def open_streams(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    async def _grid_gradient(self, raw: bytes, context: Context) -> bytes:
        code: int | None = None
        try:
            answer = await self._computed(raw, context)
            code = OK
        except GridgradError as error:
            code = code_of(error)
            await abort(context, error)
        finally:
            if self._intake.observers:
                self._intake.observers.answered("unary", given_up(context.time_remaining()) if code is None else code)
        return answer

    async def _computed(self, raw: bytes, context: Context) -> bytes:
        self._intake.check_open()
        permit = self._intake.admission.take(len(raw))
        entry: Entry | None = None

        def ended(_: object) -> None:
            permit.give_back()
            if entry and not entry.ended:
                self._intake.cancel(entry)

        context.add_done_callback(ended)  # type: ignore[arg-type] # it gets the context
        remaining_s = context.time_remaining()
        deadline_at = None if remaining_s is None else time.monotonic() + remaining_s
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        asked = raw, UnaryResult(answer), caller_of(context), deadline_at
        entry = self._intake.known_entry_of(*asked) or await self._intake.entry_of(*asked)
        self._intake.check_unary(entry)
        permit.grow(self._intake.result_bytes(entry))
        self._intake.submit(entry)
        return await answer

    async def _stream(self, _: object, context: Context) -> None:
        try:
            self._intake.check_open()
        except GridgradError as error:
            await abort(context, error)
        stream = Stream(self._intake, context)
        self._streams.add(stream)
        try:
            failure = await stream.serve()
        except grpc.aio.InternalError:
            return  # a message could not be sent: the caller is gone
        finally:
            self._streams.discard(stream)
        if failure:
            await abort(context, failure)

    async def _list_functions(self, raw: bytes, context: Context) -> bytes:
        try:
            decode(pb.ListFunctionsRequest, raw)
            return describe.functions(self._workers.ready).SerializeToString()
        except GridgradError as error:
            await abort(context, error)

    async def _server_info(self, raw: bytes, context: Context) -> bytes:
        try:
            decode(pb.GetServerInfoRequest, raw)
            info = describe.server(__version__, self._workers.devices, self._settings)
            return info.SerializeToString()
        except GridgradError as error:
            await abort(context, error)

    async def _server_status(self, raw: bytes, context: Context) -> bytes:
        try:
            decode(pb.GetServerStatusRequest, raw)
            return self.overview.status().SerializeToString()
        except GridgradError as error:
            await abort(context, error)

    async def _prepare(self, raw: bytes, context: Context) -> bytes:
        arrived_at = time.monotonic()
        try:
            plan = await self._asked_about(decode(pb.PrepareRequest, raw).plan, len(raw), context)
            state = await self._workers.tiers.prepare(plan, self._intake.check_open)
        except GridgradError as error:
            await abort(context, error)
        return describe.prepared(plan, state, time.monotonic() - arrived_at).SerializeToString()

    async def _explain(self, raw: bytes, context: Context) -> bytes:
        try:
            plan = await self._asked_about(decode(pb.ExplainRequest, raw).plan, len(raw), context)
            explanation, state = await self._workers.tiers.explain(plan, self._intake.check_open)
            return describe.explained(plan, explanation, state).SerializeToString()
        except GridgradError as error:
            await abort(context, error)

    async def _asked_about(self, message: pb.Plan, size: int, context: Context) -> Plan:
        self._intake.check_open()
        permit = self._intake.admission.take(size)
        context.add_done_callback(lambda _: permit.give_back())  # type: ignore[arg-type] # it gets the context
        return await self._intake.plan(message)

    async def _open_session(self, raw: bytes, context: Context) -> bytes:
        try:
            decode(pb.OpenSessionRequest, raw)
            return self._sessions.open(caller_of(context)).SerializeToString()
        except GridgradError as error:
            await abort(context, error)
