"""Traces of a server in this process: the standard span of a call, and what is in it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import grpc
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from gridgrad_server.telemetry import opentelemetry as traces
from tests.server.calls import Code, axis, grid, registered, until
from tests.server.conftest import Serving
from tests.server.local_sessions.callers import Caller
from tests.service.http2 import http2_caller

Serve = Callable[..., Awaitable[Serving]]

TRACE_ID, PARENT_ID = 0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7
CLOCKS_DIFFER_NS = 100_000_000
TRACEPARENT = ("traceparent", f"00-{TRACE_ID:032x}-{PARENT_ID:016x}-01")


class Spans:
    """What was sent, once the server has stopped."""

    def __init__(self, sent: Iterable[ReadableSpan]) -> None:
        self.all = list(sent)

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.all if span.name == name]

    def the(self, name: str) -> ReadableSpan:
        (span,) = self.named(name)
        return span

    def children(self, parent: ReadableSpan) -> list[ReadableSpan]:
        return [span for span in self.all if span.parent and span.parent.span_id == id_of(parent)]


def id_of(span: ReadableSpan) -> int:
    assert span.context
    number: int = span.context.span_id
    return number


def code_of(span: ReadableSpan) -> object:
    """The number of the gRPC status that a call ended with."""
    return (span.attributes or {})["rpc.grpc.status_code"]


def times(span: ReadableSpan) -> tuple[int, int]:
    assert span.start_time is not None
    assert span.end_time is not None
    return span.start_time, span.end_time


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Takes the spans of the servers of a test."""
    memory = InMemorySpanExporter()
    monkeypatch.setattr(traces, "OTLPSpanExporter", lambda: memory)
    return memory


@pytest.fixture
def stopped(exporter: InMemorySpanExporter) -> Callable[[Serving], Awaitable[Spans]]:
    """Stops a server, which sends its last spans then."""

    async def stop(serving: Serving) -> Spans:
        if serving.channel:
            await serving.channel.close()
        serving.server.stop()
        await serving.task
        return Spans(exporter.get_finished_spans())

    return stop


Stop = Callable[[Serving], Awaitable[Spans]]


async def test_a_call_goes_on_with_its_caller_s_trace(serve: Serve, stopped: Stop) -> None:
    serving = await serve(traces=True)
    await serving.calls.grid(grid(), metadata=(TRACEPARENT,))
    spans = await stopped(serving)
    call = spans.the(methods.GRID_GRADIENT.path)
    assert call.kind is SpanKind.SERVER
    assert call.parent
    assert (call.parent.trace_id, call.parent.span_id) == (TRACE_ID, PARENT_ID)
    queue, batch, compute = spans.the("queue"), spans.the("batch"), spans.the("compute")
    assert {id_of(span) for span in spans.children(call)} == {id_of(queue), id_of(batch)}
    assert spans.children(batch) == [compute]
    assert {span.context and span.context.trace_id for span in spans.all} == {TRACE_ID}


async def test_spans_follow_each_other(serve: Serve, stopped: Stop) -> None:
    serving = await serve(traces=True)
    answer = await serving.calls.grid(grid(4, 5))
    spans = await stopped(serving)
    call, queue, batch, compute = (
        times(spans.the(name)) for name in (methods.GRID_GRADIENT.path, "queue", "batch", "compute")
    )
    assert call[0] - CLOCKS_DIFFER_NS <= queue[0] <= queue[1] <= batch[0] + 1
    assert batch[0] == compute[0] <= compute[1] <= batch[1] <= call[1] + CLOCKS_DIFFER_NS
    assert spans.the("batch").attributes == {
        "gridgrad.batch_size": 1,
        "gridgrad.device": "cpu",
        "gridgrad.engine": "functional",
        "gridgrad.function": answer.header.info.digest,
        "gridgrad.grids": 1,
        "gridgrad.points": 20,
        "gridgrad.tier": "",
    }


