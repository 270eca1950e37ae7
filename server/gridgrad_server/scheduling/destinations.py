"""Places: where in the memory of a session the results of an entry go, piece by piece."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from gridgrad_server.memory.arena import Block
from gridgrad_server.requests.result_layout import Form
from gridgrad_server.requests.tiles import Box

__all__ = ["Place", "Places", "Whole", "Windows"]


class Place(NamedTuple):
    """Where the result of a piece goes.

    Args:
        block: that it lies in.
        offset: of its first number in the memory, in bytes.
        pitch: how many bytes its planes lie apart.
    """

    block: Block
    offset: int
    pitch: int


class Places(Protocol):
    """Where the results of an entry go."""

    def of(self, box: Box) -> Place:
        """The place of a piece: the same whenever it is asked for."""

    def release(self) -> None:
        """Gives back what the caller was not told of."""


class Whole:
    """One block for the whole result.

    Args:
        block: large enough for it.
        form: of the entry.
    """

    def __init__(self, block: Block, form: Form) -> None:
        self.block = block
        self._itemsize = form.plan.itemsize
        self._pitch = form.points * self._itemsize

    def of(self, box: Box) -> Place:
        """The part of the block that is a piece's."""
        return Place(self.block, self.block.offset + box.first_point * self._itemsize, self._pitch)

    def release(self) -> None:
        """Gives the block back."""
        self.block.release()


class Windows:
    """Blocks that hold a piece each, in turns: the result as a whole may be larger than the memory.

    Args:
        blocks: as many as there are pieces that are computed, or not yet released, at the same time.
        itemsize: of a number, in bytes.
    """

    def __init__(self, blocks: Sequence[Block], itemsize: int) -> None:
        self._free = list(blocks)
        self._taken: dict[int, Block] = {}
        self._itemsize = itemsize
        self._is_over = False

    def of(self, box: Box) -> Place:
        """The block of a piece; takes one for it if it has none."""
        block = self._taken.get(box.first_point)
        if block is None:
            block = self._taken[box.first_point] = self._free.pop()
        return Place(block, block.offset, box.points * self._itemsize)

    def lend(self, box: Box) -> Block:
        """The block of a piece, which is the caller's until `take_back`."""
        return self._taken.pop(box.first_point)

    def take_back(self, block: Block) -> None:
        """Takes a block for other pieces."""
        if self._is_over:
            block.release()
        else:
            self._free.append(block)

    def release(self) -> None:
        """Gives back what the caller has not, and the rest when he has released it."""
        self._is_over = True
        for block in (*self._free, *self._taken.values()):
            block.release()
        self._free, self._taken = [], {}
