"""Progress: which tile of a request comes next, and how many are being computed or wait to be sent.

Invariants:
* Each tile is taken once, or again after it was put back; `next` is None only when all were taken.
* While as many tiles as the window allows are being computed or unsent, none is taken, so that whoever reads slowly
  stops the computing and not the server's memory.
"""

from __future__ import annotations

from collections.abc import Iterator

from gridgrad_server.requests.request_cache import ServerTemplate
from gridgrad_server.requests.tiles import GridTile, cut_into_tiles
from gridgrad_server.scheduling.retries import Retries

__all__ = ["Progress"]

_LEAST_GRID_COST = 2048
"""What a grid of a pack counts at least: it costs a worker some time however few points it has."""

_SMALL_SHARE = 8
"""What share of the usual cost a tile has that is cut again."""

_NO_TILES: Iterator[GridTile] = iter(())


class Progress:
    """The tiles of one request.

    Args:
        template: of the request.
        tile_cost: largest cost of a tile.
        window: most tiles that are being computed or are not yet sent.

    Attributes:
        next: the tile to compute next; None when all were taken.
        is_split: whether there are several tiles.
        tile_cost: largest cost of a tile.
        computing: how many tiles are being computed.
    """

    __slots__ = ("_retries", "_template", "_uncut", "_unsent", "_usual_cost", "_window", "computing", "is_split",
                 "next", "tile_cost")  # fmt: skip

    def __init__(self, template: ServerTemplate, tile_cost: int, window: int) -> None:
        self._template = template
        self._window = window
        self.computing = self._unsent = 0
        self._retries: Retries | None = None
        self._usual_cost = tile_cost
        self.next: GridTile | None
        self.cut(min(tile_cost, template.function.throughput.most_cost))

    def cut(self, tile_cost: int) -> None:
        """Cuts the request into tiles of at most this cost, before the first of them is taken."""
        self.tile_cost = tile_cost
        layout = self._template.layout
        most_points = max(layout.together, tile_cost // layout.point_cost)
        if layout.grids == 1 and layout.points <= most_points:
            self._uncut, self.next, self.is_split = _NO_TILES, layout.whole, False
            return
        self._uncut = cut_into_tiles(layout.shape, most_points, layout.grids)
        self.next = next(self._uncut)
        self.is_split = (self.next.grids, self.next.shape) != (layout.grids, layout.shape)

    @property
    def has_room(self) -> bool:
        """Whether a tile may be taken now: there is one, and its earlier ones are not piling up."""
        return self.next is not None and self.computing + self._unsent < self._window

    @property
    def is_between_tiles(self) -> bool:
        """Whether there is a tile, and all earlier ones have been computed and sent."""
        return self.next is not None and not self.computing and not self._unsent

    @property
    def all_computed(self) -> bool:
        """Whether no tile is left to compute."""
        return self.next is None and not self.computing

    @property
    def has_crashed(self) -> bool:
        """Whether a worker died of a tile that waits."""
        return bool(self.next and self.next.crash_count) or (self._retries is not None and self._retries.has_crashed)

    @property
    def next_cost(self) -> int:
        """The cost of the next tile, 1 at least; its inputs count where they lie with it."""
        if self.next is None:
            return 1
        layout = self._template.layout
        if layout.grids > 1:
            return self.next.grids * self._grid_cost
        inputs_cost = 0 if self.is_split else layout.inputs_bytes // 8
        return max(1, self.next.points * layout.point_cost, inputs_cost)

    def waiting_batches(self, batch_cost: int) -> float:
        """How many batches could be computed now of what is left, if there were workers for them.

        Args:
            batch_cost: largest cost of a batch.
        """
        if self.next is None:
            return 0
        if self.is_split and self._template.layout.grids == 1:
            return max(0, self._window - self.computing - self._unsent)
        return self.next_cost / batch_cost

    @property
    def _grid_cost(self) -> int:
        """The cost of a grid of a pack."""
        layout = self._template.layout
        computing = layout.points * layout.point_cost
        return max(_LEAST_GRID_COST, computing, layout.inputs_bytes // layout.grids // 8)

    def take(self, most_cost: int, *, anew: bool = False) -> GridTile:
        """The next tile, to be computed.

        Args:
            most_cost: what it may cost. A pack is cut to that; a part of a grid may cost more.
            anew: whether a part of a grid is cut again, to a share of the usual cost; the rest of it comes next.
        """
        tile = self.next
        if tile is None:
            raise RuntimeError("all tiles are taken")
        self.computing += 1
        parts = self._parts(tile, most_cost, anew=anew)
        if parts > 1:
            tile, self.next = tile.cut(parts)
            self.is_split = True
        else:
            self.next = (self._retries and self._retries.pop()) or next(self._uncut, None)
        return tile

    def _parts(self, tile: GridTile, most_cost: int, *, anew: bool) -> int:
        """How many tiles to make of one."""
        bound = self._template.function.throughput.most_cost
        if self._template.layout.grids > 1:
            return -(-tile.grids // max(1, min(most_cost, bound) // self._grid_cost))
        if not self.is_split or tile.points <= self._template.layout.together:
            return 1  # in how many tiers a grid may be computed was decided when it was one tile
        small_cost = min(bound, max(1, self._usual_cost // _SMALL_SHARE)) if anew else bound
        layout = self._template.layout
        return min(tile.points // layout.together, -(-tile.points * layout.point_cost // small_cost))

    def put_back(self, tiles: list[GridTile]) -> None:
        """Has these tiles computed next, in place of one that was taken; see `retries`."""
        self._retries = self._retries or Retries()
        if self.next is not None:
            self._retries.add(self.next)
        self.next, *others = tiles
        self._retries.add(*others)

    def returned(self) -> None:
        """Says that a tile is no longer being computed."""
        self.computing -= 1

    def to_be_sent(self) -> None:
        """Says that the result of a tile waits to be sent."""
        self._unsent += 1

    def sent(self) -> None:
        """Says that the result of a tile has left the server."""
        self._unsent -= 1
