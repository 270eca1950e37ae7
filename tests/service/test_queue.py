"""A full queue, deadlines, and callers that leave or dawdle."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import numpy as np
import pytest
from grpc import StatusCode

import gridgrad
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.service.calls import OPTIONS, Calls, grids, linspace, refusal_of, request
from tests.service.gates import BUSY_WITH, at_gate, await_full, behind_the_gate, busy_worker, is_full, square
from tests.service.harness import HOLD, QUEUE_ENTRIES, QUEUE_MIB, Running, eventually, resident_mib
from tests.service.large import start_large

ROOM = QUEUE_ENTRIES - BUSY_WITH


@pytest.fixture
def server(narrow_server: Running) -> Running:
    """The server that holds little."""
    return narrow_server


# The queue


def test_exactly_the_surplus_is_refused(server: Running, calls: Calls) -> None:
    with busy_worker(server, calls):
        started = [calls.start(square(float(x))) for x in range(100)]
        eventually(lambda: sum(call.done() for call in started) == 100 - ROOM, "the surplus refused")
        refused = [call for call in started if call.done()]
        server.control.release()
    for call in refused:
        refusal = refusal_of(call)
        assert (refusal.code, refusal.reason) == (StatusCode.RESOURCE_EXHAUSTED, "BUSY")
        assert refusal.detail.remedy
        assert int(dict(call.trailing_metadata())["grpc-retry-pushback-ms"]) > 0
    answered = {float(x): call for x, call in enumerate(started) if call not in refused}
    assert len(answered) == ROOM
    for x, call in answered.items():
        assert grids(pb.GridGradientResponse.FromString(call.result())).tolist() == [[x * x], [2 * x]]


def test_the_sdk_retries_when_the_queue_is_full(server: Running, client: gridgrad.Client, calls: Calls) -> None:
    with ThreadPoolExecutor(1) as pool, busy_worker(server, calls):
        filling = [calls.start(square(float(x))) for x in range(ROOM)]
        await_full(calls)
        late = pool.submit(client.gradient, "3*x", {"x": [1.0]}, timeout=60)
        server.control.release()
        assert late.result().value.tolist() == [3]
        for call in filling:
            call.result()


def test_entries_of_a_stream_wait_for_room(server: Running, calls: Calls) -> None:
    many = 3 * QUEUE_ENTRIES

    def entries() -> Iterator[tuple[int, pb.GridGradientRequest]]:
        yield from behind_the_gate(server, [(0, at_gate(HOLD + 3)), *((i, square(float(i))) for i in range(1, many))])
        server.control.release()

    with server.control.held():
        answers = {answer.id: answer for answer in calls.stream(entries())}
    assert len(answers) == many
    for number in range(1, many):
        assert np.frombuffer(answers[number].data).tolist() == [number**2, 2 * number]


# Deadlines and cancellation


def test_a_deadline_shorter_than_the_work(server: Running, calls: Calls) -> None:
    with server.control.held():
        call = calls.start(at_gate(HOLD + 4), timeout=0.5)
        server.control.await_held()
        assert refusal_of(call).code is StatusCode.DEADLINE_EXCEEDED
    assert grids(calls.ask(square(3.0)))[0, 0] == 9


def test_what_expires_in_the_queue_is_never_computed(server: Running, client: gridgrad.Client, calls: Calls) -> None:
    server.control.forget_points()
    with busy_worker(server, calls):
        with pytest.raises(gridgrad.DeadlineError) as caught:
            client.gradient(gridgrad.registered("gate"), {"x": [41.0]}, timeout=0.3)
        assert isinstance(caught.value, TimeoutError)
        alive = calls.start(at_gate(42.0))
        server.control.release()
        alive.result()
    calls.ask(at_gate(43.0))
    assert 42.0 in server.control.points()
    assert 41.0 not in server.control.points()


def test_a_deadline_between_the_pieces_of_a_large_one(server: Running, calls: Calls) -> None:
    server.control.forget_points()
    with server.control.held():
        large = start_large(calls, timeout=0.5)
        server.control.await_held()
        with pytest.raises(grpc.RpcError) as caught:
            large.result()
        assert caught.value.code() is StatusCode.DEADLINE_EXCEEDED
        server.control.release()
    assert_dropped(server, calls)


def test_a_large_one_that_is_cancelled_is_not_computed_to_its_end(server: Running, calls: Calls) -> None:
    server.control.forget_points()
    with server.control.held():
        large = start_large(calls)
        server.control.await_held()
        large.stream.cancel()
        with pytest.raises(grpc.RpcError):
            large.result()
        # The cancellation must have come before the gate opens: a call behind it on the same channel has.
        calls.refusal(square(1.0), timeout=0.5)
        server.control.release()
    assert_dropped(server, calls)


def assert_dropped(server: Running, calls: Calls) -> None:
    """The pieces at the worker may have been computed, the rest of the large entry was not."""
    calls.ask(at_gate(1.0))
    assert max(server.control.points()) < 2.9 * HOLD


def test_a_cancelled_call_leaves_the_queue(server: Running, calls: Calls) -> None:
    server.control.forget_points()
    with busy_worker(server, calls):
        started = [calls.start(at_gate(float(x))) for x in range(101, 101 + ROOM)]
        await_full(calls)
        for call in started:
            call.cancel()
        # All permits come back: as many again find room, once the server has heard of it.
        again = [calls.start(square(float(x))) for x in range(ROOM)]

        def are_all_waiting() -> bool:
            again[:] = [calls.start(square(float(x))) if call.done() else call for x, call in enumerate(again)]
            return is_full(calls) and not any(call.done() for call in again)

        eventually(are_all_waiting, "room for as many calls as were cancelled")
        server.control.release()
        for call in again:
            call.result()
    assert not server.control.points() & set(range(101, 101 + ROOM))


async def test_a_cancelled_task_of_the_async_client(server: Running, calls: Calls) -> None:
    server.control.forget_points()
    async with gridgrad.aio.Client(server.address) as client:
        with busy_worker(server, calls):
            waiting = asyncio.create_task(client.gradient(gridgrad.registered("gate"), {"x": [77.0]}))
            await client.server_info()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await client.server_info()
            server.control.release()
    calls.ask(at_gate(1.0))
    assert 77.0 not in server.control.points()


# Callers that leave or dawdle

LEAVER = """
import sys
import grpc
from gridgrad.v1 import gridgrad_pb2 as pb
from tests.service.calls import Calls, axis, request

