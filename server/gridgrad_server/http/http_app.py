"""The application: which path is answered by what, behind the check of hosts and origins."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route, Router

from gridgrad_core.errors import GridgradError, MissingExtraError, RequestError
from gridgrad_core.extras import optional
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from gridgrad_server.access.rules import METRICS_RULE, Rule, rule_of
from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.connections.arrivals import Arrivals
from gridgrad_server.connections.ending import Context
from gridgrad_server.http.connect_calls import ConnectCalls
from gridgrad_server.http.endpoint import JSON, Bounds, Endpoint
from gridgrad_server.http.explorer_page import PAGE_FOLDER, answer_page
from gridgrad_server.http.gradient_route import GradientRoute, check_json, kind_of, nulls_of
from gridgrad_server.http.http_body import Receive
from gridgrad_server.http.http_call import MOST_JSON_BYTES, HttpCall, Scope, Send, request_id_of
from gridgrad_server.http.http_errors import CallEnded, connect_error, people_error
from gridgrad_server.http.openapi import described
from gridgrad_server.http.origins import KnownOrigins
from gridgrad_server.rpc.health import HEALTH, HealthCalls

__all__ = ["Enter", "HttpApp"]

Enter = Callable[[Context, Rule, str], Awaitable[None]]
"""Lets a call in, or ends it; see `AccessGate.enter`."""

_EXPOSED = ("gridgrad-components", "gridgrad-dims", "gridgrad-planes", "server-timing", "x-request-id", "retry-after")
_ASKED = ("authorization", "content-type", "content-encoding", "connect-protocol-version", "connect-timeout-ms",
          "gridgrad-client-id", "x-request-id")  # fmt: skip
_ALWAYS = [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store")]
_METRICS_PATH, _METRICS_KIND = "/metrics", "text/plain; version=0.0.4; charset=utf-8"
_READ = ("GET", "HEAD")


class HttpApp:
    """All that is served by HTTP, as an application of ASGI.

    Args:
        settings: of the server.
        enter: lets calls in; None where callers need no credentials.
        gradient: answers people.
        connect: answers the methods of the schema.
        arrivals: the bodies that are arriving.
        health: knows whether the server serves.
        status: how the server is doing.
    """

    def __init__(
        self,
        settings: ServerSettings,
        enter: Enter | None,
        gradient: GradientRoute,
        connect: ConnectCalls,
        arrivals: Arrivals,
        health: HealthCalls,
        status: Callable[[], pb.GetServerStatusResponse],
    ) -> None:
        self._settings = settings
        self._enter = enter
        self._gradient = gradient
        self._connect = connect
        self._arrivals = arrivals
        self._health = health
        self._status = status
        self._origins = KnownOrigins(settings.http or "", settings.http_host, settings.http_origin)
        router = Router(self._routes(), redirect_slashes=False, default=self._endpoint((), _no_path))
        self._app = self._with_cors(router)

    def _routes(self) -> Sequence[Route]:
        page = self._endpoint(_READ, answer_page)
        return [
            Route("/", page),
            Route(PAGE_FOLDER + "{name:path}", page),
            Route("/v1/gradient", self._endpoint(("POST",), self._answer_gradient)),
            Route(f"/{methods.SERVICE}/{{method}}", self._connect_endpoint()),
            Route("/healthz", self._endpoint(_READ, self._answer_health)),
            Route(_METRICS_PATH, self._endpoint(_READ, self._answer_metrics)),
            Route("/openapi.json", self._endpoint(_READ, self._answer_openapi)),
        ]

    def _endpoint(self, allowed: Sequence[str], answer: Callable[[HttpCall], Awaitable[None]]) -> Endpoint:
        most_bytes = min(MOST_JSON_BYTES, self._settings.message_bytes)
        return Endpoint(allowed, answer, Bounds(most_bytes, self._settings.stall_timeout))

    def _connect_endpoint(self) -> Endpoint:
        bounds = Bounds(self._settings.message_bytes, self._settings.stall_timeout)
        return Endpoint(("POST",), self._connect.answer, bounds, lambda ended, _: connect_error(ended))

    def _with_cors(self, app: Any) -> Any:
        if not self._settings.http_origin:
            return app
        return CORSMiddleware(
            app,
            allow_origins=self._settings.http_origin,
            allow_methods=("GET", "POST"),
            allow_headers=_ASKED,
            expose_headers=_EXPOSED,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        scope["request_id"] = request_id_of(scope)
        said = [*_ALWAYS, (b"x-request-id", scope["request_id"].encode())]

        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", ())
                given = {name for name, _ in headers}
                message["headers"] = [*headers, *(each for each in said if each[0] not in given)]
            await send(message)

        try:
            self._origins.check(scope)
        except GridgradError as error:
            await _refuse(HttpCall(scope, receive, send_with_headers, 0, 0.0), CallEnded.of(error))
            return
        await self._app(scope, receive, send_with_headers)

    async def _let_in(self, call: HttpCall, rule: Rule, method: str) -> None:
        if self._enter:
            await self._enter(call.context, rule, method)

    async def _answer_gradient(self, call: HttpCall) -> None:
        async with call.handled():
            kind, nulls = kind_of(call.headers.get("accept")), nulls_of(call.query)
            check_json(call)
            await self._let_in(call, rule_of(methods.GRID_GRADIENT.path), "/v1/gradient")
            raw = await self._arrivals.read(call.context)
            grid = await self._gradient.grid(raw, call, kind)
        await self._gradient.send(grid, call, kind, nulls)

    async def _answer_health(self, call: HttpCall) -> None:
        rule = rule_of(f"/{HEALTH}/Check", closed_health=self._settings.auth_health)
        if self._settings.auth_health:
            await self._let_in(call, rule, "/healthz")
        is_serving = self._health.is_serving
        text = json.dumps({"status": "SERVING" if is_serving else "NOT_SERVING"})
        await call.send(200 if is_serving else 503, JSON, [text.encode()])

    async def _answer_openapi(self, call: HttpCall) -> None:
        await call.send(200, JSON, [described()])

    async def _answer_metrics(self, call: HttpCall) -> None:
        if not self._settings.auth_open_metrics:
            await self._let_in(call, METRICS_RULE, _METRICS_PATH)
        try:
            optional("prometheus_client", "metrics")
        except MissingExtraError as error:
            raise CallEnded(12, str(error)) from None
        from gridgrad_server.telemetry.prometheus import page

        await call.send(200, _METRICS_KIND, [page(self._status())])


async def _no_path(call: HttpCall) -> None:
    remedy = "GET /openapi.json lists what there is, POST /v1/gradient first of all; the explorer is at /"
    raise CallEnded.of(RequestError("path", repr(call.path[:100]), remedy), status=404)


async def _refuse(call: HttpCall, ended: CallEnded) -> None:
    status, text = people_error(ended, call.request_id)
    await call.send(status, JSON, [text], ended.headers)
