"""One session at a server in this process, whose callers are raw sockets and misbehave as they like."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Any

import numpy as np
import pytest

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.local_sessions import manager as sessions_module
from gridgrad_server.local_sessions import session as session_module
from tests.server.local_sessions.callers import Opening, grid, mapped, occupied, response_of, until


async def test_calls_of_sessions_and_of_grpc_share_a_batch(serve: Any, opening: Opening) -> None:
    serving = await serve()
    callers = [await opening(serving) for _ in range(2)]
    await occupied(serving, callers[0])
    for caller in callers:
        await caller.ask()
    response = await serving.calls.grid(grid())
    assert response.header.info.batch_size == 3


async def test_what_is_wrong_with_a_request_is_told(serve: Any, opening: Opening) -> None:
    caller = await opening(await serve())
    await caller.ask(pb.GridGradientRequest(function=pb.Function(expression="y +")))
    assert (await caller.answer()).status.detail.reason == pb.ERROR_REASON_EXPRESSION
    await caller.ask(grid(function="fails"))
    assert (await caller.answer()).status.detail.found == "it raised"
    await caller.ask()
    assert (await caller.answer()).HasField("lease")


def pack(count: int, text: str = "x") -> pb.StreamGridGradientsRequest:
    axis = pb.Array(shape=[count, 3], data=np.arange(3.0 * count).tobytes(), dtype=pb.DTYPE_FLOAT64)
    request = pb.GridGradientRequest(
        function=pb.Function(expression=text), inputs=[pb.Input(name="x", dims=["x"], array=axis)]
    )
    return pb.StreamGridGradientsRequest(id=1, entries=count, request=request)


async def test_grids_of_a_pack_are_answered_by_one_lease(serve: Any, opening: Opening) -> None:
    serving = await serve()
    caller = await opening(serving)
    await caller.send(id=1, pack=pack(300).SerializeToString())
    answer = await caller.answer()
    assert answer.lease.size == 300 * 64
    assert list(response_of(answer).header.shape) == [3]
    await caller.send(released=[answer.lease.number])
    await until(lambda: serving.server.parts.admission.requests == 0)
    assert serving.server.parts.admission.held_bytes == 0


async def test_what_is_wrong_with_a_pack_is_told(serve: Any, opening: Opening) -> None:
    serving = await serve()
    caller = await opening(serving)
    await caller.send(id=1, pack=pack(3, "y +").SerializeToString())
    assert "line 1" in (await caller.answer()).status.message
    await caller.send(id=2, pack=b"\xff\xff")
    assert "message" in (await caller.answer()).status.message
    await until(lambda: serving.server.parts.admission.requests == 0)


async def test_limits_hold_in_sessions_too(serve: Any, opening: Opening) -> None:
    serving = await serve(queue_entries=4)  # of which one caller gets half
    caller = await opening(serving)
    for _ in range(3):
        await caller.ask(grid(function="slow"))
    answers = [await caller.answer() for _ in range(3)]
    assert answers[0].status.detail.reason == pb.ERROR_REASON_BUSY
    assert all(answer.HasField("lease") for answer in answers[1:])
    await until(lambda: serving.server.parts.admission.requests == 0)
    assert serving.server.parts.admission.held_bytes == 0


async def test_a_call_that_is_given_up_is_answered_and_leaves_nothing(serve: Any, opening: Opening) -> None:
    serving = await serve()
    caller = await opening(serving)
    numbers = [await caller.ask(grid(function="slow")) for _ in range(4)]
    await caller.send(cancel=numbers[3])
    await caller.send(cancel=99)
    answers = {answer.id: answer for answer in [await caller.answer() for _ in range(4)]}
    assert answers[numbers[3]].status.detail.reason == pb.ERROR_REASON_CANCELLED
    assert all(answers[number].HasField("lease") for number in numbers[:3])
    await until(lambda: serving.server.parts.admission.requests == 0)


async def test_a_deadline_passes_in_the_queue(serve: Any, opening: Opening) -> None:
    serving = await serve()
    caller = await opening(serving)
    others = await occupied(serving, caller)
    late = await caller.ask(timeout_s=0.01)
    answers = {answer.id: answer for answer in [await caller.answer() for _ in range(others + 1)]}
    assert answers[late].status.detail.reason == pb.ERROR_REASON_DEADLINE


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param(struct.pack("<I", (1 << 26) + 1), id="too long a message"),
        pytest.param(struct.pack("<I", 3) + b"\xff\xff\xff", id="no message"),
        pytest.param(struct.pack("<I", 2) + b"\x22\x05", id="cut short"),
        pytest.param(struct.pack("<I", 3) + b"\x22\x01\x07", id="a lease that it has not"),
        pytest.param(struct.pack("<I", 3) + b"\x7a\x01\x00", id="a call without a number"),
        pytest.param(struct.pack("<I", 1 << 20) + b"half", id="half a message"),
    ],
)
async def test_a_hostile_message_ends_the_session_and_harms_nobody(
    serve: Any, opening: Opening, hostile: bytes
) -> None:
    serving = await serve()
    good, bad = await opening(serving), await opening(serving)
    await bad.ask(grid(function="slow"))
    await bad.send_raw(hostile)
    bad.socket.shutdown(socket.SHUT_WR)
    while await bad.receive():
        pass
    await until(lambda: len(serving.server.parts.sessions) == 1)
    await good.ask()
    assert (await good.answer()).HasField("lease")
    await until(lambda: serving.server.parts.admission.requests == 0)


async def test_a_number_twice_ends_the_session(serve: Any, opening: Opening) -> None:
    caller = await opening(await serve())
    for _ in range(2):
        await caller.send(id=5, request=grid(function="slow").SerializeToString())
    assert await caller.hung_up()


async def test_a_lease_can_be_released_once(serve: Any, opening: Opening) -> None:
    caller = await opening(await serve())
    await caller.ask()
    lease = (await caller.answer()).lease
    await caller.send(released=[lease.number, lease.number])
    assert await caller.hung_up()


async def test_who_reads_nothing_is_read_no_further_and_let_go(
    serve: Any, opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions_module, "_CHECK_EVERY_S", 0.05)
    serving = await serve(session_bytes=4096, stall_timeout=0.1)  # all answers come over the socket
    caller = await opening(serving)
    most = 0

    async def flood() -> None:
        nonlocal most
        with contextlib.suppress(ConnectionError):
            while True:
                await caller.ask(grid(20_000))
                most = max(most, serving.server.parts.admission.requests)

    flooding = asyncio.create_task(flood())
    await until(lambda: len(serving.server.parts.sessions) == 0)
    await flooding
    assert 0 < most <= session_module.MOST_CALLS
    await until(lambda: serving.server.parts.admission.requests == 0)
    assert serving.server.parts.admission.held_bytes == 0


async def test_draining_refuses_calls_and_answers_those_accepted(serve: Any, opening: Opening) -> None:
    serving = await serve()
    caller = await opening(serving)
    accepted = await caller.ask(grid(function="slow"))
    await until(lambda: serving.server.parts.admission.requests)
    serving.server.stop()
    refused = await caller.ask()
    answers = {answer.id: answer for answer in [await caller.answer() for _ in range(2)]}
    assert answers[accepted].HasField("lease")
    assert answers[refused].status.detail.reason == pb.ERROR_REASON_UNAVAILABLE
    assert await caller.hung_up()
    assert caller.numbers(answers[accepted].lease)[:3] == [0, 1, 2]


async def test_a_retry_writes_to_the_same_place_after_the_worker_is_gone(serve: Any, opening: Opening) -> None:
    caller = await opening(await serve())
    await caller.ask(grid(function="kills_once"))
    answer = await caller.answer()
    assert caller.numbers(answer.lease)[:3] == [0, 1, 2]


async def test_a_session_that_ends_under_a_call_leaves_nothing(serve: Any, opening: Opening) -> None:
    serving = await serve()
    caller = await opening(serving)
    for _ in range(4):
        await caller.ask(grid(function="slow"))
    await until(lambda: serving.server.parts.admission.requests == 4)
    caller.close()
    await until(lambda: not serving.server.parts.budget.arenas)
    assert serving.server.parts.budget.taken_bytes == 0
    assert (await serving.calls.grid(grid())).header.info.device == "cpu"


async def test_workers_forget_the_memory_of_sessions_that_ended(serve: Any, opening: Opening) -> None:
    serving = await serve()
    pid = serving.server.parts.workers.running[0].pid
    caller = await opening(serving)
    await caller.ask()
    await caller.answer()
    assert mapped(pid) == 1
    caller.close()
    await until(lambda: mapped(pid) == 0)
