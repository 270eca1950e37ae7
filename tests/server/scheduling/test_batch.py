"""What a worker is asked for, and where inputs and results lie in the memory that it shares."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator

import pytest

from gridgrad_core.grid import InputSpec
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.memory.arena import Arena, ArenaBudget
from gridgrad_server.memory.slots import SlotPool
from gridgrad_server.requests.decoded import DecodedArray, DecodedInput
from gridgrad_server.requests.request_cache import ServerTemplate
from gridgrad_server.requests.result_layout import RequestLayout
from gridgrad_server.scheduling.batch import Batch
from gridgrad_server.scheduling.destinations import WholeDestination
from gridgrad_server.scheduling.queue import BatchItem
from gridgrad_server.scheduling.request import GridRequest
from tests.server.building import RememberingSink, function_key

FUNCTION = function_key()


@pytest.fixture
def slots() -> Iterator[SlotPool]:
    pool = SlotPool()
    yield pool
    pool.close()


def request(*numbers: float, grids: int = 1, tile_cost: int = 1000) -> GridRequest:
    data = struct.pack(f"<{len(numbers)}d", *numbers)
    points = len(numbers) // grids
    given = DecodedInput(InputSpec("x", ("x",), (points,)), DecodedArray("float64", data, grids > 1))
    template = ServerTemplate(FUNCTION, RequestLayout(FUNCTION, (points,), [given], grids))
    return GridRequest(template, [data], RememberingSink(), "someone", None, tile_cost, 9)


def taken(made: GridRequest) -> BatchItem:
    return BatchItem(made, made.progress.take(10**9))


def asked(batch: Batch, is_new: bool = False, forget: tuple[int, ...] = ()) -> wpb.Batch:
    return wpb.ServerMessage.FromString(batch.frame([], is_new, forget)).batch


def numbers_at(batch: Batch, position: int, count: int) -> tuple[float, ...]:
    return struct.unpack_from(f"<{count}d", batch.slot.view, position)


def test_inputs_and_results_lie_apart_in_one_slot(slots: SlotPool) -> None:
    batch = Batch(7, [taken(request(1.0, 2.0, 3.0)), taken(request(4.0, 5.0))], slots)
    message = asked(batch)
    assert (message.id, message.plan_id, message.cautious) == (7, FUNCTION.number, False)
    first, second = message.pieces
    assert numbers_at(batch, first.inputs_offset, 3) == (1.0, 2.0, 3.0)
    assert numbers_at(batch, second.inputs_offset, 2) == (4.0, 5.0)
    ranges = [
        (first.result_offset, 48),
        (first.inputs_offset, 24),
        (second.result_offset, 32),
        (second.inputs_offset, 16),
    ]
    assert all(start % 64 == 0 for start, _ in ranges)
    assert all(start + size <= other for (start, size), (other, _) in itertools.pairwise(ranges))
    batch.slot.view[second.result_offset : second.result_offset + 32] = struct.pack("<4d", 9, 8, 7, 6)
    assert bytes(batch.result(1)) == struct.pack("<4d", 9, 8, 7, 6)
    batch.let_go()


def test_the_slot_is_free_when_the_worker_has_answered(slots: SlotPool) -> None:
    batch = Batch(1, [taken(request(1.0))], slots)
    assert slots.idle_bytes == 0
    batch.let_go()
    assert slots.idle_bytes == batch.slot.size


def test_the_inputs_of_several_tiles_lie_once_in_a_slot_of_their_own(slots: SlotPool) -> None:
    large = request(*map(float, range(100)), tile_cost=100)
    first, second = Batch(1, [taken(large)], slots), Batch(2, [taken(large)], slots)
    pieces = [asked(batch).pieces[0] for batch in (first, second)]
    assert large.inputs_slot is not None
    assert {piece.inputs_slot for piece in pieces} == {large.inputs_slot.number}
    assert [piece.inputs_offset for piece in pieces] == [0, 0]
    assert len(first.regions) == 2
    large.end()
    first.let_go()
    idle_bytes = slots.idle_bytes
    second.let_go()
    assert slots.idle_bytes > idle_bytes + second.slot.size - 1  # its own, and that of the inputs


def test_what_lies_between_the_grids_of_a_pack_is_empty(slots: SlotPool) -> None:
    dirty = slots.take(1 << 10)
    dirty.view[:] = b"\xff" * dirty.size
    dirty.let_go()
    pack = request(*map(float, range(6)), grids=2)  # results of 48 bytes, 64 apart
    batch = Batch(1, [taken(pack)], slots)
    assert batch.slot is dirty
    assert [bytes(batch.result(0)[start + 48 : start + 64]) for start in (0, 64)] == [bytes(16)] * 2
    assert batch.grids == 2
    batch.let_go()


def test_results_with_a_destination_take_nothing_in_the_slot(slots: SlotPool) -> None:
    arena = Arena(99, 1 << 16, ArenaBudget(1 << 16), lambda _: None)
    made = request(1.0, 2.0)
    block = arena.take(made.template.layout.total_bytes)
    assert block
    made.destination = WholeDestination(block, made.template)
    batch = Batch(1, [taken(made)], slots)
    (piece,) = asked(batch).pieces
    assert (piece.result_slot, piece.result_offset, piece.result_stride) == (99, block.offset, 16)
    assert batch.is_in_arena
    assert len(batch.result(0)) == 0
    assert arena in batch.regions
    assert arena.writers == 1
    batch.let_go()
    assert arena.writers == 0
    arena.close()


def test_a_new_function_is_told_and_an_old_one_dropped(slots: SlotPool) -> None:
    batch = Batch(1, [taken(request(1.0))], slots)
    message = asked(batch, is_new=True, forget=(5,))
    assert message.plan == FUNCTION.message
    assert list(message.forget_plans) == [5]
    assert not asked(batch).HasField("plan")
    batch.let_go()


def test_what_crashed_is_computed_with_caution(slots: SlotPool) -> None:
    made = request(1.0)
    made.put_back(made.progress.take(10**9), blamed=True)
    batch = Batch(1, [taken(made)], slots)
    assert asked(batch).cautious
    batch.let_go()
