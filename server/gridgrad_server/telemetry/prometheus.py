"""Metrics for Prometheus, at an HTTP port of their own: the snapshot of the server in the words of prometheus_client.

The HTTP server has threads of its own, and the snapshot is taken in the loop: a scrape asks the loop for it, which
takes it between two events, so that no count is seen half done and no lock stands in the way of a call.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable, Iterator
from threading import Thread
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gridgrad_core.errors import ForbiddenError, RefusedError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.enums import STATUS_NAMES
from gridgrad_server.access.access_control import AccessControl, Credentials, check_allowed, unknown_token
from gridgrad_server.access.rules import METRICS_RULE
from gridgrad_server.connections.listen import ListenError, parts_of

if TYPE_CHECKING:
    from wsgiref.simple_server import WSGIServer
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["PrometheusExporter", "families", "guarded", "page"]

_ANSWER_WITHIN_S = 10.0

Status = Callable[[], pb.GetServerStatusResponse]


class PrometheusExporter(Collector):
    """Serves the metrics until it is closed.

    Args:
        address: HOST:PORT to listen on; port 0 takes a free one.
        status: how the server is doing; called in the loop.
        access: knows who may see it; None for anyone.

    Attributes:
        address: where it listens.

    Raises:
        ListenError: the address can't be listened on.
    """

    def __init__(self, address: str, status: Status, access: AccessControl | None = None) -> None:
        self._status = status
        self._access = access
        self._loop = asyncio.get_running_loop()
        self._server, self._thread = self._listen(address)
        self.address = f"{parts_of(address)[0]}:{self._server.server_port}"

    def _listen(self, address: str) -> tuple[WSGIServer, Thread]:
        host, port = parts_of(address)
        registry = CollectorRegistry()
        try:
            server, thread = start_http_server(port, host.strip("[]"), registry)
        except OSError as error:
            raise ListenError(f"can't listen on {address} for --metrics: {error.strerror}") from None
        page = server.get_app()
        server.set_app(guarded(page, self._access) if page and self._access else page)
        ProcessCollector(registry=registry)  # there is nothing to see before the guard stands
        registry.register(self)
        return server, thread

    def describe(self) -> list[Metric]:
        """Says nothing beforehand, so that registering asks for no status."""
        return []

    def collect(self) -> Iterator[Metric]:
        """What a scrape gets; called in a thread of the HTTP server."""
        return families(asyncio.run_coroutine_threadsafe(self._seen(), self._loop).result(_ANSWER_WITHIN_S))

    async def _seen(self) -> pb.GetServerStatusResponse:
        return self._status()

    async def close(self) -> None:
        """Stops listening. The loop goes on meanwhile, since a scrape may be waiting for it."""
        await asyncio.to_thread(self._server.shutdown)
        self._server.server_close()
        await asyncio.to_thread(self._thread.join)


def guarded(page: WSGIApplication, access: AccessControl) -> WSGIApplication:
    """A page of HTTP that asks for a token with the role `metrics`.

    Args:
        page: what it shows.
        access: knows the tokens; asked in threads of the HTTP server.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        refusal = _refusal(environ, access)
        if refusal is None:
            return page(environ, start_response)
        kind = "403 Forbidden" if isinstance(refusal, ForbiddenError) else "401 Unauthorized"
        start_response(kind, [("Content-Type", "text/plain; charset=utf-8"), ("WWW-Authenticate", "Bearer")])
        return [f"{refusal}\n".encode()]

    return answer


def _refusal(environ: WSGIEnvironment, access: AccessControl) -> RefusedError | None:
    given = environ.get("HTTP_AUTHORIZATION")
    shown, source = Credentials([given] if given else []), environ.get("REMOTE_ADDR", "")
    try:
        grant = access.grant_of(shown)
        if grant is None:
            if access.wrong_tokens.wait_in_thread(source):
                grant = access.grant_of(shown, may_verify=True)
            if grant is None:
                return unknown_token()
            access.wrong_tokens.was_right(source)
        check_allowed(grant, METRICS_RULE)
    except RefusedError as error:
        return error
    return None


class _Families(Collector):
    def __init__(self, status: pb.GetServerStatusResponse) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        return families(self._status)


