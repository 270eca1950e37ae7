"""A lease is released once, and there are only so many."""

from __future__ import annotations

from gridgrad_server.local_sessions.leases import Leases
from gridgrad_server.memory.arena import Arena, ArenaBudget


def test_a_lease_says_where_its_block_lies_and_ends_once() -> None:
    arena = Arena(1, 1 << 14, ArenaBudget(1 << 14), lambda _: None)
    arena.take(4096)
    block = arena.take(4096)
    assert block
    released: list[str] = []
    leases = Leases(2)
    first = leases.make(block, 100, lambda: released.append("first"))
    second = leases.make(block, 50, lambda: released.append("second"))
    assert (first.offset, first.size, second.size) == (4096, 100, 50)
    assert first.number != second.number
    assert [leases.release(first.number) for _ in range(2)] == [True, False]
    assert released == ["first"]
    assert not leases.release(second.number + 1)
    arena.close()


def test_there_are_no_more_than_it_allows() -> None:
    arena = Arena(1, 1 << 14, ArenaBudget(1 << 14), lambda _: None)
    block = arena.take(1)
    assert block
    leases = Leases(1)
    full = [leases.is_full]
    lease = leases.make(block, 1, lambda: None)
    full.append(leases.is_full)
    leases.release(lease.number)
    assert [*full, leases.is_full] == [False, True, False]
    arena.close()
