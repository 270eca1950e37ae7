"""Traces from an instrumented caller through a real server to a collector, by the wire that OpenTelemetry defines."""

from __future__ import annotations

import http.client
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as collector_pb
from opentelemetry.proto.trace.v1 import trace_pb2

import gridgrad
from gridgrad_core.wire import methods
from tests.service.harness import PATIENCE_S, Running, eventually, running

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

CALLER = """
import asyncio
import sys

from opentelemetry import trace
from opentelemetry.instrumentation.grpc import GrpcAioInstrumentorClient, GrpcInstrumentorClient
from opentelemetry.sdk.trace import TracerProvider

trace.set_tracer_provider(TracerProvider())
GrpcInstrumentorClient().instrument()
GrpcAioInstrumentorClient().instrument()

import gridgrad
import gridgrad.aio

SMALL = {"t": [1.0, 2.0], "k": [3.0]}
LARGE = {"t": gridgrad.linspace(0, 1, 2000), "k": gridgrad.linspace(0, 1, 500)}
MANY = [{"t": [float(n)], "k": [1.0]} for n in range(20)]


def ids():
    context = trace.get_current_span().get_span_context()
    print(f"{context.trace_id:032x}", flush=True)


async def ask(address):
    async with gridgrad.aio.Client(address, sessions=False) as client:
        assert (await client.gradient("t*k", SMALL)).value.shape == (2, 1)
        assert (await client.gradient("t*k", LARGE)).value.shape == (2000, 500)
        assert len([result async for result in client.map("t*k", MANY)]) == 20
        assert [window async for window in client.windows("t*k", LARGE)]


tracer = trace.get_tracer("caller")
with tracer.start_as_current_span("caller"), gridgrad.Client(sys.argv[1], sessions=False) as client:
    ids()
    assert client.gradient("t*k", SMALL).value.shape == (2, 1)
    assert client.gradient("t*k", LARGE).value.shape == (2000, 500)
    assert len(list(client.map("t*k", MANY))) == 20
    assert list(client.windows("t*k", LARGE))
    client.windows("t*k", LARGE).close()
with tracer.start_as_current_span("caller"):
    ids()
    asyncio.run(ask(sys.argv[1]))
"""


BY_HTTP, CALLER_SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def called_by_http(server: Running) -> list[int]:
    """The statuses of calls by HTTP that belong to a trace: one that computes, a refused one, and two that do not."""
    found = re.search(r"http address=(\S+)", server.log.read_text())
    assert found
    headers = {"content-type": "application/json", "traceparent": f"00-{BY_HTTP}-{CALLER_SPAN}-01"}
    connection = http.client.HTTPConnection(found[1], timeout=PATIENCE_S)
    statuses = []
    for method, path, body in (
        ("POST", "/v1/gradient", '{"expression": "t*k", "inputs": {"t": [1, 2], "k": 3}}'),
        ("POST", "/v1/gradient", '{"expression": "t*(", "inputs": {"t": [1, 2]}}'),
        ("POST", methods.SERVER_INFO.path, "{}"),
        ("GET", "/healthz", None),
    ):
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()
    return statuses


class Collector(grpc.GenericRpcHandler):
    """Takes spans."""

    def __init__(self, port: int = 0) -> None:
        self.spans: list[trace_pb2.Span] = []
        self._pool = futures.ThreadPoolExecutor(2)
        self._server = grpc.server(self._pool, handlers=[self])
        self.address = f"http://127.0.0.1:{self._server.add_insecure_port(f'127.0.0.1:{port}')}"
        self._server.start()

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        return grpc.unary_unary_rpc_method_handler(self._export) if details.method == EXPORT else None

    def _export(self, raw: bytes, _: grpc.ServicerContext) -> bytes:
        for resource in collector_pb.ExportTraceServiceRequest.FromString(raw).resource_spans:
            for scope in resource.scope_spans:
                self.spans.extend(scope.spans)
        return b""

    def named(self, trace_id: str, name: str) -> list[trace_pb2.Span]:
        """The spans of a trace whose names begin so."""
        return [span for span in self.spans if span.trace_id.hex() == trace_id and span.name.startswith(name)]

    def computed(self, trace_id: str) -> set[bytes]:
        """The calls that had something in the queue."""
        return {span.parent_span_id for span in self.named(trace_id, "queue")}

    def close(self) -> None:
        self._server.stop(None).wait()
        self._pool.shutdown()


@pytest.fixture
def collector() -> Iterator[Collector]:
    opened = Collector()
    yield opened
    opened.close()


def test_a_caller_s_trace_goes_through_to_the_computing(collector: Collector, tmp_path: Path) -> None:
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.address, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    with running(tmp_path, "--traces", "--http", "127.0.0.1:0", environment=variables) as server:
        assert called_by_http(server) == [200, 400, 200, 200]
        command = [sys.executable, "-c", CALLER, server.address]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert done.returncode == 0, done.stderr
        callers = done.stdout.split()
        eventually(lambda: all(len(collector.computed(each)) == 4 for each in callers), "the spans of all calls")
        eventually(lambda: len(collector.named(BY_HTTP, "POST ")) == 3, "those by HTTP")
    for each in callers:
        calls = {span.span_id for span in collector.named(each, f"/{methods.SERVICE}/")}
        batches = collector.named(each, "batch")
        assert {span.parent_span_id for span in batches} == collector.computed(each) <= calls
        computing = collector.named(each, "compute")
        assert sorted(span.parent_span_id for span in computing) == sorted(span.span_id for span in batches)
    by_http = collector.named(BY_HTTP, "POST ")
    assert sorted(span.name for span in by_http) == [f"POST {methods.SERVER_INFO.path}", *2 * ["POST /v1/gradient"]]
    assert {span.parent_span_id.hex() for span in by_http} == {CALLER_SPAN}
    [queue], [batch] = collector.named(BY_HTTP, "queue"), collector.named(BY_HTTP, "batch")
    assert queue.parent_span_id == batch.parent_span_id
    assert queue.parent_span_id in {span.span_id for span in by_http}
    assert len(collector.named(BY_HTTP, "")) == 6  # with what computed; health has none


def test_a_collector_that_is_away_is_named_once_and_not_waited_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
        "OTEL_BSP_SCHEDULE_DELAY": "50",
    }
    with running(tmp_path, "--traces", environment=variables) as server, gridgrad.Client(server.address) as client:

        def logged(text: str) -> int:
            client.gradient("t*k", {"t": [1.0, 2.0], "k": [3.0]})
            return server.log.read_text().count(text)

        eventually(lambda: logged("traces can't be sent"), "a complaint")
        collector = Collector(port)
        try:
            eventually(lambda: logged("traces are sent again"), "the end of it")
        finally:
            collector.close()
        eventually(lambda: logged("traces can't be sent") == 2, "a second complaint")
    log = server.log.read_text()
    assert "Connection refused" in log
    assert "opentelemetry." not in log
