"""The client's end of a lane, whose worker is this test."""

from __future__ import annotations

import mmap
import os
import socket
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gridgrad.lanes.caller_lane import CallerLane
from gridgrad.protocol.response_cache import read_unary
from gridgrad.requests.call_numbers import CallNumber
from gridgrad.requests.prepare import PreparedCall, prepare
from gridgrad.requests.request import Request
from gridgrad_core.errors import InternalError
from gridgrad_core.system import lane_layout, shared_memory
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.buffer import prefix

SIZE = 1 << 16
NUMBERS, RESULT, STRIDE = 4096, 4160, 256


class Worker:
    """The other end."""

    def __init__(self) -> None:
        self.descriptor = shared_memory.create("a lane", SIZE)
        self.memory = mmap.mmap(self.descriptor, SIZE)
        self.bell, self.callers_bell = socket.socketpair()

    def word(self, start: int, slot: int = 0) -> int:
        found: int = struct.unpack_from("=I", self.memory, start + 4 * slot)[0]
        return found

    def say(self, start: int, value: int, slot: int = 0) -> None:
        struct.pack_into("=I", self.memory, start + 4 * slot, value)

    def answer(self, slot: int, values: Any, outcome: int = lane_layout.DONE) -> None:
        start = RESULT + slot * STRIDE
        raw = np.asarray(values, "f8").tobytes()
        self.memory[start : start + len(raw)] = raw
        self.say(lane_layout.OUTCOMES, outcome, slot)
        struct.pack_into("=d", self.memory, lane_layout.SECONDS + 8 * slot, 0.25)
        self.say(lane_layout.ANSWERS, self.word(lane_layout.REQUESTS, slot), slot)


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker()
    yield made
    made.bell.close()
    made.callers_bell.close()
    os.close(made.descriptor)


@pytest.fixture
def lane(worker: Worker) -> Iterator[CallerLane]:
    made = CallerLane(worker.descriptor, SIZE, worker.callers_bell.fileno())
    yield made
    made.close()


def grant(**fields: Any) -> pb.LaneGrant:
    said = {
        "bound": 9,
        "slots": 2,
        "numbers_offset": NUMBERS,
        "numbers_bytes": 16,
        "result_offset": RESULT,
        "result_bytes": 32,
        "stride": STRIDE,
        "info": pb.Info(tier="compiled", engine="structured", batch_size=1),
    }
    return pb.LaneGrant(**{**said, **fields})


@pytest.fixture
def call() -> PreparedCall:
    """A call whose number is known, and to which an answer has come."""
    made = prepare(Request("2*x", {"x": [1.0, 2.0]}, wrt="x"))
    header = pb.ResultHeader(dims=["x"], shape=[2], components=["f"], dtype=pb.DTYPE_FLOAT64)
    header.derivatives.add(wrt=["x"])
    header.info.CopyFrom(pb.Info(queue_s=1.0, compute_s=1.0))
    head = pb.GridGradientResponse(header=header).SerializeToString()
    raw = prefix(head, 32) + np.array([2.0, 4.0, 2.0, 2.0]).tobytes()
    read_unary(raw, made)
    number = CallNumber(made.template)
    number.given(9)
    return made._replace(number=number)


def test_a_call_goes_there_and_its_result_is_a_copy(worker: Worker, lane: CallerLane, call: PreparedCall) -> None:
    assert lane.begin(call) is None
    lane.add(grant())
    slot = lane.begin(call)
    assert slot == 0
    assert worker.memory[NUMBERS : NUMBERS + 16] == np.array([1.0, 2.0]).tobytes()
    assert not lane.is_answered(slot)
    worker.answer(slot, [2, 4, 6, 8])
    assert lane.is_answered(slot)
    result = lane.result(slot, call)
    assert result is not None
    worker.memory[RESULT : RESULT + 32] = bytes(32)
    assert_array_equal(result.value, [2.0, 4.0])
    assert_array_equal(result.d["x"], [6.0, 8.0])
    assert not result.value.flags.writeable
    assert (result.info.compute_s, result.info.tier, result.info.batch_size) == (0.25, "compiled", 1)


def test_a_slot_takes_the_next_call_when_it_was_answered_and_left(
    worker: Worker, lane: CallerLane, call: PreparedCall
) -> None:
    lane.add(grant())
    assert [lane.begin(call) for _ in range(3)] == [0, 1, None]
    lane.leave(0)  # given up, and not yet answered
    worker.answer(1, range(4))
    assert lane.begin(call) is None
    worker.answer(0, range(4))
    lane.leave(1)
    assert [lane.begin(call) for _ in range(3)] == [0, 1, None]


@pytest.mark.parametrize("outcome", [1, 77])
def test_what_was_not_computed_goes_another_way(
    outcome: int, worker: Worker, lane: CallerLane, call: PreparedCall
) -> None:
    lane.add(grant())
    slot = lane.begin(call)
    assert slot is not None
    worker.answer(slot, range(4), outcome)
    assert lane.result(slot, call) is None


def test_a_call_of_another_size_goes_another_way(worker: Worker, lane: CallerLane, call: PreparedCall) -> None:
    lane.add(grant(numbers_bytes=8))
    assert lane.begin(call) is None
    lane.add(grant(bound=9, result_bytes=24, first_slot=4))
    slot = lane.begin(call)
    assert slot == 4
    worker.answer(slot, range(4))
    assert lane.result(slot, call) is None


def test_the_worker_is_rung_when_it_sleeps_and_not_waited_for_busily_where_processors_are_few(
    worker: Worker, lane: CallerLane, call: PreparedCall
) -> None:
    lane.add(grant())
    worker.say(lane_layout.IS_ASLEEP, 1)
    assert lane.is_asleep
    slot = lane.begin(call)
    assert slot is not None
    assert not lane.is_answered_soon(slot, 0.0)
    lane.say_waiting(True)
    assert worker.word(lane_layout.IS_WAITING) == 1
    worker.answer(slot, range(4))
    assert lane.is_answered_soon(slot, 0.0)


@pytest.mark.parametrize(
    "fields",
    [
        {"numbers_offset": 100},
        {"result_offset": SIZE - 8},
        {"slots": 65},
        {"stride": SIZE},
        {"result_bytes": 1 << 40},
        {"result_offset": RESULT + 1},
    ],
)
def test_slots_outside_of_the_memory_are_refused(fields: dict[str, int], lane: CallerLane) -> None:
    with pytest.raises(InternalError):
        lane.add(grant(**fields))


def test_memory_that_could_shrink_is_refused(worker: Worker) -> None:
    descriptor = os.memfd_create("no lane")
    os.ftruncate(descriptor, SIZE)
    with pytest.raises((InternalError, OSError)):
        CallerLane(descriptor, SIZE, worker.callers_bell.fileno())
    os.close(descriptor)
