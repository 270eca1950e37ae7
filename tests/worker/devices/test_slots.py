from __future__ import annotations

import errno
import mmap
import os

import numpy as np
import pytest

from gridgrad_core.errors import InternalError
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.devices.device import Bytes
from gridgrad_worker.devices.slots import MappedSlots


class Pinned:
    """Knows what is pinned."""

    def __init__(self) -> None:
        self.addresses: list[int] = []

    def pin(self, memory: Bytes) -> None:
        self.addresses.append(memory.ctypes.data)

    def unpin(self, memory: Bytes) -> None:
        self.addresses.remove(memory.ctypes.data)


def region(numbers: object) -> tuple[int, int]:
    """A descriptor of memory that holds the numbers, and its size."""
    data = np.asarray(numbers, float).tobytes()
    descriptor = os.memfd_create("slot")
    os.write(descriptor, data)
    return descriptor, len(data)


def admitted(numbers: object, slot: int = 1, device: Pinned | None = None) -> MappedSlots:
    slots = MappedSlots(device or Pinned())
    descriptor, size = region(numbers)
    slots.admit([pb.Slot(id=slot, size=size, descriptor_attached=True)], [descriptor])
    return slots


def test_numbers_are_viewed_where_they_lie() -> None:
    descriptor, size = region([0, 1, 2, 3, 4])
    kept = os.dup(descriptor)
    slots = MappedSlots(Pinned())
    slots.admit([pb.Slot(id=7, size=size, descriptor_attached=True)], [descriptor])
    view = slots.array(7, 8, (2, 2), "float64")
    assert view.tolist() == [[1, 2], [3, 4]]
    view[...] = 9
    assert np.frombuffer(os.pread(kept, size, 0)).tolist() == [0, 9, 9, 9, 9]
    os.close(kept)


def test_an_address_is_where_the_view_lies() -> None:
    slots = admitted([0, 1, 2, 3, 4])
    assert slots.address(1, 8, 32) == slots.array(1, 8, (4,), "float64").ctypes.data
    assert slots.address(1, 40, 0) == slots.address(1, 0, 0) + 40


@pytest.mark.parametrize(("slot", "offset", "size"), [(2, 0, 8), (1, 40, 1), (1, 0, 41), (1, -8, 8)])
def test_an_address_outside_of_a_slot_is_refused(slot: int, offset: int, size: int) -> None:
    with pytest.raises(InternalError, match="bytes at byte"):
        admitted([0, 1, 2, 3, 4]).address(slot, offset, size)


def test_a_forgotten_slot_has_no_address() -> None:
    slots = admitted([0, 1])
    slots.forget([1])
    with pytest.raises(InternalError, match="slot 1"):
        slots.address(1, 0, 8)


def test_the_descriptors_are_closed_whatever_happens() -> None:
    descriptor, size = region([1])
    with pytest.raises(InternalError, match="1 descriptors for 0 slots"):
        MappedSlots(Pinned()).admit([pb.Slot(id=1, size=size)], [descriptor])
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_a_region_smaller_than_said_is_refused() -> None:
    descriptor, size = region([1])
    with pytest.raises(InternalError, match="slot 3 of 16 bytes"):
        MappedSlots(Pinned()).admit([pb.Slot(id=3, size=2 * size, descriptor_attached=True)], [descriptor])


def test_a_slot_for_which_there_is_no_memory_is_mapped_when_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(os.listdir("/proc/self/fd"))

    def full(*_: object) -> None:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    with monkeypatch.context() as patched:
        patched.setattr(mmap, "mmap", full)
        slots = admitted([1, 2], 7)
        slots.admit([pb.Slot(id=8, size=8, descriptor_attached=True)], [region([3])[0]])
        for use in (lambda: slots.array(7, 0, (2,), "float64"), lambda: slots.address(7, 0, 8), lambda: slots.pin(7)):
            with pytest.raises(MemoryError, match="16 bytes"):
                use()
        slots.forget([8])
    assert slots.array(7, 0, (2,), "float64").tolist() == [1, 2]
    with pytest.raises(InternalError, match="slot 8, which was never sent or is forgotten"):
        slots.array(8, 0, (1,), "float64")
    slots.forget([7])
    assert set(os.listdir("/proc/self/fd")) == before


def test_a_slot_stays_until_it_is_forgotten() -> None:
    slots = admitted([1, 2])
    slots.admit([pb.Slot(id=1, size=16)], [])
    view = slots.array(1, 0, (2,), "float64")
    descriptor, size = region([5])
    slots.admit([pb.Slot(id=2, size=size, descriptor_attached=True, forget=[1])], [descriptor])
    assert len(slots) == 1
    assert view.tolist() == [1, 2]  # what is in use stays mapped
    with pytest.raises(InternalError, match="slot 1, which was never sent or is forgotten"):
        slots.array(1, 0, (2,), "float64")


def test_an_id_may_be_forgotten_and_sent_anew_at_once() -> None:
    slots = admitted([1])
    descriptor, size = region([2])
    slots.admit([pb.Slot(id=1, size=size, descriptor_attached=True, forget=[1])], [descriptor])
    assert slots.array(1, 0, (1,), "float64").tolist() == [2]


@pytest.mark.parametrize(("offset", "shape"), [(8, (2,)), (0, (3,)), (17, (1,)), (1 << 40, (1,))])
def test_what_does_not_lie_in_its_slot_is_refused(offset: int, shape: tuple[int, ...]) -> None:
    with pytest.raises(InternalError, match="of slot 1"):
        admitted([1, 2]).array(1, offset, shape, "float64")


def test_empty_arrays_lie_anywhere() -> None:
    assert admitted([1]).array(1, 8, (3, 0), "float32").shape == (3, 0)


def test_a_slot_is_pinned_once_and_until_it_is_forgotten() -> None:
    device = Pinned()
    slots = admitted([1, 2], 1, device)
    assert not device.addresses
    for _ in range(2):
        slots.pin(1)
    assert device.addresses == [slots.array(1, 0, (2,), "float64").ctypes.data]
    slots.admit([pb.Slot(id=9, size=8, forget=[1])], [])
    assert not device.addresses