async def test_a_refused_call_has_the_standard_span_alone(serve: Serve, stopped: Stop) -> None:
    serving = await serve(traces=True)
    with pytest.raises(grpc.aio.AioRpcError):
        await serving.calls.grid(grid(text="t*"))
    with pytest.raises(grpc.aio.AioRpcError):
        await serving.calls.grid(registered("nobody"))
    spans = await stopped(serving)
    assert [span.name for span in spans.all] == [methods.GRID_GRADIENT.path] * 2
    assert {span.status.status_code for span in spans.all} == {StatusCode.UNSET}  # the caller's fault
    assert [code_of(span) for span in spans.all] == [3, 5]
    assert not [event for span in spans.all for event in span.events], "a refusal is no exception"


async def test_calls_that_are_cut_off_have_their_status(serve: Serve, stopped: Stop) -> None:
    serving = await serve(traces=True)
    asked = registered("hangs").SerializeToString()
    late = serving.calls.unary(asked, timeout=0.2)
    left, stream = serving.calls.unary(asked), serving.calls.stream(timeout=0.2)
    await stream.write(pb.StreamGridGradientsRequest(id=1, request=registered("hangs")).SerializeToString())
    await until(lambda: serving.server.parts.admission.requests == 3)
    left.cancel()
    for call in (late, stream.read()):
        with pytest.raises(grpc.aio.AioRpcError, match="Deadline"):
            await call
    await until(lambda: not serving.server.parts.admission.requests)
    spans = await stopped(serving)
    assert Counter((span.name.rpartition("/")[2], code_of(span), span.status.status_code) for span in spans.all) == {
        ("GridGradient", 4, StatusCode.ERROR): 1,
        ("GridGradient", 1, StatusCode.UNSET): 1,  # the caller's will
        ("StreamGridGradients", 4, StatusCode.ERROR): 1,
    }


async def test_the_grids_of_a_stream_are_in_its_span(serve: Serve, stopped: Stop) -> None:
    serving = await serve(traces=True)
    messages = [pb.StreamGridGradientsRequest(id=n, request=grid(n, 2)) for n in range(1, 6)]
    stream = serving.calls.stream(iter([message.SerializeToString() for message in messages]))
    assert len([answer async for answer in stream]) == 5
    spans = await stopped(serving)
    call = spans.the(methods.STREAM_GRID_GRADIENTS.path)
    assert Counter(span.name for span in spans.children(call)) == {"queue": 5, "batch": 5}
    assert sorted((span.attributes or {})["gridgrad.points"] for span in spans.named("batch")) == [2, 4, 6, 8, 10]  # type: ignore[type-var] # they are numbers


async def test_a_stream_that_its_caller_leaves_ends_its_span(serve: Serve, stopped: Stop) -> None:
    serving = await serve(traces=True)
    message = pb.StreamGridGradientsRequest(id=1, request=registered("hangs"))
    stream = serving.calls.stream()
    await stream.write(message.SerializeToString())
    while not serving.server.parts.admission.requests:
        await asyncio.sleep(0.005)
    stream.cancel()
    spans = await stopped(serving)
    assert code_of(spans.the(methods.STREAM_GRID_GRADIENTS.path)) == 1
    assert len(spans.all) == 1


async def test_what_is_not_read_is_ended_where_calls_are_traced(serve: Serve, stopped: Stop) -> None:
    serving = await serve(traces=True, stall_timeout=0.5)
    await serving.calls.grid(grid())  # grpc.aio keeps the first call of a server, and the last one
    with http2_caller(serving.server.addresses[0], takes=False) as unread:
        numbers = {unread.call(methods.GRID_GRADIENT.path, grid().SerializeToString()) for _ in range(3)}
        await until(lambda: serving.server.parts.admission.requests == len(numbers))
        await serving.calls.grid(grid())
        while not numbers <= unread.ended:
            await asyncio.to_thread(unread.pump, 0.1)
    await stopped(serving)


