"""Batches: tiles that are computed together, and the message that asks a worker for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.memory.arena import Arena, Block
from gridgrad_server.memory.slots import Slot, SlotPool
from gridgrad_server.requests.function_key import FunctionKey
from gridgrad_server.requests.result_layout import RequestLayout, aligned
from gridgrad_server.requests.tiles import GridTile
from gridgrad_server.scheduling.queue import BatchItem
from gridgrad_server.scheduling.request import GridRequest
from gridgrad_server.scheduling.worker_messages import batch_frame, function_field

__all__ = ["Batch"]


_LONG_S = 0.005


class _Spot(NamedTuple):
    """Where in the slot of a batch the result of a tile goes, and where its inputs are.

    A result takes nothing there if its request has a destination. The inputs of a request of several tiles begin at 0,
    in a slot of their own.
    """

    result: int
    result_bytes: int
    inputs: int


class Batch:
    """Tiles of requests that share a function key, with the memory for their results.

    Args:
        number: tells the batches of this server apart.
        items: the tiles, one at least.
        pool: gives the slots.

    Raises:
        OSError: there is no memory for it.

    Attributes:
        function: that they share.
        cautious: whether a worker died computing one of them.
        grids: how many grids, or parts of one, its tiles have.
        cost: of all of them: points that are computed, times planes.
        slot: takes the results that have no destination in the arena of a session.
        regions: what the frame names: slots, of which the first takes results, and arenas of sessions.
        is_in_arena: whether results go to arenas of sessions, where nobody else may write before its worker is gone.
        with_plan: whether its worker met the function with it.
        started_at: when the worker began with it, by time.monotonic; None while it waits.
    """

    def __init__(self, number: int, items: Sequence[BatchItem], pool: SlotPool) -> None:
        self.number = number
        self.items = items
        self.function: FunctionKey = items[0].request.template.function
        self.cautious = items[0].tile.crash_count > 0
        self.with_plan = False
        self.started_at: float | None = None
        self.is_in_arena = False
        self.grids = 0
        self.cost = sum(tile.points * request.template.layout.point_cost for request, tile in items)
        self._spots, size = _laid_out(items)
        self.slot = pool.take(max(1, size))
        self.regions: dict[Slot | Arena, None] = {self.slot: None}
        self._held: dict[Slot | Block, None] = {self.slot: None}
        self._arrays = [item.request.arrays for item in items]  # its worker is told of them though their requests end
        try:
            spots = zip(items, self._spots, strict=True)
            self._tile_fields = [self._tile_field(*item, spot, pool) for item, spot in spots]
        except OSError:
            self.let_go()
            raise

    @property
    def is_long(self) -> bool:
        """Whether who waits behind it notices, as far as is known."""
        return self.function.throughput.expected_s(self.cost) > _LONG_S

    def _hold(self, held: Slot | Block, region: Slot | Arena) -> None:
        if held not in self._held:
            held.hold()
            self._held[held] = self.regions[region] = None

    def _tile_field(self, request: GridRequest, tile: GridTile, spot: _Spot, pool: SlotPool) -> bytes:
        """Writes the inputs of a tile, and says where they are and where its result goes."""
        self.grids += tile.grids
        if tile.grids > 1:
            _blank_gaps(request.template.layout, self.slot, spot)
        inputs = self._inputs(request, spot, pool)
        result = self._result(request, tile, spot)
        return request.template.tile_field(tile, inputs, result, request.tier_of(tile))

    def _inputs(self, request: GridRequest, spot: _Spot, pool: SlotPool) -> tuple[int, int]:
        """Writes the inputs of a request unless they are there; the number of their slot, and where in it they are."""
        slot = self.slot
        if not request.progress.is_split:
            _write(request, slot, spot.inputs)
        elif request.template.layout.inputs_bytes:
            slot = _slot_of_inputs(request, pool)
            self._hold(slot, slot)
        return slot.number, spot.inputs

    def _result(self, request: GridRequest, tile: GridTile, spot: _Spot) -> tuple[int, int, int]:
        """Where the result of a tile goes: the number of the region or 0 for the slot, the offset, and the stride."""
        if not request.destination:
            return 0, spot.result, 0
        destination = request.destination.of(tile)
        self._hold(destination.block, destination.block.arena)
        self.is_in_arena = True
        return destination.block.arena.number, destination.offset, destination.pitch

    def frame(self, regions: Sequence[bytes], is_new: bool, forget: Sequence[int]) -> bytes:
        """The frame that asks for it.

        Args:
            regions: its regions, as the worker must be told of them.
            is_new: whether the worker meets the function for the first time.
            forget: the numbers of functions that the worker may drop.
        """
        self.with_plan = is_new
        fields = [function_field(self.function.number, self.cautious), *regions, *self._tile_fields]
        if is_new or forget:
            plan = self.function.message if is_new else None
            fields.append(wpb.Batch(plan=plan, forget_plans=forget).SerializeToString())
        return batch_frame(self.number, fields)

    def result(self, position: int) -> memoryview:
        """The result of one of its tiles, in the slot; empty if the request has a destination."""
        spot = self._spots[position]
        return self.slot.view[spot.result : spot.result + spot.result_bytes]

    def let_go(self) -> None:
        """Gives its memory back: its worker has answered or is dead."""
        for held in self._held:
            held.let_go()
        self._held, self._arrays = {}, []


def _laid_out(items: Sequence[BatchItem]) -> tuple[list[_Spot], int]:
    """The spots of tiles in a slot, and how large that is."""
    spots, position = [], 0
    for request, tile in items:
        result_bytes = 0 if request.destination else _result_bytes(request, tile)
        inputs = aligned(position + result_bytes)
        is_split = request.progress.is_split
        spots.append(_Spot(position, result_bytes, 0 if is_split else inputs))
        position = inputs if is_split else inputs + request.template.layout.inputs_bytes
    return spots, position


def _slot_of_inputs(request: GridRequest, pool: SlotPool) -> Slot:
    """The slot in which the inputs of a request of several tiles lie once for all of them."""
    if request.inputs_slot is None:
        request.inputs_slot = pool.take(max(1, request.template.layout.inputs_bytes))
        _write(request, request.inputs_slot, 0)
    return request.inputs_slot


def _write(request: GridRequest, slot: Slot, position: int) -> None:
    for offset, data in zip(request.template.layout.input_offsets, request.numbers, strict=True):
        start = position + offset
        slot.view[start : start + len(data)] = data


def _result_bytes(request: GridRequest, tile: GridTile) -> int:
    if tile.grids > 1:
        return tile.grids * request.template.layout.stride
    function = request.template.function
    return tile.points * function.planes * function.itemsize


def _blank_gaps(layout: RequestLayout, slot: Slot, spot: _Spot) -> None:
    """Empties what lies between results that follow each other, since it is sent with them."""
    gap = bytes(layout.stride - layout.result_bytes)
    if gap:
        for start in range(spot.result, spot.result + spot.result_bytes, layout.stride):
            end = start + layout.stride
            slot.view[end - len(gap) : end] = gap
