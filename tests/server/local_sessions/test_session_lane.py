"""What a session gets when it asks for a lane, by a caller that is a raw socket."""

from __future__ import annotations

import mmap
import os
import socket
import struct
from typing import Any

import pytest

from gridgrad_core.system import lane_layout, shared_memory
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.server.local_sessions.callers import Opening, grid, offer, until
from tests.server.local_sessions.lane_callers import again, granted, lanes_of, numbered, prepared

UNBOUND = "tan(a*x)"
"""What the pretending worker takes no calls of."""

pytestmark = pytest.mark.skipif(not lane_layout.keeps_order(), reason="there are no lanes on this machine")


async def test_a_lane_is_memory_and_a_bell_and_room_for_calls(serve: Any, opening: Opening) -> None:
    serving = await serve()
    await prepared(serving)
    caller = await opening(serving)
    number = await numbered(caller)
    grant = await granted(caller, number, slots=4)
    assert (grant.bound, grant.slots, grant.first_slot) == (number, 4, 0)
    assert (grant.numbers_bytes, grant.result_bytes) == (8, 2 * 5 * 8)
    assert grant.numbers_offset >= lane_layout.CONTROL_BYTES
    assert (grant.info.tier, grant.info.device, grant.info.batch_size) == ("compiled", "cpu", 1)
    _, descriptor, bell = caller.descriptors
    assert shared_memory.is_sealed(descriptor)
    assert len(mmap.mmap(descriptor, 0)) == grant.memory_bytes
    with socket.socket(fileno=os.dup(bell)) as end:
        assert (end.family, end.type) == (socket.AF_UNIX, socket.SOCK_STREAM)

    other = await numbered(caller, points=7)
    more = await granted(caller, other)
    assert (more.slots, more.first_slot, more.memory_bytes) == (1, 4, 0)
    assert more.numbers_offset >= grant.result_offset + 3 * grant.stride + grant.result_bytes
    assert len(caller.descriptors) == 3


async def test_what_can_not_go_by_a_lane_is_told(serve: Any, opening: Opening) -> None:
    serving = await serve()
    caller = await opening(serving)
    unprepared = await numbered(caller)
    assert (await granted(caller, unprepared)).slots == 0
    await prepared(serving)
    assert (await granted(caller, unprepared)).slots == 1
    large = await numbered(caller, points=40_000)
    await caller.ask(again(large), lane_slots=1)
    answers = [await caller.answer() for _ in range(2)]
    assert [answer.lane.slots for answer in answers if answer.HasField("lane")] == [0]
    await prepared(serving, UNBOUND)
    assert (await granted(caller, await numbered(caller, UNBOUND))).slots == 0


@pytest.mark.long
async def test_room_in_a_lane_is_bounded(serve: Any, opening: Opening) -> None:
    serving = await serve()
    await prepared(serving)
    caller = await opening(serving)
    number = await numbered(caller)
    slots = [(await granted(caller, number, 1000)).slots for _ in range(6)]
    assert slots == [16, 16, 16, 16, 0, 0]


@pytest.mark.long
async def test_requests_without_a_number_ask_for_nothing(serve: Any, opening: Opening) -> None:
    serving = await serve()
    caller = await opening(serving)
    await caller.ask(grid(), lane_slots=1)
    assert (await caller.answer()).HasField("lease")
    assert not lanes_of(serving)


async def test_a_lane_ends_with_its_session(serve: Any, opening: Opening) -> None:
    serving = await serve()
    await prepared(serving)
    caller = await opening(serving)
    await granted(caller, await numbered(caller))
    (lane,) = lanes_of(serving)
    assert len(lane.worker.lanes) == 1
    bell = socket.socket(fileno=os.dup(caller.descriptors[2]))
    caller.socket.close()
    await until(lambda: not lanes_of(serving) and not lane.worker.lanes)
    bell.setblocking(True)
    bell.settimeout(20)
    assert bell.recv(1) == b"", "the worker has closed its end"
    bell.close()


@pytest.mark.long
async def test_servers_say_whether_they_have_lanes(serve: Any) -> None:
    assert (await offer(await serve())).lanes
    assert not (await offer(await serve(lanes=0))).lanes


@pytest.mark.long
async def test_a_server_without_lanes_goes_on(serve: Any, opening: Opening) -> None:
    serving = await serve(lanes=0)
    await prepared(serving)
    caller = await opening(serving)
    number = await numbered(caller)
    assert (await granted(caller, number)) == pb.LaneGrant(bound=number)


@pytest.mark.long
async def test_numbers_that_nobody_has_are_refused_as_ever(serve: Any, opening: Opening) -> None:
    serving = await serve()
    caller = await opening(serving)
    await caller.ask(pb.GridGradientRequest(bound=77, numbers=struct.pack("<d", 1)), lane_slots=1)
    assert (await caller.answer()).status.detail.closer_reason == pb.ERROR_REASON_FORGOTTEN_NUMBER
