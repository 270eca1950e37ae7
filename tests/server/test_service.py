"""The server in this process, real gRPC, and workers that only pretend to compute."""

from __future__ import annotations

import array
import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from gridgrad_core.errors import GridgradError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from gridgrad_core.wire.buffer import split
from gridgrad_core.wire.error_details import ERROR_TRAILER, from_detail
from gridgrad_server.healthcheck import check
from gridgrad_server.memory.slots import Slot

Serve = Callable[..., Awaitable[Any]]
Code = grpc.StatusCode
HealthStatus = health_pb2.HealthCheckResponse


def linspace(name: str, num: int) -> pb.Input:
    return pb.Input(name=name, dims=[name], linspace=pb.Linspace(start=0, stop=1, num=num))


def axis(name: str, num: int) -> pb.Input:
    values = pb.Array(shape=[num], data=array.array("d", range(num)).tobytes())
    return pb.Input(name=name, dims=[name], array=values)


def grid(rows: int = 3, columns: int = 2, text: str = "t*k") -> pb.GridGradientRequest:
    return pb.GridGradientRequest(
        function=pb.Function(expression=text),
        inputs=[axis("t", rows), linspace("k", columns)],
        derivatives=[pb.Derivative(wrt=["t"])],
    )


def registered(name: str) -> pb.GridGradientRequest:
    return pb.GridGradientRequest(function=pb.Function(registered=name), inputs=[axis("x", 4)])


def expected(points: int, planes: int = 2) -> list[float]:
    """What the pretending worker computes."""
    return [1e6 * plane + point for plane in range(planes) for point in range(points)]


def numbers(data: bytes) -> list[float]:
    return array.array("d", data).tolist()


async def refusal(call: Awaitable[Any]) -> tuple[Code, GridgradError | None, dict[str, Any]]:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    trailers = dict(refused.value.trailing_metadata())
    raw: Any = trailers.get(ERROR_TRAILER)
    return refused.value.code(), from_detail(pb.ErrorDetail.FromString(raw)) if raw else None, trailers


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


# One grid


async def test_a_grid_comes_with_its_header_in_an_aligned_message(serve: Serve) -> None:
    serving = await serve()
    raw = await serving.calls.unary(grid().SerializeToString())
    assert split(raw).data_start % 16 == 0
    response = pb.GridGradientResponse.FromString(raw)
    assert numbers(response.data) == expected(6)
    header = response.header
    assert (list(header.dims), list(header.shape)) == (["t", "k"], [3, 2])
    assert [list(each.wrt) for each in header.derivatives] == [["t"]]
    assert (list(header.components), header.tuple_valued, header.dtype) == (["f"], False, pb.DTYPE_FLOAT64)
    info = header.info
    assert (info.engine, info.device, info.batch_size) == ("functional", "cpu", 1)
    assert info.compute_s == 0.001
    assert info.queue_s >= 0
    assert len(info.digest) == 64


async def test_a_grid_of_several_pieces_is_put_together(serve: Serve) -> None:
    serving = await serve(workers=2, piece_cost=20)
    response = await serving.calls.grid(grid(50, 3))
    assert numbers(response.data) == expected(150)
    assert response.header.info.compute_s == pytest.approx(0.001 * 17)


@pytest.mark.parametrize(("rows", "columns"), [(0, 5), (5, 0), (0, 0), (1, 1)])
async def test_empty_dims_give_empty_arrays(serve: Serve, rows: int, columns: int) -> None:
    serving = await serve()
    response = await serving.calls.grid(grid(rows, columns))
    assert list(response.header.shape) == [rows, columns]
    assert numbers(response.data) == expected(rows * columns)


async def test_a_large_result_names_the_stream(serve: Serve) -> None:
    serving = await serve(unary_result_bytes=100)
    code, error, trailers = await refusal(serving.calls.grid(grid(10, 10)))
    assert (code, error and error.reason) == (Code.RESOURCE_EXHAUSTED, "USE_STREAM")
    assert "StreamGridGradients" in str(error)
    assert "grpc-retry-pushback-ms" not in trailers


async def test_bytes_that_are_no_request_are_refused(serve: Serve) -> None:
    serving = await serve()
    raw = grid().SerializeToString()
    for foreign in (raw[:-3], b"\xff\xff\xff", b"GET / HTTP/1.1"):
        code, error, _ = await refusal(serving.calls.unary(foreign))
        assert (code, error and error.reason) == (Code.INVALID_ARGUMENT, "REQUEST")
    assert numbers((await serving.calls.grid(grid())).data) == expected(6)


async def test_a_piece_that_fails_answers_with_the_worker_s_words(serve: Serve) -> None:
    serving = await serve()
    code, error, _ = await refusal(serving.calls.grid(registered("fails")))
    assert code == Code.INVALID_ARGUMENT
    assert str(error) == "function.registered: it raised; don't"


