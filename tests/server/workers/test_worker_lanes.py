"""The lanes of a worker: what it is told of them, and what is told of it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.workers.worker_lanes import WorkerLanes


class Lane:
    def __init__(self, number: int, busy_since: float = 0.0, called_at: float = 0.0) -> None:
        self.number, self.busy_since, self.called_at = number, busy_since, called_at
        self.told: list[object] = []

    def bound(self, first_slot: int, is_bound: bool) -> None:
        self.told.append((first_slot, is_bound))

    def lost(self) -> None:
        self.told.append("lost")


@pytest.fixture
def sent() -> list[tuple[bytes, Sequence[int]]]:
    return []


def test_a_worker_is_told_to_close_a_lane_and_heard_until_that_is_forgotten(
    sent: list[tuple[bytes, Sequence[int]]],
) -> None:
    lanes, lane = WorkerLanes(lambda *message: sent.append(message)), Lane(7)
    lanes.add(lane)
    lanes.bound(wpb.LaneBound(lane=7, first_slot=3, bound=True))
    lanes.bound(wpb.LaneBound(lane=8, first_slot=3, bound=True))
    lanes.close(lane)
    lanes.bound(wpb.LaneBound(lane=7, first_slot=4))
    lanes.remove(lane)
    lanes.bound(wpb.LaneBound(lane=7, first_slot=5))
    assert lane.told == [(3, True), (4, False)]
    assert [wpb.ServerMessage.FromString(message).close_lane for message, _ in sent] == [7]
    assert len(lanes) == 0


def test_the_call_that_began_first_is_what_it_is_at(sent: list[tuple[bytes, Sequence[int]]]) -> None:
    lanes = WorkerLanes(lambda *message: sent.append(message))
    assert (lanes.busy_since, lanes.called_at) == (0.0, 0.0)
    for lane in (Lane(1), Lane(2, 5.0, 3.0), Lane(3, 4.0, 9.0)):
        lanes.add(lane)
    assert (lanes.busy_since, lanes.called_at) == (4.0, 9.0)


def test_a_worker_that_is_lost_takes_its_lanes_along(sent: list[tuple[bytes, Sequence[int]]]) -> None:
    lanes, lane = WorkerLanes(lambda *message: sent.append(message)), Lane(1)
    lanes.add(lane)
    lanes.lost()
    assert (lane.told, len(lanes), sent) == (["lost"], 0, [])
