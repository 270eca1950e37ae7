"""Streams of requests, by real gRPC, with workers that only pretend to compute."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc.aio
import pytest

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from gridgrad_server.memory.slots import Slot
from tests.server.calls import (
    Code,
    Serve,
    assembled,
    expected,
    grid,
    messages,
    numbers,
    refusal,
    registered,
    streamed,
    until,
)


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


async def test_an_request_that_fails_leaves_the_stream_going(serve: Serve) -> None:
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


async def test_a_client_that_disappears_cancels_its_requests(serve: Serve) -> None:
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


async def test_streams_that_say_nothing_are_bounded_and_leave_room_for_others(serve: Serve) -> None:
    serving = await serve()
    silent = [serving.calls.stream() for _ in range(512)]
    await until(lambda: len(serving.server.parts.streams) == len(silent))
    code, error, trailers = await refusal(serving.calls.stream().read())
    assert code is Code.RESOURCE_EXHAUSTED
    assert "512 open streams of yours" in str(error)
    assert "grpc-retry-pushback-ms" in trailers
    async with grpc.aio.insecure_channel(serving.server.addresses[0], [("grpc.use_local_subchannel_pool", 1)]) as other:
        call: Any = other.stream_stream(methods.STREAM_GRID_GRADIENTS.path)()
        await call.write(streamed(1, grid()))
        await call.done_writing()
        assert [message.id async for message in messages(call)] == [1]
    for each in silent:
        each.cancel()
    await until(lambda: not len(serving.server.parts.streams))
