"""Batches: pieces that are computed together, and the message that asks a worker for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.memory.arena import Block, Memory
from gridgrad_server.memory.slots import Slot, Slots
from gridgrad_server.requests.function_key import Plan
from gridgrad_server.requests.result_layout import aligned
from gridgrad_server.requests.tiles import Box
from gridgrad_server.scheduling.entry import Entry
from gridgrad_server.scheduling.queue import Task
from gridgrad_server.scheduling.worker_messages import batch_frame, piece_field, plan_field

__all__ = ["Batch"]


class _Spot(NamedTuple):
    """Where in the first slot the result of a piece goes, and where its inputs are.

    A result takes nothing there if the entry has places for it. The inputs of an entry of several pieces begin at 0,
    in a slot of their own.
    """

    result: int
    result_bytes: int
    inputs: int


class Batch:
    """Pieces of entries that share a plan, with the memory for their results.

    Args:
        number: tells the batches of this server apart.
        tasks: the pieces, one at least.
        pool: gives the slots.

    Attributes:
        grids: how many grids, or parts of one, its pieces have.
        slot: takes the results that have no place in the memory of a session.
        regions: what the frame names: slots, of which the first takes results, and memories of sessions.
        is_placed: whether results go to memories of sessions, where nobody else may write before its worker is gone.
        started_at: when the worker began with it, by time.monotonic; None while it waits.
    """

    def __init__(self, number: int, tasks: Sequence[Task], pool: Slots) -> None:
        self.number = number
        self.tasks = tasks
        self.plan: Plan = tasks[0].entry.plan
        self.cautious = tasks[0].box.strikes > 0
        self.started_at: float | None = None
        self.is_placed = False
        self.grids = 0
        self._spots, size = _laid_out(tasks)
        self.slot = pool.take(max(1, size))
        self.regions: dict[Slot | Memory, None] = {self.slot: None}
        self._held: dict[Slot | Block, None] = {self.slot: None}
        self._pieces = [self._piece(task, spot, pool) for task, spot in zip(tasks, self._spots, strict=True)]

    def _hold(self, held: Slot | Block, region: Slot | Memory) -> None:
        if held not in self._held:
            held.hold()
            self._held[held] = self.regions[region] = None

    def _piece(self, task: Task, spot: _Spot, pool: Slots) -> bytes:
        """Writes the inputs of a piece, and says where they are and where its result goes."""
        entry, box = task
        self.grids += box.grids
        slot, result = self.slot, (0, spot.result, 0)
        if box.grids > 1:
            _blank_gaps(entry, slot, spot)
        if not entry.split:
            _write(entry, slot, spot.inputs)
        elif entry.form.inputs_bytes:
            slot = _slot_of_inputs(entry, pool)
            self._hold(slot, slot)
        if entry.places:
            place = entry.places.of(box)
            self._hold(place.block, place.block.memory)
            self.is_placed = True
            result = place.block.memory.number, place.offset, place.pitch
        inputs, grids = (slot.number, spot.inputs), (box.grids, box.first_grid)
        return piece_field(entry.form.layout(box), inputs, result, grids, _tier(entry, box))

    def frame(self, regions: Sequence[bytes], with_plan: bool, forget_plans: Sequence[int]) -> bytes:
        """The frame that asks for it.

        Args:
            regions: its regions, as the worker must be told of them.
            with_plan: whether the worker meets the plan for the first time.
            forget_plans: plans that the worker may drop.
        """
        fields = [plan_field(self.plan.number, self.cautious), *regions, *self._pieces]
        if with_plan or forget_plans:
            plan = self.plan.message if with_plan else None
            fields.append(wpb.Batch(plan=plan, forget_plans=forget_plans).SerializeToString())
        return batch_frame(self.number, fields)

    def result(self, position: int) -> memoryview:
        """The result of one of its pieces, in the slot; empty if the entry has places for it."""
        spot = self._spots[position]
        return self.slot.view[spot.result : spot.result + spot.result_bytes]

    def let_go(self) -> None:
        """Gives its memory back: its worker has answered or is dead."""
        for held in self._held:
            held.let_go()
        self._held = {}


def _tier(entry: Entry, box: Box) -> str:
    """What a piece is to be computed in; empty for what is ready."""
    if entry.grids > 1 and box.strikes and not entry.asked_tier:
        return "direct"
    return entry.tier or ""


def _laid_out(tasks: Sequence[Task]) -> tuple[list[_Spot], int]:
    """The spots of pieces in a slot, and how large that is."""
    spots, position = [], 0
    for entry, box in tasks:
        result_bytes = 0 if entry.places else _result_bytes(entry, box)
        inputs = aligned(position + result_bytes)
        spots.append(_Spot(position, result_bytes, 0 if entry.split else inputs))
        position = inputs if entry.split else inputs + entry.form.inputs_bytes
    return spots, position


def _slot_of_inputs(entry: Entry, pool: Slots) -> Slot:
    """The slot in which the inputs of an entry of several pieces lie once for all of them."""
    if entry.slot is None:
        entry.slot = pool.take(max(1, entry.form.inputs_bytes))
        _write(entry, entry.slot, 0)
    return entry.slot


def _write(entry: Entry, slot: Slot, position: int) -> None:
    for offset, data in zip(entry.form.offsets, entry.data, strict=True):
        start = position + offset
        slot.view[start : start + len(data)] = data


def _result_bytes(entry: Entry, box: Box) -> int:
    if box.grids > 1:
        return box.grids * entry.form.stride
    return box.points * entry.plan.planes * entry.plan.itemsize


def _blank_gaps(entry: Entry, slot: Slot, spot: _Spot) -> None:
    """Empties what lies between results that follow each other, since it is sent with them."""
    gap = bytes(entry.form.stride - entry.form.result_bytes)
    if gap:
        for start in range(spot.result, spot.result + spot.result_bytes, entry.form.stride):
            end = start + entry.form.stride
            slot.view[end - len(gap) : end] = gap
