from __future__ import annotations

import contextlib
import errno
import os

import pytest

from gridgrad_core.system import shared_memory
from gridgrad_server.memory.slots import SlotPool


def test_a_slot_is_handed_out_again_only_when_nobody_holds_it() -> None:
    pool = SlotPool()
    slot = pool.take(1000)
    slot.hold()
    slot.let_go()
    other = pool.take(1000)
    assert other is not slot
    slot.let_go()
    assert pool.take(1000) is slot


def test_sizes_are_rounded_up_and_kept_apart() -> None:
    pool = SlotPool()
    small, large = pool.take(1), pool.take(100_000)
    assert (small.size, large.size) == (1 << 16, 1 << 17)
    small.let_go()
    assert pool.take(100_000) is not small


def test_the_seals_forbid_another_size() -> None:
    slot = SlotPool().take(1)
    for size in (0, slot.size * 2):
        with pytest.raises(PermissionError):
            os.ftruncate(slot.descriptor, size)


def test_what_is_written_is_seen_through_the_descriptor() -> None:
    slot = SlotPool().take(1)
    slot.view[5:8] = b"abc"
    assert os.pread(slot.descriptor, 3, 5) == b"abc"


def test_free_slots_are_bounded_and_the_workers_are_told() -> None:
    pool = SlotPool(idle_bytes=3 << 16)
    dropped: list[int] = []
    pool.on_dropped.append(dropped.append)
    slots = [pool.take(1) for _ in range(5)]
    for slot in slots:
        slot.let_go()
    assert pool.idle_bytes == 3 << 16
    assert dropped == [slots[0].number, slots[1].number]
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(slots[0].descriptor)
    pool.close()
    assert pool.idle_bytes == 0
    assert len(dropped) == 5


def test_free_slots_give_way_where_there_is_no_descriptor_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = SlotPool()
    free, held = [pool.take(1) for _ in range(3)], pool.take(1)
    for slot in free:
        slot.let_go()
    create, most = shared_memory.create, len(free) + 1  # descriptors that there may be

    def limited(name: str, size: int) -> int:
        if pool.idle_bytes // held.size + 1 >= most:
            raise OSError(errno.EMFILE, "Too many open files")
        return create(name, size)

    monkeypatch.setattr(shared_memory, "create", limited)
    larger = pool.take(1 << 17)
    assert pool.idle_bytes == 2 * held.size
    most = 0
    with pytest.raises(OSError, match="Too many open files"):
        pool.take(1 << 18)
    assert pool.idle_bytes == 0, "all that could be given up was"
    larger.view[0] = held.view[0]


def test_a_stale_size_goes_before_one_in_use() -> None:
    pool = SlotPool(idle_bytes=1 << 18)
    stale, used = pool.take(1 << 17), pool.take(1 << 17 | 1)
    stale.let_go()
    used.let_go()
    with contextlib.suppress(ValueError):
        stale.view[0] = 1
        pytest.fail("the stale slot is still mapped")
    assert pool.take(1 << 18) is used
