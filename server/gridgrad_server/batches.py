"""Batches: pieces that are computed together, and the message that asks a worker for them."""

from __future__ import annotations

from collections.abc import Sequence

from gridgrad_server.entries import Computed, Entry
from gridgrad_server.pieces import Box, stride_of
from gridgrad_server.plans import Plan
from gridgrad_server.queue import Task
from gridgrad_server.requests import Array, Given
from gridgrad_server.slots import Slot, Slots
from gridgrad_worker.v1 import worker_pb2 as wpb

__all__ = ["Batch"]


class Batch:
    """Pieces of entries that share a plan, with the memory for their results.

    Args:
        number: tells the batches of this server apart.
        tasks: the pieces, one at least.
        pool: gives the slots.

    Attributes:
        slots: what the message names; the first takes the results.
        started_at: when the worker began with it, by time.monotonic; None while it waits.
    """

    def __init__(self, number: int, tasks: Sequence[Task], pool: Slots) -> None:
        self.number = number
        self.tasks = tasks
        self.plan: Plan = tasks[0].entry.plan
        self.cautious = tasks[0].box.strikes > 0
        self.started_at: float | None = None
        self._results: list[tuple[int, int]] = []  # offset and size of each piece's
        self._pieces, inputs_to_write, size = self._laid_out(pool)
        self.slots = [pool.take(max(1, size))]
        self._own(inputs_to_write)
        for slot in dict.fromkeys(task.entry.slot for task in tasks):
            if slot:
                slot.hold()
                self.slots.append(slot)

    def _laid_out(self, pool: Slots) -> tuple[list[wpb.Piece], list[tuple[wpb.SlotArray, bytes]], int]:
        pieces: list[wpb.Piece] = []
        to_write: list[tuple[wpb.SlotArray, bytes]] = []
        position = 0
        for entry, box in self.tasks:
            size = self._result_bytes(box)
            self._results.append((position, size))
            piece = wpb.Piece(start=box.start, shape=box.shape, result_offset=position, entries=box.grids)
            position += stride_of(size)
            if entry.split:
                _place_split(entry, box, piece, pool)
            else:
                position = _place(entry.inputs, piece, position, to_write)
            pieces.append(piece)
        return pieces, to_write, position

    def _result_bytes(self, box: Box) -> int:
        size = box.points // box.grids * self.plan.planes * self.plan.itemsize
        return size if box.grids == 1 else box.grids * stride_of(size)

    def _own(self, to_write: list[tuple[wpb.SlotArray, bytes]]) -> None:
        slot = self.slots[0]
        self._blank_gaps(slot)
        for array, data in to_write:
            array.slot = slot.number
            slot.view[array.offset : array.offset + len(data)] = data

    def _blank_gaps(self, slot: Slot) -> None:
        """Results that follow each other are sent with what lies between: nothing of other callers."""
        for (_, box), (offset, size) in zip(self.tasks, self._results, strict=True):
            stride, used = size // box.grids, box.points // box.grids * self.plan.planes * self.plan.itemsize
            if box.grids > 1 and used < stride:
                blank = bytes(stride - used)
                for start in range(offset + used, offset + size, stride):
                    slot.view[start : start + len(blank)] = blank

    def message(self, slots: Sequence[wpb.Slot], with_plan: bool, forget_plans: Sequence[int]) -> bytes:
        """The frame that asks for it.

        Args:
            slots: its slots, as the worker must be told of them.
            with_plan: whether the worker meets the plan for the first time.
            forget_plans: plans that the worker may drop.
        """
        batch = wpb.Batch(
            id=self.number,
            plan_id=self.plan.number,
            plan=self.plan.message if with_plan else None,
            forget_plans=forget_plans,
            slots=slots,
            pieces=self._pieces,
            cautious=self.cautious,
        )
        return wpb.ServerMessage(batch=batch).SerializeToString()

    def result(self, position: int) -> memoryview:
        """The result of one of its pieces, in the slot."""
        offset, size = self._results[position]
        return self.slots[0].view[offset : offset + size]

    @property
    def grids(self) -> int:
        """How many grids, or parts of one, its pieces have."""
        return sum(box.grids for _, box in self.tasks)

    def computed(self, done: wpb.BatchDone, device: str, started_at: float) -> Computed:
        """How it was computed."""
        return Computed(started_at, done.compute_s, self.grids, done.engine, done.tier, device)

    def let_go(self) -> None:
        """Gives its slots back: its worker has answered or is dead."""
        for slot in self.slots:
            slot.let_go()
        self.slots = []


def _place(
    inputs: Sequence[Given], piece: wpb.Piece, position: int, to_write: list[tuple[wpb.SlotArray, bytes]]
) -> int:
    """Names the inputs in a piece, to be written from `position` on; returns where they end."""
    for given in inputs:
        target, values = piece.inputs.add(), given.values
        if isinstance(values, Array):
            array = target.array
            array.offset = position
            array.shape.extend(given.spec.shape)
            array.dtype = values.dtype
            array.stacked = values.stacked
            to_write.append((array, values.data))
            position += stride_of(len(values.data))
        else:
            target.linspace.start = values.start
            target.linspace.stop = values.stop
            target.linspace.num = values.num
    return position


def _place_split(entry: Entry, box: Box, piece: wpb.Piece, pool: Slots) -> None:
    """Names the inputs of an entry of several pieces, which lie once in a slot of its own."""
    to_write: list[tuple[wpb.SlotArray, bytes]] = []
    size = _place(entry.inputs, piece, 0, to_write)
    if entry.slot is None and to_write:
        entry.slot = pool.take(max(1, size))
        for array, data in to_write:
            entry.slot.view[array.offset : array.offset + len(data)] = data
    for array, data in to_write:
        array.slot = entry.slot.number if entry.slot else 0
        if array.stacked:  # from the first of the piece's grids on
            array.offset += len(data) // entry.grids * box.first_grid
