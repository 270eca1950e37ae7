"""Calls by a lane, answered by compiled code: to the bit as by the engine, among batches, whatever a caller writes."""

from __future__ import annotations

import contextlib
import mmap
import os
import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from gridgrad_core.errors import InternalError
from gridgrad_core.system import lane_layout, shared_memory
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.devices.slots import MappedSlots
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.runtime.call_lanes import CallLanes
from gridgrad_worker.engines.compiled.runtime.compiled_engine import CompiledEngine
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, Tile

PRIVATE, LANE, SIZE = 1, 2, 1 << 16
INPUTS, NUMBERS, RESULT, STRIDE = 4096, 4096, 4160, 8192
ROWS, COLUMNS = 6, 5
UNLIMITED = (1 << 63) - 1
ACCOUNT = struct.Struct("<dqqqdqqq")


class Lane:
    """A lane of two slots by which `a` varies, its caller, and the worker's loop in a thread of its own."""

    def __init__(self, engine: CompiledEngine, tile: Tile, device: CpuDevice, budget: int = UNLIMITED) -> None:
        self.memories = []
        slots, batch = MappedSlots(device), pb.Batch()
        for number in (PRIVATE, LANE):
            descriptor = shared_memory.create("test", SIZE)
            self.memories.append(mmap.mmap(descriptor, SIZE))
            batch.slots.add(id=number, size=SIZE, descriptor_attached=True)
            slots.admit(batch.slots[-1:], [descriptor])
        self.private, self.memory = self.memories
        ACCOUNT.pack_into(self.private, 0, 0.0, 0, 0, 0, 0.0, 0, budget, 2)
        self.bell, bell = socket.socketpair()
        self.server, worker = socket.socketpair()
        self.worker, self.asked = worker, [0, 0]
        self.lanes = CallLanes(slots)
        request = pb.BindLane(
            lane=LANE, slots=2, batch=batch, inputs_stride=1024, lane_stride=STRIDE, cost=10, points=3
        )
        request.copies.add(lane_offset=NUMBERS, offset=INPUTS, size=8)
        self.lanes.bind(request, [self._call(engine, tile, slots, n) for n in range(2)], os.dup(bell.fileno()))
        bell.close()
        self.thread = threading.Thread(target=self._answer)
        self.thread.start()

    def _call(self, engine: CompiledEngine, tile: Tile, slots: MappedSlots, number: int) -> Any:
        out = np.zeros((3, tile.subgrid.points))
        template = engine.template(tile, out)
        assert template is not None
        places, offset = [], INPUTS + 1024 * number
        for values in tile.inputs:
            assert isinstance(values, ArrayValues)
            raw = values.array.tobytes()
            self.private[offset : offset + len(raw)] = raw
            places.append(slots.address(PRIVATE, offset, len(raw)))
            offset += -(-len(raw) // 64) * 64
        return template.call(places, slots.address(LANE, RESULT + STRIDE * number, out.nbytes), out.strides[0])

    def _answer(self) -> None:
        self.heard = self.lanes.answer(self.worker.fileno())

    def ask(self, a: float, slot: int = 0) -> None:
        struct.pack_into("=d", self.memory, NUMBERS + STRIDE * slot, a)
        self.asked[slot] += 1
        struct.pack_into("=I", self.memory, lane_layout.IS_WAITING, 1)
        struct.pack_into("=I", self.memory, lane_layout.REQUESTS + 4 * slot, self.asked[slot])
        self.bell.send(b"\0")

    def wait(self, slot: int = 0) -> int:
        """Waits for the answer; the outcome."""
        self.bell.settimeout(20)
        while struct.unpack_from("=I", self.memory, lane_layout.ANSWERS + 4 * slot)[0] != self.asked[slot]:
            assert self.bell.recv(100)
        outcome: int = struct.unpack_from("=I", self.memory, lane_layout.OUTCOMES + 4 * slot)[0]
        return outcome

    def result(self, slot: int = 0) -> NDArray[np.float64]:
        return np.ndarray((3, ROWS * COLUMNS), "f8", self.memory, RESULT + STRIDE * slot).copy()

    def account(self) -> tuple[float, int, int, int, float, int]:
        busy_since, calls, cost, points, seconds, refused, *_ = ACCOUNT.unpack_from(self.private)
        return busy_since, calls, cost, points, seconds, refused

    def end(self) -> None:
        if self.thread.is_alive():
            self.server.shutdown(socket.SHUT_WR)
        self.thread.join(20)
        assert not self.thread.is_alive()
        self.lanes.close(LANE)
        for each in (self.bell, self.server, self.worker):
            each.close()


Open = Callable[..., Lane]


@pytest.fixture
def engines(
    build_engine: Callable[[CompileJob], tuple[CompiledEngine, StructuredEngine]], job: CompileJob
) -> tuple[CompiledEngine, StructuredEngine]:
    return build_engine(job)


@pytest.fixture
def opened(
    engines: tuple[CompiledEngine, StructuredEngine], tile: Callable[..., Tile], device: CpuDevice
) -> Iterator[Open]:
    made: list[Lane] = []

    def open_lane(**options: Any) -> Lane:
        made.append(Lane(engines[0], tile(ROWS, COLUMNS), device, **options))
        return made[-1]

    yield open_lane
    for lane in made:
        lane.end()


def expected(engine: CompiledEngine, tile: Tile) -> NDArray[np.float64]:
    out = np.zeros((3, tile.subgrid.points))
    engine.compute([tile], [out])
    return out


def test_calls_have_the_bits_of_the_engine(
    opened: Open, engines: tuple[CompiledEngine, StructuredEngine], tile: Callable[..., Tile]
) -> None:
    lane = opened()
    for a in (1.0, -2.5, 0.125):
        lane.ask(a, 0)
        lane.ask(2 * a, 1)
        assert (lane.wait(0), lane.wait(1)) == (0, 0)
        for slot in range(2):
            assert_array_equal(lane.result(slot), expected(engines[0], tile(ROWS, COLUMNS, a * (1 + slot))))
    busy_since, calls, cost, points, seconds, refused = lane.account()
    assert (busy_since, calls, cost, points, refused) == (0, 6, 60, 18, 0)
    assert 0 < seconds < 10


def test_over_its_budget_nothing_is_computed(opened: Open) -> None:
    lane = opened(budget=25)
    outcomes = []
    for _ in range(5):
        lane.ask(1.0)
        outcomes.append(lane.wait())
    assert [bool(each) for each in outcomes] == [False, False, False, True, True]
    assert lane.account()[1:3] == (3, 30)
    assert lane.account()[5] == 2
    struct.pack_into("<q", lane.private, 48, 100)
    lane.ask(1.0)
    assert lane.wait() == 0


def test_messages_of_the_server_come_between_calls(opened: Open) -> None:
    lane = opened()
    lane.ask(1.0)
    assert lane.wait() == 0
    lane.server.sendall(b"\x02\0\0\0??")
    lane.thread.join(20)
    assert lane.heard
    assert lane.worker.recv(100) == b"\x02\0\0\0??", "it is left there"


def test_where_something_is_compiled_it_comes_back_in_time(opened: Open) -> None:
    lane = opened()
    lane.server.sendall(b"\x02\0\0\0??")
    lane.thread.join(20)
    lane.worker.recv(100)
    assert not lane.lanes.answer(lane.worker.fileno(), 0.01)
    lane.server.shutdown(socket.SHUT_WR)
    assert lane.lanes.answer(lane.worker.fileno(), 10.0)


def test_a_caller_who_is_gone_is_no_load(opened: Open) -> None:
    lane = opened()
    lane.ask(1.0)
    lane.wait()
    lane.bell.close()
    lane.server.sendall(b"\x02\0\0\0??")
    lane.thread.join(20)
    lane.worker.recv(100)
    assert not lane.lanes.answer(lane.worker.fileno(), 0.2)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_a_caller_writes_others_are_answered(opened: Open, seed: int) -> None:
    lane, draw = opened(), random.Random(seed)  # noqa: S311 - bytes to try, no secrets
    for _ in range(2000):
        start, size = draw.randrange(SIZE - 64), draw.choice([1, 4, 64])
        lane.memory[start : start + size] = draw.randbytes(size)
        if draw.random() < 0.5:
            start = draw.randrange(lane_layout.CONTROL_BYTES)
            lane.memory[start : start + 4] = draw.randbytes(4)
        lane.bell.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            lane.bell.send(draw.randbytes(size))
        with contextlib.suppress(BlockingIOError):
            lane.bell.recv(1 << 16)
    lane.server.sendall(b"\x02\0\0\0??")
    lane.thread.join(20)
    assert lane.heard, "the server is still heard"


def test_what_lies_elsewhere_is_refused(opened: Open) -> None:
    lane = opened()
    lane.server.sendall(b"\x02\0\0\0??")
    lane.thread.join(20)
    lane.worker.recv(100)
    batch = pb.Batch(slots=[pb.Slot(id=PRIVATE), pb.Slot(id=LANE)])
    request = pb.BindLane(lane=LANE, slots=1, batch=batch)
    request.copies.add(lane_offset=SIZE - 4, offset=INPUTS, size=8)
    kept = lane.lanes._open[LANE].kept[0].call
    with pytest.raises(InternalError):
        lane.lanes.bind(request, [kept], None)
    with pytest.raises(InternalError, match="slot 64"):
        lane.lanes.bind(pb.BindLane(lane=LANE, first_slot=64, slots=1, batch=batch), [kept], None)
