"""Destinations: where in the arena of a session the results of a request go, tile by tile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from gridgrad_server.memory.arena import Block
from gridgrad_server.requests.request_cache import ServerTemplate
from gridgrad_server.requests.tiles import GridTile

__all__ = ["ResultDestination", "TileDestination", "WholeDestination", "WindowedDestination"]


class TileDestination(NamedTuple):
    """Where the result of a tile goes.

    Args:
        block: that it lies in.
        offset: of its first number in the memory, in bytes.
        pitch: how many bytes its planes lie apart.
    """

    block: Block
    offset: int
    pitch: int


class ResultDestination(Protocol):
    """Where the results of a request go."""

    def of(self, tile: GridTile) -> TileDestination:
        """The destination of a tile: the same whenever it is asked for."""

    def release(self) -> None:
        """Gives back what the caller was not told of."""


class WholeDestination:
    """One block for the whole result, or for those of all the grids of a pack.

    Args:
        block: large enough for it.
        template: of the request.
    """

    def __init__(self, block: Block, template: ServerTemplate) -> None:
        self.block = block
        self._itemsize = template.function.itemsize
        self._pitch = template.layout.points * self._itemsize
        self._apart = template.layout.stride if template.layout.grids > 1 else 0

    def of(self, tile: GridTile) -> TileDestination:
        """The part of the block that is a tile's."""
        if self._apart:
            return TileDestination(self.block, self.block.offset + tile.first_grid * self._apart, 0)
        return TileDestination(self.block, self.block.offset + tile.first_point * self._itemsize, self._pitch)

    def release(self) -> None:
        """Gives the block back."""
        self.block.release()


class WindowedDestination:
    """Blocks that hold a tile each, in turns: the result as a whole may be larger than the memory.

    Args:
        blocks: as many as there are tiles that are computed, or not yet released, at the same time.
        itemsize: of a number, in bytes.
    """

    def __init__(self, blocks: Sequence[Block], itemsize: int) -> None:
        self._free = list(blocks)
        self._taken: dict[int, Block] = {}
        self._itemsize = itemsize
        self._is_over = False

    def of(self, tile: GridTile) -> TileDestination:
        """The block of a tile; takes one for it if it has none."""
        block = self._taken.get(tile.first_point)
        if block is None:
            block = self._taken[tile.first_point] = self._free.pop()
        return TileDestination(block, block.offset, tile.points * self._itemsize)

    def lend(self, tile: GridTile) -> Block:
        """The block of a tile, which is the caller's until `take_back`."""
        return self._taken.pop(tile.first_point)

    def take_back(self, block: Block) -> None:
        """Takes a block for other tiles."""
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
