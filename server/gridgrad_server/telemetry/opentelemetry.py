"""Traces by OpenTelemetry: the standard spans of calls, and within them the queue, the batches and the computing.

The spans within a call are made when it is computed, from the times that are taken anyway. A call in a session, which
gRPC knows nothing of, gets a span of its own around them. Where they go, and which are kept, say the variables that
OpenTelemetry defines: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import grpc
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.grpc import aio_server_interceptor, filters
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from gridgrad_core.version import __version__
from gridgrad_core.wire import methods
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.scheduling.batch import Batch
from gridgrad_server.scheduling.observer import CANCELLED, OK, given_up
from gridgrad_server.scheduling.request import GridRequest
from gridgrad_server.telemetry.sender import SpanSender

__all__ = ["MOST_BATCHES", "TraceObserver"]

Application = Callable[[Any, Any, Any], Awaitable[None]]

MOST_BATCHES = 32
"""Of one request that get spans; a large grid has thousands of tiles."""

_LAST_SPANS_S = 5.0
_CALLED_BY_HTTP = {"/v1/gradient", *(method.path for method in methods.METHODS)}


class _Computing(NamedTuple):
    """A batch that a request had a tile in; times by time.monotonic."""

    started_at: float
    ended_at: float
    compute_s: float
    size: int


class _Trace:
    """What a request's spans are made of.

    Args:
        context: of its call; None in a session.
    """

    __slots__ = ("batches", "context")

    def __init__(self, context: Context | None) -> None:
        self.context = context
        self.batches: list[_Computing] = []


class TraceObserver:
    """An observer that sends spans.

    Attributes:
        interceptors: those of the server.
    """

    def __init__(self) -> None:
        own = Resource.create({"service.name": "gridgrad", "service.version": __version__})
        self._provider = TracerProvider(resource=own.merge(OTELResourceDetector().detect()))
        self._sender = SpanSender(OTLPSpanExporter())
        self._provider.add_span_processor(BatchSpanProcessor(self._sender))
        self._tracer = self._provider.get_tracer("gridgrad", __version__)
        own_methods = filters.service_name(methods.SERVICE)
        self.interceptors: list[grpc.aio.ServerInterceptor] = [
            aio_server_interceptor(self._provider, own_methods),  # type: ignore[no-untyped-call] # it has no types
            _Endings(),
        ]

    def around(self, app: Application) -> Application:
        """An application of ASGI of which calls have spans; what asks for pages, health or metrics has none.

        Args:
            app: answers all of it.
        """
        from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware

        spanned = OpenTelemetryMiddleware(
            app, default_span_details=_span_of, tracer_provider=self._provider, exclude_spans=["receive", "send"]
        )

        async def traced(scope: Any, receive: Any, send: Any) -> None:
            answer = spanned if scope["path"] in _CALLED_BY_HTTP else app
            await answer(scope, receive, send)

        return traced

    def arrived(self, request: GridRequest) -> None:
        """Remembers the call that a request belongs to, if its span is kept."""
        span = trace.get_current_span()
        if span.is_recording():
            request.trace = _Trace(trace.set_span_in_context(span))
        elif not span.get_span_context().is_valid:
            request.trace = _Trace(None)

    def answered(self, via: str, code: int, grids: int) -> None:
        """Sends nothing: the span of a call has its status."""

    def cut_off(self, request: GridRequest, code: int) -> None:
        """Sends the span of a call in a session that was cut off or failed, with its status."""
        if isinstance(request.trace, _Trace) and request.trace.context is None:
            self._send(request, request.trace, time.monotonic(), code)

    def computed(self, batch: Batch, done: wpb.BatchDone) -> None:
        """Sends the spans of the requests that a batch completes."""
        now = time.monotonic()
        computing = _Computing(batch.started_at or now, now, done.compute_s, batch.grids)
        for request, _ in batch.items:
            if isinstance(request.trace, _Trace):
                if len(request.trace.batches) < MOST_BATCHES:
                    request.trace.batches.append(computing)
                if request.progress.all_computed:
                    self._send(request, request.trace, now)

    def computed_in_lane(self, calls: int, points: int, seconds: float) -> None:
        """Sends nothing: where there are spans there are no lanes."""

    def _send(self, request: GridRequest, kept: _Trace, now: float, code: int = OK) -> None:
        request.trace = None  # it is sent once
        epoch_ns = time.time_ns() - time.monotonic_ns()  # whole numbers: a float of such size is off by 128 ns
        start = self._tracer.start_span
        root, arrived_ns = None, epoch_ns + _ns(request.arrived_at)
        if kept.context is None:
            said = {"rpc.grpc.status_code": code}
            root = start("session/GridGradient", Context(), trace.SpanKind.SERVER, said, start_time=arrived_ns)
            kept.context = trace.set_span_in_context(root)
        queue = start("queue", kept.context, start_time=arrived_ns)
        queue.end(arrived_ns + _ns(request.info.queue_s) if kept.batches else epoch_ns + _ns(now))
        for each in kept.batches:
            self._send_batch(each, request, kept.context, epoch_ns)
        if root:
            if code not in (OK, CANCELLED):  # the caller's will
                root.set_status(trace.StatusCode.ERROR)
            root.end(epoch_ns + _ns(now))

    def _send_batch(self, each: _Computing, request: GridRequest, context: Context, epoch_ns: int) -> None:
        by = request.info.computed_by
        attributes: dict[str, str | int] = {
            "gridgrad.batch_size": each.size,
            "gridgrad.device": by.device,
            "gridgrad.engine": by.engine,
            "gridgrad.function": request.template.function.key.identity,
            "gridgrad.grids": request.template.layout.grids,
            "gridgrad.points": request.template.layout.points,
            "gridgrad.tier": by.tier,
        }
        start_ns, end_ns = epoch_ns + _ns(each.started_at), epoch_ns + _ns(each.ended_at)
        batch = self._tracer.start_span("batch", context, attributes=attributes, start_time=start_ns)
        compute = self._tracer.start_span("compute", trace.set_span_in_context(batch), start_time=start_ns)
        compute.end(min(end_ns, start_ns + _ns(each.compute_s)))
        batch.end(end_ns)

    async def close(self) -> None:
        """Sends what is left, and ends; a collector that takes nothing is not waited for."""
        ending = asyncio.create_task(asyncio.to_thread(self._provider.shutdown))
        await asyncio.wait([ending], timeout=_LAST_SPANS_S if self._sender.works else 0)
        self._sender.give_up()
        await ending


def _span_of(scope: Any) -> tuple[str, dict[str, str]]:
    return f"{scope['method']} {scope['path']}", {"http.route": scope["path"]}


def _ns(seconds: float) -> int:
    return round(1e9 * seconds)


class _Endings(grpc.aio.ServerInterceptor):
    """Has the spans of calls end with the right status, and without tracebacks of what is no fault.

    The standard takes a call that is cut off for one that went well, and a refusal for an exception; and it takes
    asynchronous generators alone for streams, where ours write by their context.
    """

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Finds the handler of a call."""
        handler = await continuation(handler_call_details)
        if handler is None or not handler_call_details.method.startswith(f"/{methods.SERVICE}/"):
            return handler
        if not handler.response_streaming:
            return grpc.stream_unary_rpc_method_handler(_ending(handler.stream_unary))
        answered = _ending(handler.stream_stream)

        async def generator(requests: Any, context: Any) -> AsyncIterator[bytes]:
            await answered(requests, context)
            nothings: tuple[bytes, ...] = ()
            for nothing in nothings:
                yield nothing

        return grpc.stream_stream_rpc_method_handler(generator)


def _ending(handler: Callable[[Any, Any], Awaitable[Any]]) -> Callable[[Any, Any], Awaitable[Any]]:
    async def ended(requests: Any, context: Any) -> Any:
        try:
            return await handler(requests, context)
        except grpc.aio.AbortError:
            return None  # the span has the status already, and gRPC ends the call with it by itself
        except asyncio.CancelledError:
            number = given_up(context.time_remaining())
            context.set_code(next(code for code in grpc.StatusCode if code.value[0] == number))
            raise

    return ended
