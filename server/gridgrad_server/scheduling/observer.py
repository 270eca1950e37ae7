"""Observers: who is told what the server answers and computes. There are none unless somebody asked for one.

Every place that tells them first checks whether there are any, so that they cost nothing else where there are none.
Each call returns at once.
"""

from __future__ import annotations

from typing import Protocol

from gridgrad_core.errors import REASONS, GridgradError
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.scheduling.batch import Batch
from gridgrad_server.scheduling.request import GridRequest

__all__ = ["CANCELLED", "OK", "Observer", "Observers", "code_of", "given_up"]

OK, CANCELLED, DEADLINE_EXCEEDED = 0, REASONS["CANCELLED"].code, REASONS["DEADLINE"].code


class Observer(Protocol):
    """Who is told."""

    def arrived(self, request: GridRequest) -> None:
        """A request was read, in the context of its call."""

    def answered(self, via: str, code: int, grids: int) -> None:
        """Requests were answered, or given up by their caller.

        Args:
            via: "unary", "stream", "session", "lane" or "http".
            code: the number of their gRPC status.
            grids: how many requests.
        """

    def cut_off(self, request: GridRequest, code: int) -> None:
        """A request of a session has ended without its result, with the number of such a gRPC status."""

    def computed(self, batch: Batch, done: wpb.BatchDone) -> None:
        """A batch was computed, and its requests have their results."""

    def computed_in_lane(self, calls: int, points: int, seconds: float) -> None:
        """Calls were computed that came by a lane, one after another: their points and seconds together."""


def code_of(error: GridgradError) -> int:
    """The number of the gRPC status of an error."""
    return REASONS[error.reason].code


def given_up(remaining_s: float | None) -> int:
    """The number of the gRPC status of a call that its caller ended, by what was left of its time."""
    return CANCELLED if remaining_s is None or remaining_s > 0 else DEADLINE_EXCEEDED


class Observers(list[Observer]):
    """All of them. False when there are none."""

    def arrived(self, request: GridRequest) -> None:
        """Tells them of a request."""
        for observer in self:
            observer.arrived(request)

    def answered(self, via: str, code: int, grids: int = 1) -> None:
        """Tells them of answers."""
        for observer in self:
            observer.answered(via, code, grids)

    def cut_off(self, request: GridRequest, code: int) -> None:
        """Tells them of a request of a session that has no result."""
        for observer in self:
            observer.cut_off(request, code)

    def computed(self, batch: Batch, done: wpb.BatchDone) -> None:
        """Tells them of a batch."""
        for observer in self:
            observer.computed(batch, done)

    def computed_in_lane(self, calls: int, points: int, seconds: float) -> None:
        """Tells them of calls that came by a lane."""
        for observer in self:
            observer.computed_in_lane(calls, points, seconds)
