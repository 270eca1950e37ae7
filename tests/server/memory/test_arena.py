from __future__ import annotations

import fcntl
import itertools
import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridgrad_server.memory.arena import Arena, ArenaBudget, Block
from tests.seeds import examples

PAGE = mmap.PAGESIZE
SIZE = 64 * PAGE


class Kept:
    """A memory with what became of it."""

    def __init__(self, size: int = SIZE, most_bytes: int = SIZE) -> None:
        self.budget = ArenaBudget(most_bytes)
        self.closed: list[int] = []
        self.memory = self.another(size)

    def another(self, size: int = SIZE) -> Arena:
        return Arena(len(self.budget.arenas) + 7, size, self.budget, self.closed.append)

    def take(self, size: int) -> Block:
        block = self.memory.take(size)
        assert block is not None
        return block

    def close(self) -> None:
        for memory in list(self.budget.arenas):
            memory.close()


@pytest.fixture
def kept() -> Iterator[Kept]:
    made = Kept()
    yield made
    made.close()


def fill(block: Block, byte: bytes) -> None:
    os.pwrite(block.arena.descriptor, byte * block.size, block.offset)


def read(block: Block) -> bytes:
    return os.pread(block.arena.descriptor, block.size, block.offset)


def pages(memory: Arena) -> int:
    return os.fstat(memory.descriptor).st_blocks * 512 // PAGE


def test_the_seals_forbid_another_size_and_other_seals(kept: Kept) -> None:
    for size in (0, SIZE * 2):
        with pytest.raises(PermissionError):
            os.ftruncate(kept.memory.descriptor, size)
    with pytest.raises(PermissionError):
        fcntl.fcntl(kept.memory.descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE)


def test_a_block_is_used_again_only_when_released_and_written_by_nobody(kept: Kept) -> None:
    block = kept.take(PAGE)
    block.hold()
    block.release()
    assert kept.take(PAGE).offset != block.offset
    block.let_go()
    assert kept.take(PAGE).offset == block.offset


def test_the_released_part_of_an_answered_block_waits_for_nothing(kept: Kept) -> None:
    block = kept.take(PAGE)
    block.hold()
    block.let_go()
    assert kept.take(PAGE).offset != block.offset
    block.release()
    assert kept.take(PAGE).offset == block.offset


def test_what_has_no_room_is_refused_and_takes_nothing(kept: Kept) -> None:
    kept.take(SIZE - PAGE)
    assert kept.memory.take(2 * PAGE) is None
    assert kept.budget.taken_bytes == SIZE - PAGE
    assert kept.memory.take(PAGE) is not None
    assert kept.memory.take(1) is None


def test_memories_share_a_budget_and_give_back_for_one_another(kept: Kept) -> None:
    first, other = kept.take(SIZE // 2), kept.another()
    kept.take(SIZE // 4).release()
    assert other.take(SIZE // 2) is not None  # what the first one had used above its block came back
    assert kept.budget.taken_bytes == SIZE
    assert other.take(PAGE) is None
    first.release()
    assert other.take(PAGE) is not None


def test_what_is_given_back_takes_no_memory(kept: Kept) -> None:
    low, high = kept.take(PAGE), kept.take(8 * PAGE)
    fill(low, b"l")
    fill(high, b"h")
    assert pages(kept.memory) == 9
    high.release()
    kept.memory.trim()
    assert pages(kept.memory) == 1
    assert read(low) == b"l" * PAGE
    assert kept.budget.taken_bytes == PAGE


def test_the_end_of_a_session_leaves_what_its_caller_holds() -> None:
    kept = Kept()
    leased, free = kept.take(PAGE), kept.take(3 * PAGE)
    fill(leased, b"l")
    fill(free, b"f")
    free.release()
    descriptor = os.dup(kept.memory.descriptor)  # as the caller has it mapped
    kept.memory.close()
    assert os.pread(descriptor, PAGE, leased.offset) == b"l" * PAGE
    assert os.fstat(descriptor).st_blocks * 512 == PAGE
    assert (kept.closed, kept.budget.taken_bytes, kept.budget.arenas) == ([7], 0, set())
    os.close(descriptor)


def test_a_session_that_ended_waits_for_its_workers() -> None:
    kept = Kept()
    block = kept.take(PAGE)
    block.hold()
    block.release()
    kept.memory.close()
    assert not kept.closed
    os.fstat(kept.memory.descriptor)
    block.let_go()
    assert (kept.closed, kept.budget.taken_bytes) == ([7], 0)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(kept.memory.descriptor)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["take", "hold", "let_go", "release", "trim", "other"]), st.integers(0, 20), st.integers(1, 9)
    ),
    max_size=80,
)


@dataclass
class Use:
    """A block with what was done to it, and the bytes that were put there."""

    block: Block
    mark: bytes
    is_leased: bool = True
    writers: int = 0

    @property
    def is_over(self) -> bool:
        return not self.is_leased and not self.writers

    def do(self, step: str) -> None:
        if step == "hold" and self.is_leased:
            self.block.hold()
            self.writers += 1
        elif step == "let_go" and self.writers:
            self.writers -= 1
            self.block.let_go()
        elif step == "release" and self.is_leased:
            self.is_leased = False
            self.block.release()


@settings(max_examples=examples(300))
@given(STEPS)
def test_blocks_never_alias_whatever_happens(steps: list[tuple[str, int, int]]) -> None:
    kept = Kept(most_bytes=SIZE // 2)
    memories = {"take": kept.memory, "other": kept.another()}
    uses: list[Use] = []
    for number, (step, which, length) in enumerate(steps):
        if step in memories:
            block = memories[step].take(length * PAGE)
            if block:
                uses.append(Use(block, number.to_bytes(2, "big")))
                os.pwrite(block.arena.descriptor, uses[-1].mark * (block.size // 2), block.offset)
        elif step == "trim":
            kept.memory.trim()
        elif uses:
            uses[which % len(uses)].do(step)
            uses = [use for use in uses if not use.is_over]
        assert_sound(kept, uses)
    for use in uses:
        for step in [*["let_go"] * use.writers, "release"]:
            use.do(step)
    kept.close()
    assert (kept.budget.taken_bytes, len(kept.closed)) == (0, 2)


def assert_sound(kept: Kept, uses: list[Use]) -> None:
    taken = 0
    for memory in kept.budget.arenas:
        blocks = [use.block for use in uses if use.block.arena is memory]
        ranges = sorted((block.offset, block.offset + block.size) for block in blocks)
        assert all(end <= begin for (_, end), (begin, _) in itertools.pairwise(ranges))
        taken += max((end for _, end in ranges), default=0)
    assert taken <= kept.budget.taken_bytes <= kept.budget.most_bytes
    assert sum(map(pages, kept.budget.arenas)) * PAGE <= kept.budget.taken_bytes
    for use in uses:
        assert read(use.block) == use.mark * (use.block.size // 2)
