"""The arenas of sessions: for each one sealed memfd, blocks of which are leased to hold one result each.

Invariants:
* A part of an arena belongs to one block from the moment it is taken until nobody needs it: its caller has released
  it, or never heard of it, and every worker that was to write there has answered or is dead.
* An arena serves one session. When that has ended nothing in it is used again, so what its caller still views
  stays as it is; what the caller does not hold goes back to the system.
* Its size never changes; the seals prove it to all sides, so that none can make another fault.
* Nothing but the numbers of results lies in it, and the server neither reads nor writes them.
* From its start to its top an arena counts in the budget, whether it is in use or not.
"""

from __future__ import annotations

import bisect
import mmap
import os
from collections.abc import Callable

from gridgrad_core.system import shared_memory

__all__ = ["Arena", "ArenaBudget", "Block"]

_PAGE_BYTES = mmap.PAGESIZE


class ArenaBudget:
    """What the arenas of all sessions take together.

    Args:
        most_bytes: how much that may be.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.taken_bytes = 0
        self.arenas: set[Arena] = set()

    def take(self, wanted_bytes: int, taker: Arena) -> bool:
        """Counts bytes as taken if there are so many, after others gave back what they do not use."""
        if self.taken_bytes + wanted_bytes > self.most_bytes:
            for arena in self.arenas - {taker}:
                arena.trim()
        if self.taken_bytes + wanted_bytes > self.most_bytes:
            return False
        self.taken_bytes += wanted_bytes
        return True

    def give_back(self, given_bytes: int) -> None:
        """Counts bytes as free."""
        self.taken_bytes -= given_bytes


class Block:
    """A part of an arena that holds one result.

    Attributes:
        arena: it is a part of.
        offset: where in it, in bytes.
        size: in bytes.
    """

    __slots__ = ("_is_leased", "_writers", "arena", "offset", "size")

    def __init__(self, arena: Arena, offset: int, size: int) -> None:
        self.arena = arena
        self.offset = offset
        self.size = size
        self._is_leased = True
        self._writers = 0

    def hold(self) -> None:
        """Says that a worker is to write there, until `let_go`."""
        self._writers += 1
        self.arena.writers += 1

    def let_go(self) -> None:
        """Ends one `hold`: that worker has answered or is dead."""
        self._writers -= 1
        self.arena.writers -= 1
        self._settle()

    def release(self) -> None:
        """Says that the caller has no more use for it, or never heard of it."""
        self._is_leased = False
        self._settle()

    def _settle(self) -> None:
        if not self._is_leased and not self._writers:
            self.arena.take_back(self)
        self.arena.settle()


class Arena:
    """The memory of one session.

    Args:
        number: tells it apart from the slots of this server.
        size: in bytes, a multiple of the page size; no more is used than what is leased.
        budget: bounds what all of them use.
        on_closed: called with the number once no worker needs it and the session has ended.

    Attributes:
        descriptor: of the memfd.
        writers: how many workers are to write there.
    """

    def __init__(self, number: int, size: int, budget: ArenaBudget, on_closed: Callable[[int], None]) -> None:
        self.number = number
        self.size = size
        self.writers = 0
        self._budget = budget
        self._on_closed = on_closed
        self._free = [(0, size)]  # ranges as (begin, end), sorted; those that touch are merged
        self._top = 0
        self._is_ending = False
        self.descriptor = shared_memory.create("gridgrad-session", size)
        try:
            self._map = mmap.mmap(self.descriptor, size)  # only to give pages back to the system
        except OSError:
            os.close(self.descriptor)
            raise
        budget.arenas.add(self)

    def take(self, size: int) -> Block | None:
        """A block of so many bytes; None when there is no room for it now."""
        size = _whole_pages(size)
        for position, (begin, end) in enumerate(self._free):
            if end - begin >= size:
                return self._taken(position, size)
        return None

    def take_several(self, count: int, size: int) -> list[Block]:
        """Blocks of so many bytes each; none when there is no room for all of them now."""
        blocks: list[Block] = []
        while len(blocks) < count:
            block = self.take(size)
            if block is None:
                for taken in blocks:
                    taken.release()
                return []
            blocks.append(block)
        return blocks

    def _taken(self, position: int, size: int) -> Block | None:
        begin, end = self._free[position]
        more = begin + size - self._top
        if more > 0:
            if not self._budget.take(more, self):
                return None
            self._top += more
        self._free[position : position + 1] = [(begin + size, end)] if begin + size < end else []
        return Block(self, begin, size)

    def take_back(self, block: Block) -> None:
        """Makes a block free; `Block` calls it."""
        begin, end = block.offset, block.offset + block.size
        position = bisect.bisect(self._free, (begin, end))
        if position < len(self._free) and self._free[position][0] == end:
            end = self._free.pop(position)[1]
        if position and self._free[position - 1][1] == begin:
            position -= 1
            begin = self._free.pop(position)[0]
        self._free.insert(position, (begin, end))

    def trim(self) -> None:
        """Gives back what lies above all blocks."""
        begin, end = self._free[-1] if self._free else (self.size, self.size)
        if end == self.size and begin < self._top:
            self._punch(begin, self._top)
            self._budget.give_back(self._top - begin)
            self._top = begin

    def close(self) -> None:
        """Ends it, once no worker is to write there any more. What is leased then stays with who holds it."""
        self._is_ending = True
        self.settle()

    def settle(self) -> None:
        """Closes it if that is due; `Block` calls it."""
        if not self._is_ending or self.writers or self._map.closed:
            return
        for begin, end in self._free:
            self._punch(begin, min(end, self._top))
        self._budget.give_back(self._top)
        self._budget.arenas.discard(self)
        self._map.close()
        os.close(self.descriptor)
        self._on_closed(self.number)

    def _punch(self, begin: int, end: int) -> None:
        if begin < end:
            self._map.madvise(mmap.MADV_REMOVE, begin, end - begin)


def _whole_pages(size: int) -> int:
    return -(-max(size, 1) // _PAGE_BYTES) * _PAGE_BYTES