async def test_functions_and_limits_are_told(serve: Serve) -> None:
    serving = await serve(message_bytes=1 << 20)
    functions = pb.ListFunctionsResponse.FromString(await serving.calls.method(methods.LIST_FUNCTIONS)).functions
    assert [each.name for each in functions] == ["fails", "hangs", "kills", "kills_once", "plain", "slow"]
    assert functions[0].inputs[1].default == 2.0
    assert not functions[0].inputs[0].HasField("default")
    info = pb.GetServerInfoResponse.FromString(await serving.calls.method(methods.SERVER_INFO))
    assert list(info.devices) == ["cpu"]
    assert (info.limits.message_bytes, info.limits.order, info.engine) == (1 << 20, 4, "structured")
    hypot = next(each for each in info.language_functions if each.name == "hypot")
    assert hypot.signature == "hypot(x, y)"
    code, _, _ = await refusal(serving.calls.method(methods.SERVER_INFO, b"\xff"))
    assert code == Code.INVALID_ARGUMENT


# Admission


async def test_exactly_the_surplus_is_refused_with_pushback_and_permits_come_back(serve: Serve) -> None:
    serving = await serve(queue_entries=3)
    calls = [serving.calls.grid(registered("slow")) for _ in range(8)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    refused = [each for each in outcomes if isinstance(each, grpc.aio.AioRpcError)]
    assert len(refused) == 5
    for each in refused:
        assert each.code() == Code.RESOURCE_EXHAUSTED
        assert int(dict(each.trailing_metadata())["grpc-retry-pushback-ms"]) > 0
    admission = serving.server.parts.admission
    await until(lambda: (admission.requests, admission.held_bytes) == (0, 0))


async def test_a_caller_that_gives_up_frees_its_place(serve: Serve) -> None:
    serving = await serve(queue_entries=2)
    hanging = [serving.calls.unary(registered("hangs").SerializeToString()) for _ in range(2)]
    admission = serving.server.parts.admission
    await until(lambda: admission.requests == 2)
    for call in hanging:
        call.cancel()
    await until(lambda: admission.requests == 0)
    assert admission.held_bytes == 0


async def test_a_deadline_shorter_than_the_work_passes(serve: Serve) -> None:
    serving = await serve()
    code, _, _ = await refusal(serving.calls.grid(registered("hangs"), timeout=0.1))
    assert code == Code.DEADLINE_EXCEEDED
    await until(lambda: serving.server.parts.admission.requests == 0)


# Streams


def streamed(number: int, request: pb.GridGradientRequest) -> bytes:
    return pb.StreamGridGradientsRequest(id=number, request=request).SerializeToString()


async def messages(call: Any) -> AsyncIterator[pb.StreamGridGradientsResponse]:
    async for raw in call:
        assert split(raw).data_start % 16 == 0 or not split(raw).data_end - split(raw).data_start
        yield pb.StreamGridGradientsResponse.FromString(raw)


def assembled(parts: list[pb.StreamGridGradientsResponse], points: int, planes: int = 2) -> list[float]:
    buffer = [float("nan")] * (planes * points)
    for part in parts:
        window = part.window
        data = numbers(part.data)
        for plane in range(window.planes):
            start = (window.first_plane + plane) * points + window.first_point
            buffer[start : start + window.points] = data[plane * window.points : (plane + 1) * window.points]
    return buffer


async def test_a_stream_answers_many_and_a_large_one_in_windows(serve: Serve) -> None:
    serving = await serve(workers=2, piece_cost=1 << 14)
    call = serving.calls.stream()
    for number in range(1, 20):
        await call.write(streamed(number, grid(number, 2)))
    await call.write(streamed(99, grid(300, 200)))
    await call.done_writing()
    parts: dict[int, list[pb.StreamGridGradientsResponse]] = {}
    async for message in messages(call):
        parts.setdefault(message.id, []).append(message)
    for number in range(1, 20):
        (only,) = parts[number]
        assert only.last
        assert not only.HasField("window")
        assert list(only.header.shape) == [number, 2]
        assert numbers(only.data) == expected(2 * number)
    large = parts[99]
    assert len(large) > 5
    assert assembled(large, 60_000) == expected(60_000)
    assert [part.last for part in large] == [False] * (len(large) - 1) + [True]
    assert list(large[0].header.shape) == [300, 200]
    assert large[-1].header.info.compute_s == pytest.approx(0.001 * len({part.window.first_point for part in large}))


async def test_an_entry_that_fails_leaves_the_stream_going(serve: Serve) -> None:
    serving = await serve()
    call = serving.calls.stream()
    await call.write(streamed(1, grid(text="t +* k")))
    await call.write(streamed(2, registered("nobody")))
    await call.write(streamed(3, grid()))
    await call.done_writing()
    got = {message.id: message async for message in messages(call)}
    assert got[1].status.code == Code.INVALID_ARGUMENT.value[0]
    assert got[1].status.detail.field == "function.expression"
    assert got[2].status.code == Code.NOT_FOUND.value[0]
    assert got[1].last
    assert numbers(got[3].data) == expected(6)
    assert await call.code() == Code.OK


@pytest.mark.parametrize(
    ("raw", "found"),
    [(b"\xff\xff", "bytes that are no"), (streamed(7, registered("slow")), "still in flight")],
    ids=["foreign bytes", "an id in flight"],
)
async def test_what_can_not_be_attributed_ends_the_stream(serve: Serve, raw: bytes, found: str) -> None:
    serving = await serve()
    call = serving.calls.stream()
    await call.write(streamed(7, registered("slow")))
    await call.write(raw)
    code, error, _ = await refusal(anext(aiter(call)))
    assert code == Code.INVALID_ARGUMENT
    assert found in str(error)
    await until(lambda: serving.server.parts.admission.requests == 0)


async def test_a_client_that_disappears_cancels_its_entries(serve: Serve) -> None:
    serving = await serve()
    call = serving.calls.stream()
    for number in range(5):
        await call.write(streamed(number, registered("hangs")))
    admission = serving.server.parts.admission
    await until(lambda: admission.requests == 5)
    call.cancel()
    await until(lambda: (admission.requests, admission.held_bytes) == (0, 0))


async def until_nothing_is_computed(serving: Any) -> int:
    """Waits until gRPC's buffers and the window of a stream are full; returns how many batches there were."""
    scheduler = serving.server.parts.scheduler
    while True:
        before = scheduler.batches
        await asyncio.sleep(0.2)
        if scheduler.batches == before:
            return int(before)


async def test_a_slow_reader_stops_the_computing(serve: Serve) -> None:
    serving = await serve(piece_cost=1 << 15, request_cost=1 << 30)
    call = serving.calls.stream()
    await call.write(streamed(1, grid(4096, 4096)))  # 256 MiB
    await call.read()
    assert await until_nothing_is_computed(serving) < 500  # of 1024
    call.cancel()


async def test_a_slow_reader_who_leaves_leaves_no_slot_behind(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    serving = await serve(piece_cost=1 << 15, request_cost=1 << 30)
    slots = serving.server.parts.slots
    lent: list[Slot] = []
    take, take_back = slots.take, slots.take_back

    def taken(size: int) -> Slot:
        lent.append(take(size))
        return lent[-1]

    def given_back(slot: Slot) -> None:
        lent.remove(slot)
        take_back(slot)

    monkeypatch.setattr(slots, "take", taken)
    monkeypatch.setattr(slots, "take_back", given_back)
    call = serving.calls.stream()
    await call.write(streamed(1, grid(4096, 4096)))
    await call.read()
    await until_nothing_is_computed(serving)
    assert lent  # tiles wait to be sent
    call.cancel()
    await until(lambda: not lent)


async def test_a_stream_waits_for_room_rather_than_being_refused(serve: Serve) -> None:
    serving = await serve(queue_entries=2)
    call = serving.calls.stream()
    for number in range(10):
        await call.write(streamed(number, grid()))
    await call.done_writing()
    got = [message async for message in messages(call)]
    assert sorted(message.id for message in got) == list(range(10))
    assert not any(message.HasField("status") for message in got)


# Workers that die


async def test_a_batch_lost_with_its_worker_is_tried_again(serve: Serve) -> None:
    serving = await serve()
    assert numbers((await serving.calls.grid(registered("kills_once"))).data) == expected(4, planes=1)
    assert numbers((await serving.calls.grid(grid())).data) == expected(6)


async def test_each_piece_of_a_grid_may_cost_a_worker_its_life_once(serve: Serve) -> None:
    serving = await serve(workers=2, piece_cost=1)
    assert numbers((await serving.calls.grid(registered("kills_once"))).data) == expected(4, planes=1)


async def test_a_request_that_kills_every_worker_is_aborted_and_nothing_else_suffers(serve: Serve) -> None:
    serving = await serve(workers=2)
    killing = asyncio.ensure_future(refusal(serving.calls.grid(registered("kills"))))
    others = await asyncio.gather(*(serving.calls.grid(grid(n, 2)) for n in range(1, 30)))
    assert [numbers(each.data) for each in others] == [expected(2 * n) for n in range(1, 30)]
    code, error, _ = await killing
    assert (code, error and error.reason) == (Code.ABORTED, "CRASH")


async def test_a_piece_over_its_time_limit_costs_a_worker_and_then_the_request(serve: Serve) -> None:
    serving = await serve(piece_timeout=0.2)
    code, _, _ = await refusal(serving.calls.grid(registered("hangs")))
    assert code == Code.ABORTED
    assert numbers((await serving.calls.grid(grid())).data) == expected(6)


async def test_a_stopped_worker_is_replaced(serve: Serve) -> None:
    serving = await serve()
    (worker,) = serving.server.parts.workers.running
    os.kill(worker.pid, signal.SIGSTOP)
    assert numbers((await serving.calls.grid(grid())).data) == expected(6)
    assert serving.server.parts.workers.running[0].pid != worker.pid


async def test_a_worker_that_refuses_to_serve_stops_the_server(serve: Serve, capfd: pytest.CaptureFixture[str]) -> None:
    serving = await serve("--fatal", wait=False)
    assert await serving.task == 1
    assert "its derivative is 1 instead of 2" in capfd.readouterr().err


async def test_workers_that_never_start_stop_the_server(serve: Serve, capfd: pytest.CaptureFixture[str]) -> None:
    serving = await serve("--dies", wait=False)
    assert await serving.task == 1
    assert "end before they are ready, the last with status 1" in capfd.readouterr().err


# Start, health, drain


async def health_of(channel: grpc.aio.Channel, service: str = "") -> int:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    status: int = (await stub.Check(health_pb2.HealthCheckRequest(service=service))).status
    return status


async def test_nothing_is_served_before_a_worker_is_warm(serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "addresses"
    serving = await serve("--slow-start", wait=False, address_file=file)
    await until(lambda: serving.server.addresses)
    async with grpc.aio.insecure_channel(serving.server.addresses[0]) as channel:
        assert await health_of(channel) == HealthStatus.NOT_SERVING
        assert not file.exists()
        call: Any = channel.unary_unary(methods.GRID_GRADIENT.path)
        code, error, _ = await refusal(call(grid().SerializeToString()))
        assert code == Code.UNAVAILABLE
        assert "no worker is warm yet" in str(error)
        await until(file.exists)
        assert await health_of(channel) == HealthStatus.SERVING
        assert await health_of(channel, methods.SERVICE) == HealthStatus.SERVING


async def test_it_listens_at_all_addresses_and_leaves_no_file(serve: Serve, tmp_path: Path) -> None:
    file, path = tmp_path / "addresses", tmp_path / "socket"
    serving = await serve(listen=("127.0.0.1:0", f"unix:{path}", "localhost:0"), address_file=file)
    targets = file.read_text().splitlines()
    assert targets == serving.server.addresses
    assert targets[1] == f"unix:{path}"
    for target in targets:
        assert await asyncio.to_thread(check, target) == "SERVING"
    serving.server.stop()
    assert await serving.task == 0
    assert not file.exists()
    assert not path.exists()


async def test_a_drain_answers_what_was_accepted_and_refuses_the_rest(serve: Serve) -> None:
    serving = await serve()
    accepted = [asyncio.ensure_future(serving.calls.grid(registered("slow"))) for _ in range(4)]
    stream = serving.calls.stream()
    await stream.write(streamed(1, registered("slow")))
    idle = serving.calls.stream()
    await until(lambda: serving.server.parts.admission.requests == 5)
    serving.server.stop()
    await until(lambda: serving.server.is_draining)
    code, _, _ = await refusal(serving.calls.grid(grid()))
    assert code == Code.UNAVAILABLE
    for each in accepted:
        assert numbers((await each).data) == expected(4, planes=1)
    answered = pb.StreamGridGradientsResponse.FromString(await stream.read())
    assert numbers(answered.data) == expected(4, planes=1)
    assert await stream.code() == Code.UNAVAILABLE
    assert await idle.code() == Code.UNAVAILABLE
    assert await serving.task == 0


async def test_a_drain_that_takes_too_long_is_cut(serve: Serve) -> None:
    serving = await serve(drain_timeout=0.2)
    hanging = asyncio.ensure_future(refusal(serving.calls.grid(registered("hangs"))))
    await until(lambda: serving.server.parts.admission.requests == 1)
    serving.server.stop()
    assert await serving.task == 0
    code, _, _ = await hanging
    assert code in (Code.UNAVAILABLE, Code.CANCELLED)


async def test_reflection_describes_the_service(serve: Serve) -> None:
    serving = await serve()

    def describe() -> tuple[list[str], list[str]]:
        with grpc.insecure_channel(serving.server.addresses[0]) as channel:
            database = ProtoReflectionDescriptorDatabase(channel)
            file = database.FindFileContainingSymbol(methods.SERVICE)
            return list(database.get_services()), [method.name for method in file.service[0].method]

    services, names = await asyncio.to_thread(describe)
    assert methods.SERVICE in services
    assert names == [method.name for method in methods.METHODS]
