"""What is counted of requests and batches, whatever becomes of them."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.server.calls import grid, registered, until
from tests.server.telemetry.asking import Serve, answers, failing, status_of


async def test_answers_by_how_they_came_and_their_code(serve: Serve) -> None:
    serving = await serve(unary_result_bytes=100)
    await status_of(serving)
    await serving.calls.grid(grid())
    assert await failing(serving.calls.grid(grid(text="t*"))) is grpc.StatusCode.INVALID_ARGUMENT
    assert await failing(serving.calls.grid(registered("nobody"))) is grpc.StatusCode.NOT_FOUND
    assert await failing(serving.calls.grid(grid(10, 10))) is grpc.StatusCode.RESOURCE_EXHAUSTED
    messages = [pb.StreamGridGradientsRequest(id=n, request=grid(n)) for n in range(1, 4)]
    messages.append(pb.StreamGridGradientsRequest(id=9, request=grid(text="t*")))
    stream = serving.calls.stream(iter([message.SerializeToString() for message in messages]))
    assert len([answer async for answer in stream]) == 4
    status = await status_of(serving)
    assert answers(status) == {
        ("unary", 0): 1,
        ("unary", 3): 1,
        ("unary", 5): 1,
        ("unary", 8): 1,
        ("stream", 0): 3,
        ("stream", 3): 1,
    }
    assert {(each.engine, each.tier): (each.grids, each.points) for each in status.computed} == {
        ("functional", ""): (4, 6 + 2 + 4 + 6)
    }
    assert sum(status.queue_s.counts) == 4
    assert status.batch_size.sum == 4
    batches = sum(status.batch_size.counts)
    assert sum(status.compute_s.counts) == batches
    assert status.compute_s.sum == pytest.approx(0.001 * batches)
    assert status.counting_s <= status.up_s


async def test_a_call_that_its_caller_gives_up(serve: Serve) -> None:
    serving = await serve()
    await status_of(serving)
    call = asyncio.ensure_future(serving.calls.grid(registered("hangs")))
    await until(lambda: serving.server.parts.admission.requests)
    call.cancel()
    await until(lambda: not serving.server.parts.admission.requests)
    assert answers(await status_of(serving)) == {("unary", 1): 1}


async def test_a_call_whose_time_is_over(serve: Serve) -> None:
    serving = await serve()
    await status_of(serving)
    code = await failing(serving.calls.grid(registered("hangs"), timeout=0.2))
    assert code is grpc.StatusCode.DEADLINE_EXCEEDED
    await until(lambda: not serving.server.parts.admission.requests)
    assert answers(await status_of(serving)) == {("unary", 4): 1}


async def test_a_stream_that_its_caller_leaves(serve: Serve) -> None:
    serving = await serve()
    await status_of(serving)
    stream = serving.calls.stream()
    for number, request in enumerate((grid(), registered("hangs"), registered("plain")), 1):
        await stream.write(pb.StreamGridGradientsRequest(id=number, request=request).SerializeToString())
        if number == 1:
            await stream.read()
    await until(lambda: serving.server.parts.admission.requests == 2)
    stream.cancel()
    await until(lambda: not serving.server.parts.admission.requests)
    assert answers(await status_of(serving)) == {("stream", 0): 1, ("stream", 1): 2}


async def test_a_pack_counts_each_of_its_grids_once(serve: Serve) -> None:
    serving = await serve()
    await status_of(serving)
    request = grid()
    values = request.inputs[0].array
    values.shape[:] = [5, 3]
    values.data *= 5
    message = pb.StreamGridGradientsRequest(id=1, entries=5, request=request).SerializeToString()
    assert [answer async for answer in serving.calls.stream(iter([message]))]
    status = await status_of(serving)
    assert answers(status) == {("stream", 0): 5}
    assert (sum(status.queue_s.counts), status.batch_size.sum) == (5, 5)