address, entries, hold = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
gate = pb.Function(registered="gate")
with grpc.insecure_channel(address) as channel:
    numbered = [(0, request(gate, [axis("x", [hold])]))]
    numbered += [(i, request(gate, [axis("x", [1000.0 + i])])) for i in range(1, entries)]
    for answer in Calls(channel).stream(numbered):
        print(answer.id, flush=True)
"""


def test_a_client_that_disappears_mid_stream(server: Running, calls: Calls) -> None:
    server.control.forget_points()
    with server.control.held():
        arguments = [server.address, str(QUEUE_ENTRIES), str(HOLD + 6)]
        with subprocess.Popen([sys.executable, "-c", LEAVER, *arguments]) as leaver:
            server.control.await_held()
            eventually(lambda: refused_of(QUEUE_ENTRIES, calls) > QUEUE_ENTRIES // 3, "the queue held by the leaver")
            leaver.kill()
        # All permits come back while the worker is still busy with the leaver's first entry.
        eventually(lambda: has_room_for(QUEUE_ENTRIES, calls), "room in the queue")
        assert server.control.is_held()
    assert grids(calls.ask(at_gate(1.0))).tolist() == [[1]]
    # The worker had the leaver's second entry already.
    assert not server.control.points() & {1000.0 + i for i in range(2, QUEUE_ENTRIES)}


def refused_of(count: int, calls: Calls) -> int:
    """How many of so many calls are refused at once; none is left in the queue."""
    started = [calls.start(square(float(x))) for x in range(count)]
    calls.flush()
    refused = sum(bool(call.done()) for call in started)
    for call in started:
        call.cancel()
    calls.flush()
    return refused


def has_room_for(count: int, calls: Calls) -> bool:
    """Whether the queue takes so many, no more, and none of them is refused."""
    started = [calls.start(square(float(x))) for x in range(count)]
    fits = is_full(calls) and not any(call.done() for call in started)
    for call in started:
        call.cancel()
    calls.flush()
    return fits


def test_a_slow_reader_is_not_read_ahead_for(server: Running, calls: Calls) -> None:
    """12 results of 48 MB on a stream that nobody reads: more than four times what the queue may hold."""
    (worker,) = server.workers()
    before = {pid: resident_mib(pid) for pid in (server.process.pid, worker)}
    asked = request("x*y", [linspace("x", 0, 1, 2000), linspace("y", 0, 1, 1000)], ["x"], ["y"])
    numbered = [pb.StreamGridGradientsRequest(id=i, request=asked).SerializeToString() for i in range(12)]
    with grpc.insecure_channel(server.address, OPTIONS) as channel:
        stream: Any = Calls(channel).open_stream(iter(numbered))
        first = pb.StreamGridGradientsResponse.FromString(next(stream))
        assert first.header.shape == [2000, 1000]
        grown = dict.fromkeys(before, 0.0)
        for x in range(200):  # others are served, and meanwhile nothing piles up
            assert grids(calls.ask(square(float(x))))[0, 0] == x * x
            grown = {pid: max(most, resident_mib(pid) - before[pid]) for pid, most in grown.items()}
        taken = [first, *map(pb.StreamGridGradientsResponse.FromString, stream)]
    assert_allowed(grown)
    ended = {answer.id: answer for answer in taken if answer.last}
    assert len(ended) == 12
    assert all(answer.status.detail.reason in (0, pb.ERROR_REASON_BUSY) for answer in ended.values())
    whole = [number for number, answer in ended.items() if not answer.status.code]
    assert whole
    for number in whole:
        assert sum(len(answer.data) for answer in taken if answer.id == number) == 3 * 8 * 2_000_000


def assert_allowed(grown: dict[int, float]) -> None:
    """Each process holds what the queue may, and some for itself."""
    assert max(grown.values()) < QUEUE_MIB + 100, f"grown by {grown} MiB"
