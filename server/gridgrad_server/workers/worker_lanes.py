"""The lanes of one worker: memory by which callers ask it without the server, which opens, watches and closes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.memory.slots import Slot

__all__ = ["MOST_LANES", "LaneBinding", "LaneOfWorker", "WorkerLanes"]

MOST_LANES = 256
"""Of one worker."""


class LaneOfWorker(Protocol):
    """A lane as its worker is seen to have it."""

    @property
    def number(self) -> int:
        """Of the region of shared memory that it is."""

    @property
    def busy_since(self) -> float:
        """Since when the worker is at a call of it, by time.monotonic; 0 while it is at none."""

    @property
    def called_at(self) -> float:
        """When it was last seen that there were calls, by time.monotonic."""

    def bound(self, first_slot: int, is_bound: bool) -> None:
        """Takes in whether the worker takes calls of these slots."""

    def lost(self) -> None:
        """Takes in that the worker is no more."""


class LaneBinding(Protocol):
    """What a worker is told when calls of a lane are bound to a function."""

    @property
    def regions(self) -> Sequence[Slot]:
        """That the calls need."""

    @property
    def descriptors(self) -> Sequence[int]:
        """Further ones that go with the message."""

    def message(self, regions: Sequence[bytes], plan: wpb.Plan | None, forget: Sequence[int]) -> bytes:
        """The message.

        Args:
            regions: as the worker must be told of them.
            plan: of the function, where the worker meets it for the first time.
            forget: the numbers of functions that it may drop.
        """


class WorkerLanes:
    """The lanes that one worker has been told of.

    Args:
        send: sends the worker a message.
    """

    def __init__(self, send: Callable[[bytes, Sequence[int]], None]) -> None:
        self._send = send
        self._lanes: dict[int, LaneOfWorker] = {}

    def __len__(self) -> int:
        return len(self._lanes)

    def add(self, lane: LaneOfWorker) -> None:
        """Takes a lane on, before it is bound for the first time."""
        self._lanes[lane.number] = lane

    def close(self, lane: LaneOfWorker) -> None:
        """Has the worker take no more calls of a lane."""
        self._send(wpb.ServerMessage(close_lane=lane.number).SerializeToString(), ())

    def remove(self, lane: LaneOfWorker) -> None:
        """Forgets a lane that was closed, of which the worker has nothing more to say."""
        self._lanes.pop(lane.number, None)

    def bound(self, said: wpb.LaneBound) -> None:
        """Takes in what the worker says of a lane."""
        if lane := self._lanes.get(said.lane):
            lane.bound(said.first_slot, said.bound)

    @property
    def busy_since(self) -> float:
        """Since when the worker is at a call of a lane, by time.monotonic; 0 while it is at none."""
        return min(filter(None, (lane.busy_since for lane in self._lanes.values())), default=0.0)

    @property
    def called_at(self) -> float:
        """When it was last seen that there were calls, by time.monotonic; 0 for never."""
        return max((lane.called_at for lane in self._lanes.values()), default=0.0)

    def lost(self) -> None:
        """Takes in that the worker is no more."""
        lanes, self._lanes = self._lanes, {}
        for lane in lanes.values():
            lane.lost()
