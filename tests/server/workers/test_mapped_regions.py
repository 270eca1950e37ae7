"""Each region of shared memory is sent to a worker once, and what is no more is unmapped in time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.memory.slots import SlotPool
from gridgrad_server.workers.mapped_regions import MappedRegions


@pytest.fixture
def slots() -> Iterator[SlotPool]:
    pool = SlotPool()
    yield pool
    pool.close()


def told(fields: list[bytes]) -> list[wpb.Slot]:
    return [slot for field in fields for slot in wpb.Batch.FromString(field).slots]


def test_a_descriptor_goes_with_the_first_batch_alone(slots: SlotPool) -> None:
    regions, one, other = MappedRegions(), slots.take(1 << 16), slots.take(1 << 17)
    descriptors, fields = regions.introduce([one])
    assert descriptors == [one.descriptor]
    assert told(fields) == [wpb.Slot(id=one.number, size=1 << 16, descriptor_attached=True)]
    descriptors, fields = regions.introduce([one, other])
    assert descriptors == [other.descriptor]
    assert [slot.descriptor_attached for slot in told(fields)] == [False, True]
    one.let_go()
    other.let_go()


def test_what_was_dropped_is_told_once_with_the_next_batch(slots: SlotPool) -> None:
    regions, one, other = MappedRegions(), slots.take(1), slots.take(1)
    regions.introduce([one, other])
    regions.drop(one.number)
    _, fields = regions.introduce([other])
    assert [list(slot.forget) for slot in told(fields)] == [[one.number]]
    _, fields = regions.introduce([other])
    assert [list(slot.forget) for slot in told(fields)] == [[]]
    descriptors, _ = regions.introduce([one])  # another region of that number, if there were one
    assert descriptors == [one.descriptor]
    one.let_go()
    other.let_go()


def test_what_a_worker_never_had_it_need_not_drop() -> None:
    regions = MappedRegions()
    regions.drop(5)
    assert regions.take_dropped() == []


def test_what_is_told_beside_batches_is_told_once(slots: SlotPool) -> None:
    regions, one = MappedRegions(), slots.take(1)
    regions.introduce([one])
    regions.drop(one.number)
    assert regions.take_dropped() == [one.number]
    assert regions.take_dropped() == []
    one.let_go()