async def test_a_large_grid_has_a_bounded_number_of_spans(serve: Serve, stopped: Stop) -> None:
    serving = await serve(traces=True, piece_cost=20)
    await serving.calls.grid(grid(400, 2))
    spans = await stopped(serving)
    assert len(spans.named("batch")) == len(spans.named("compute")) == traces.MOST_BATCHES
    assert len(spans.named("queue")) == 1


async def test_a_call_in_a_session_has_a_span_of_its_own(serve: Serve, stopped: Stop) -> None:
    serving = await serve(traces=True)
    offer = pb.OpenSessionResponse.FromString(await serving.calls.method(methods.OPEN_SESSION))
    caller = Caller(offer.socket)
    try:
        await caller.greet(offer.token)
        await caller.ask(pb.GridGradientRequest(function=pb.Function(expression="t"), inputs=[axis("t", 3)]))
        await caller.answer()
    finally:
        caller.close()
    spans = await stopped(serving)
    call = spans.the("session/GridGradient")
    assert (call.kind, call.parent) == (SpanKind.SERVER, None)
    assert [span.name for span in spans.children(call)] == ["queue", "batch"]
    assert times(call)[0] == times(spans.the("queue"))[0]


@pytest.mark.parametrize("how", ["cancel", "deadline", "hang up", "fail"])
async def test_a_call_in_a_session_that_is_cut_off_or_fails_has_a_span_with_its_status(
    serve: Serve, stopped: Stop, how: str
) -> None:
    serving = await serve(traces=True)
    offer = pb.OpenSessionResponse.FromString(await serving.calls.method(methods.OPEN_SESSION))
    caller = Caller(offer.socket)
    asked = registered("fails" if how == "fail" else "hangs")
    try:
        await caller.greet(offer.token)
        number = await caller.ask(asked, timeout_s={"cancel": 600.0, "deadline": 0.05}.get(how, 0.0))
        if how != "fail":
            await until(lambda: any(worker.load for worker in serving.server.parts.scheduler._workers))
        if how in ("cancel", "deadline"):
            await caller.send(cancel=number)
        if how != "hang up":
            assert (await caller.answer()).status.code
    finally:
        caller.close()
    await until(lambda: not serving.server.parts.admission.requests)
    call = (await stopped(serving)).the("session/GridGradient")
    expected = {"cancel": Code.CANCELLED, "deadline": Code.DEADLINE_EXCEEDED, "hang up": Code.CANCELLED}
    assert code_of(call) == expected.get(how, Code.INVALID_ARGUMENT).value[0]
    gave_up = how in ("cancel", "hang up")
    assert call.status.status_code is (StatusCode.UNSET if gave_up else StatusCode.ERROR)


async def test_what_is_not_sampled_is_not_remembered(
    serve: Serve, stopped: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
    serving = await serve(traces=True)
    await serving.calls.grid(grid())
    await serving.calls.grid(grid(), metadata=(TRACEPARENT,))  # its caller has decided
    spans = await stopped(serving)
    assert Counter(span.name for span in spans.all) == {
        methods.GRID_GRADIENT.path: 1,
        "queue": 1,
        "batch": 1,
        "compute": 1,
    }


async def test_the_service_has_its_name_and_the_environment_s(
    serve: Serve, stopped: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=here")
    serving = await serve(traces=True)
    await serving.calls.grid(grid())
    resource = (await stopped(serving)).the("queue").resource.attributes
    assert resource["service.name"] == "gridgrad"
    assert resource["deployment.environment"] == "here"


async def test_health_checks_and_others_have_no_spans(serve: Serve, stopped: Stop) -> None:
    serving = await serve(traces=True)
    check: Any = serving.calls.channel.unary_unary("/grpc.health.v1.Health/Check")
    assert await check(b"") == b"\x08\x01"
    assert not (await stopped(serving)).all
