"""Batches: pieces that are computed together, and the message that asks a worker for them."""

from __future__ import annotations

from collections.abc import Sequence

from gridgrad_server.entries import Computed, Entry
from gridgrad_server.memory import Block, Memory
from gridgrad_server.pieces import Box
from gridgrad_server.plans import Plan
from gridgrad_server.queue import Task
from gridgrad_server.requests import Array, Given
from gridgrad_server.slots import Slot, Slots
from gridgrad_worker.v1 import worker_pb2 as wpb

__all__ = ["Batch"]

_ALIGNMENT = 64


class Batch:
    """Pieces of entries that share a plan, with the memory for their results.

    Args:
        number: tells the batches of this server apart.
        tasks: the pieces, one at least.
        pool: gives the slots.

    Attributes:
        regions: what the message names: slots, of which the first takes the results, and memories of sessions.
        is_placed: whether results go to memories of sessions, where nobody else may write before its worker is gone.
        started_at: when the worker began with it, by time.monotonic; None while it waits.
    """

    def __init__(self, number: int, tasks: Sequence[Task], pool: Slots) -> None:
        self.number = number
        self.tasks = tasks
        self.plan: Plan = tasks[0].entry.plan
        self.cautious = tasks[0].entry.strikes > 0
        self.started_at: float | None = None
        self._results: list[tuple[int, int]] = []  # offset and size of each piece's
        self._pieces, inputs_to_write, size = self._laid_out(pool)
        self._slot = pool.take(max(1, size))
        self._own(inputs_to_write)
        places = list(dict.fromkeys(entry.place for entry, _ in tasks if entry.place))
        slots = list(dict.fromkeys(entry.slot for entry, _ in tasks if entry.slot))
        self.is_placed = bool(places)
        self._held: list[Slot | Block] = [*slots, *places]
        for held in self._held:
            held.hold()
        self._held.append(self._slot)  # held since it was taken
        self.regions: list[Slot | Memory] = [self._slot, *slots, *dict.fromkeys(place.memory for place in places)]

    def _laid_out(self, pool: Slots) -> tuple[list[wpb.Piece], list[tuple[wpb.SlotArray, bytes]], int]:
        pieces: list[wpb.Piece] = []
        to_write: list[tuple[wpb.SlotArray, bytes]] = []
        position = 0
        for entry, box in self.tasks:
            if entry.place:
                piece, size = _placed(entry, entry.place, box), 0
            else:
                piece = wpb.Piece(start=box.start, shape=box.shape, result_offset=position)
                size = box.points * self.plan.planes * self.plan.itemsize
            self._results.append((position, size))
            position = _aligned(position + size)
            if entry.split:
                _place_split(entry, piece, pool)
            else:
                position = _place(entry.inputs, piece, position, to_write)
            pieces.append(piece)
        return pieces, to_write, position

    def _own(self, to_write: list[tuple[wpb.SlotArray, bytes]]) -> None:
        slot = self._slot
        for array, data in to_write:
            array.slot = slot.number
            slot.view[array.offset : array.offset + len(data)] = data

    def message(self, slots: Sequence[wpb.Slot], with_plan: bool, forget_plans: Sequence[int]) -> bytes:
        """The frame that asks for it.

        Args:
            slots: its regions, as the worker must be told of them.
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
        """The result of one of its pieces, in the slot; empty if it lies in the memory of a session."""
        offset, size = self._results[position]
        return self._slot.view[offset : offset + size]

    def computed(self, done: wpb.BatchDone, device: str, started_at: float) -> Computed:
        """How it was computed."""
        return Computed(started_at, done.compute_s, len(self.tasks), done.engine, done.tier, device)

    def let_go(self) -> None:
        """Gives its memory back: its worker has answered or is dead."""
        for held in self._held:
            held.let_go()
        self._held = []


def _placed(entry: Entry, place: Block, box: Box) -> wpb.Piece:
    """A piece whose result goes to its points in that of the whole entry."""
    return wpb.Piece(
        start=box.start,
        shape=box.shape,
        result_slot=place.memory.number,
        result_offset=place.offset + box.first_point * entry.plan.itemsize,
        result_stride=entry.points * entry.plan.itemsize,
    )


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
            to_write.append((array, values.data))
            position = _aligned(position + len(values.data))
        else:
            target.linspace.start = values.start
            target.linspace.stop = values.stop
            target.linspace.num = values.num
    return position


def _place_split(entry: Entry, piece: wpb.Piece, pool: Slots) -> None:
    """Names the inputs of an entry of several pieces, which lie once in a slot of its own."""
    to_write: list[tuple[wpb.SlotArray, bytes]] = []
    size = _place(entry.inputs, piece, 0, to_write)
    if entry.slot is None and to_write:
        entry.slot = pool.take(max(1, size))
        for array, data in to_write:
            entry.slot.view[array.offset : array.offset + len(data)] = data
    for array, _ in to_write:
        array.slot = entry.slot.number if entry.slot else 0


def _aligned(position: int) -> int:
    return -(-position // _ALIGNMENT) * _ALIGNMENT
