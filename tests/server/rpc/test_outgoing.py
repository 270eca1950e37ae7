"""Messages that are made when their turn comes, from a slot that is held until then."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gridgrad_server.memory.slots import Slot, SlotPool
from gridgrad_server.rpc.outgoing import OutgoingMessage, OutgoingMessages

SIZE = 1 << 16


@pytest.fixture
def pool() -> Iterator[SlotPool]:
    slots = SlotPool()
    yield slots
    slots.close()  # fails while anything views one of them


def views(slot: Slot, size: int, count: int = 4) -> list[OutgoingMessage]:
    slot.view[:size] = bytes(i // (size // count) for i in range(size))
    step = size // count
    return [OutgoingMessage(b"%d:" % i, slot.view[i * step : (i + 1) * step]) for i in range(count)]


def test_a_slot_is_free_when_its_last_message_was_made(pool: SlotPool) -> None:
    slot = pool.take(SIZE)
    messages = OutgoingMessages(views(slot, SIZE), slot)
    slot.let_go()
    for number in range(4):
        assert pool.idle_bytes == 0
        assert messages.take() == b"%d:" % number + bytes([number]) * (SIZE // 4)
    assert pool.idle_bytes == SIZE
    assert messages.take() is None


def test_what_is_made_later_is_what_lay_there(pool: SlotPool) -> None:
    slot = pool.take(SIZE)
    messages = OutgoingMessages(views(slot, SIZE), slot)
    slot.let_go()
    other = pool.take(SIZE)
    other.view[:] = b"\xff" * SIZE
    assert messages.take() == b"0:" + bytes(SIZE // 4)
    messages.drop()
    other.let_go()


def test_a_slot_that_holds_much_else_is_not_kept(pool: SlotPool) -> None:
    slot = pool.take(SIZE)
    messages = OutgoingMessages(views(slot, SIZE // 8), slot)
    slot.let_go()
    assert pool.idle_bytes == SIZE
    pool.take(SIZE).view[:] = b"\xff" * SIZE
    assert [messages.take() for _ in range(5)] == [
        *(b"%d:" % i + bytes([i]) * (SIZE // 32) for i in range(4)),
        None,
    ]


@pytest.mark.parametrize("size", [SIZE, SIZE // 8])
def test_what_is_dropped_keeps_nothing(pool: SlotPool, size: int) -> None:
    slot = pool.take(SIZE)
    messages = OutgoingMessages(views(slot, size), slot)
    slot.let_go()
    messages.take()
    messages.drop()
    assert pool.idle_bytes == SIZE
    assert messages.take() is None


def test_messages_without_numbers_need_no_slot() -> None:
    messages = OutgoingMessages([OutgoingMessage(b"failed"), OutgoingMessage(b"too")], None)
    assert [messages.take() for _ in range(3)] == [b"failed", b"too", None]