def page(status: pb.GetServerStatusResponse) -> bytes:
    """The metrics of a status and of this process, as Prometheus reads them."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Families(status))
    return generate_latest(registry)


def families(status: pb.GetServerStatusResponse) -> Iterator[Metric]:
    """The metrics of a status."""
    yield _gauge("gridgrad_info", "The version of the server.", {"version": status.version}, 1)
    yield _gauge("gridgrad_up_seconds", "Seconds since the server started.", {}, status.up_s)
    yield _gauge("gridgrad_draining", "1 while the server shuts down.", {}, status.draining)
    yield from _load(status.load)
    yield from _workers(status)
    yield from _counts(status)
    yield from _principals(status)
    yield _histogram("gridgrad_queue_seconds", "Time from arrival to the beginning of the computation.", status.queue_s)
    yield _histogram("gridgrad_compute_seconds", "Time that batches took to compute.", status.compute_s)
    yield _histogram(
        "gridgrad_batch_size", "Grids, or pieces of large ones, that were computed together.", status.batch_size
    )


def _load(load: pb.Load) -> Iterator[Metric]:
    for name, text, value in (
        ("gridgrad_queued_requests", "Requests that wait for a worker, or whose next piece does.", load.queued),
        ("gridgrad_held_requests", "Requests accepted and not yet answered to the end.", load.entries),
        ("gridgrad_held_requests_limit", "The most of these: --queue-entries.", load.most_entries),
        ("gridgrad_held_bytes", "Bytes of requests and results held for them.", load.held_bytes),
        ("gridgrad_held_bytes_limit", "The most of these: --queue-bytes.", load.most_held_bytes),
        ("gridgrad_streams", "Open calls of StreamGridGradients.", load.streams),
        ("gridgrad_sessions", "Open sessions.", load.sessions),
        ("gridgrad_session_bytes", "Bytes of memory that sessions take.", load.session_bytes),
        ("gridgrad_session_bytes_limit", "The most of these: --session-bytes.", load.most_session_bytes),
        ("gridgrad_lanes", "Sessions that have a lane to a worker.", load.lanes),
        ("gridgrad_kept_arrays", "Arrays that are kept by their SHA-256.", load.kept_arrays),
        ("gridgrad_kept_array_bytes", "Bytes of these.", load.kept_array_bytes),
        ("gridgrad_kept_array_bytes_limit", "The most of these: --array-bytes.", load.most_kept_array_bytes),
        ("gridgrad_waiting_batches", "Batches that wait for a worker that has room.", load.waiting_batches),
        ("gridgrad_workers_wanted", "Workers that there should be now.", load.wanted_workers),
        ("gridgrad_workers_limit", "The most of these: --max-workers, or --workers.", load.most_workers),
    ):
        yield _gauge(name, text, {}, value)


def _workers(status: pb.GetServerStatusResponse) -> Iterator[Metric]:
    ready = GaugeMetricFamily("gridgrad_worker_ready", "1 if the worker takes batches.", labels=["worker", "device"])
    batches = GaugeMetricFamily(
        "gridgrad_worker_batches",
        "Batches that the worker has: one that it computes, one that waits.",
        labels=["worker"],
    )
    restarts = CounterMetricFamily("gridgrad_worker_restarts", "How often the worker was replaced.", labels=["worker"])
    expressions = GaugeMetricFamily(
        "gridgrad_worker_expressions", "Expressions that the worker knows.", labels=["worker", "state"]
    )
    for worker in status.workers:
        name = str(worker.number)
        ready.add_metric([name, worker.device], worker.ready)
        batches.add_metric([name], worker.batches)
        restarts.add_metric([name], worker.restarts)
        expressions.add_metric([name, "compiled"], worker.compiled)
        expressions.add_metric([name, "uncompiled"], worker.uncompiled)
    yield from (ready, batches, restarts, expressions)


def _counts(status: pb.GetServerStatusResponse) -> Iterator[Metric]:
    requests = CounterMetricFamily("gridgrad_requests", "Requests answered, each grid of a stream counted.",
                                   labels=["via", "code"])  # fmt: skip
    for answer in status.answers:
        requests.add_metric([answer.via, STATUS_NAMES[answer.code]], answer.count)
    grids = CounterMetricFamily(
        "gridgrad_grids", "Grids, or pieces of large ones, that were computed.", labels=["engine", "tier"]
    )
    points = CounterMetricFamily("gridgrad_points", "Grid points computed.", labels=["engine", "tier"])
    for computed in status.computed:
        grids.add_metric([computed.engine, computed.tier], computed.grids)
        points.add_metric([computed.engine, computed.tier], computed.points)
    yield from (requests, grids, points)


def _principals(status: pb.GetServerStatusResponse) -> Iterator[Metric]:
    labels = ["principal"]
    gauges = [
        (GaugeMetricFamily(f"gridgrad_principal_{name}", text, labels=labels), field)
        for name, text, field in (
            ("held_requests", "Requests of the principal that are under way.", "requests"),
            ("held_bytes", "Bytes held for them.", "held_bytes"),
            ("sessions", "Sessions that it has open.", "sessions"),
            ("kept_array_bytes", "Bytes of arrays that are kept for it.", "kept_array_bytes"),
        )
    ]
    counters = [
        (CounterMetricFamily(f"gridgrad_principal_{name}", text, labels=labels), field)
        for name, text, field in (
            ("requests", "Requests of the principal that were let in.", "total_requests"),
            ("cost", "Their cost: points x components x (1 + derivatives).", "total_cost"),
            ("refused", "How often it was over a limit of its own.", "refused"),
        )
    ]
    metrics: list[tuple[GaugeMetricFamily | CounterMetricFamily, str]] = [*gauges, *counters]
    for metric, field in metrics:
        for each in status.principals:
            metric.add_metric([each.principal], getattr(each, field))
        yield metric


def _gauge(name: str, text: str, labels: dict[str, str], value: float) -> Metric:
    gauge = GaugeMetricFamily(name, text, labels=[*labels])
    gauge.add_metric([*labels.values()], value)
    return gauge


def _histogram(name: str, text: str, distribution: pb.Distribution) -> Metric:
    bounds = [*map(repr, distribution.bounds), "+Inf"]
    totals = itertools.accumulate(distribution.counts)
    return HistogramMetricFamily(name, text, buckets=[*zip(bounds, totals, strict=True)], sum_value=distribution.sum)
