"""The unary call, by real gRPC, with workers that only pretend to compute."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.buffer import split
from tests.server.calls import Code, Serve, expected, grid, numbers, refusal, registered, until


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


async def test_a_grid_of_several_tiles_is_put_together(serve: Serve) -> None:
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


async def test_a_tile_that_fails_answers_with_the_worker_s_words(serve: Serve) -> None:
    serving = await serve()
    code, error, _ = await refusal(serving.calls.grid(registered("fails")))
    assert code == Code.INVALID_ARGUMENT
    assert str(error) == "function.registered: it raised; don't"


async def test_exactly_the_surplus_is_refused_with_pushback_and_permits_come_back(serve: Serve) -> None:
    serving = await serve(queue_entries=6)  # of which one caller gets half
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
    serving = await serve(queue_entries=4)
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
