"""The gate: no call reaches its handler without the credentials that the rule of its method asks for.

It stands before the message, since all handlers read theirs themselves: what has come of one until then is a window of
HTTP/2, and callers without credentials can't make the server hold more.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import grpc

from gridgrad_core.errors import GridgradError
from gridgrad_core.system.logging import fields
from gridgrad_server.access.access_control import AccessControl, Credentials, check_allowed, unknown_token
from gridgrad_server.access.grants import GRANT, Grant
from gridgrad_server.access.rules import ANYONE, Rule, rule_of
from gridgrad_server.access.wrong_tokens import source_of
from gridgrad_server.connections.ending import Context
from gridgrad_server.rpc.errors import abort

__all__ = ["AccessGate"]

log = logging.getLogger("gridgrad.server")

_HEADER = "authorization"
_CERTIFICATE = "x509_pem_cert"

if TYPE_CHECKING:  # grpc's own classes take no parameters at run time
    Handler = grpc.RpcMethodHandler[Any, Any]
Behaviour = Callable[[Any, Context], Awaitable[Any]]


class AccessGate(grpc.GenericRpcHandler):
    """Intercepts all calls on their way to a service. It stands in its place, so that what is behind the gate is made
    once for each method; an interceptor of gRPC's is asked anew for each call.

    Args:
        service: has the handlers.
        access: knows the credentials.
        closed_health: whether the health service needs some too.
    """

    def __init__(self, service: grpc.GenericRpcHandler, access: AccessControl, closed_health: bool) -> None:
        self._service = service
        self._access = access
        self._closed_health = closed_health
        self._known: dict[str, Handler] = {}

    def service(self, details: grpc.HandlerCallDetails) -> Handler:
        """The handler of a call, behind the gate."""
        return self._known.get(details.method) or self._found(details)

    def _found(self, details: grpc.HandlerCallDetails) -> Handler:
        handler = self._service.service(details)
        if handler is None:
            return grpc.stream_stream_rpc_method_handler(self._guarded(_unimplemented, None, details.method))
        rule = rule_of(details.method, closed_health=self._closed_health)
        if rule is not ANYONE:
            handler = self._behind(handler, rule, details.method)
        self._known[details.method] = handler  # there are as many as the service has
        return handler

    def _behind(self, handler: Handler, rule: Rule, method: str) -> Handler:
        if handler.response_streaming:
            return grpc.stream_stream_rpc_method_handler(self._guarded(_coroutine(handler.stream_stream), rule, method))
        return grpc.stream_unary_rpc_method_handler(self._guarded(_coroutine(handler.stream_unary), rule, method))

    def _guarded(self, behaviour: Behaviour, rule: Rule | None, method: str) -> Behaviour:
        async def serve(messages: Any, context: Context) -> Any:
            await self.enter(context, rule, method)
            return await behaviour(messages, context)

        return serve

    async def enter(self, context: Context, rule: Rule | None, method: str) -> None:
        """Takes the grant of a call, or aborts it.

        Args:
            context: of the call.
            rule: of which it needs a role; None for any.
            method: as the log names it.
        """
        try:
            grant = await self._let_in(context, rule)
        except GridgradError as error:
            said = fields(method=method, source=source_of(context.peer()), why=error.found)
            log.warning("denied", extra=said)
            await abort(context, error)
        GRANT.set(grant)

    async def _let_in(self, context: Context, rule: Rule | None) -> Grant:
        """The grant of a call.

        Raises:
            RefusedError: it has none.
            ForbiddenError: it has none for this method.
        """
        access, shown = self._access, self._shown(context)
        grant = access.grant_of(shown)
        if grant is None:
            source = source_of(context.peer())
            if await access.wrong_tokens.wait(source):
                grant = access.grant_of(shown, may_verify=True)
            if grant is None:
                raise unknown_token()
            access.wrong_tokens.was_right(source)
        if rule is not None:
            check_allowed(grant, rule)
        return grant

    def _shown(self, context: Context) -> Credentials:
        values = [value for key, value in context.invocation_metadata() or () if key == _HEADER]
        if not self._access.by_certificate:
            return Credentials(values)
        certificates = context.auth_context().get(_CERTIFICATE, ())
        return Credentials(values, next(iter(certificates), None))


def _coroutine(behaviour: Any) -> Behaviour:
    """What a handler does, which may be a generator of messages, as a coroutine that writes them."""
    if not inspect.isasyncgenfunction(behaviour):
        coroutine: Behaviour = behaviour
        return coroutine

    async def serve(given: Any, context: Context) -> None:
        async for message in behaviour(given, context):
            await context.write(message)

    return serve


async def _unimplemented(_: object, context: Context) -> None:
    await context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")
