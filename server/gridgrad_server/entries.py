"""Entries: requests in the server, from admission to their last piece."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from gridgrad.errors import GridgradError
from gridgrad_server.forms import Form
from gridgrad_server.memory import Block
from gridgrad_server.pieces import Box, boxes
from gridgrad_server.plans import Info
from gridgrad_server.slots import Slot

__all__ = ["Computed", "Entry", "Sink"]


class Computed(NamedTuple):
    """What a worker said about a batch.

    Args:
        started_at: when it began, by time.monotonic.
        compute_s: how long it took.
        batch_size: how many entries it had.
    """

    started_at: float
    compute_s: float
    batch_size: int
    engine: str
    tier: str
    device: str


class Sink(Protocol):
    """Where the results of an entry go. Each call returns at once."""

    def piece(self, entry: Entry, box: Box, result: memoryview) -> None:
        """Takes the result of a piece, [planes, points]; the memory is the caller's again afterwards.

        Empty if the entry has a place for it.
        """

    def failed(self, entry: Entry, error: GridgradError) -> None:
        """Takes the error that ends the entry."""


class Entry:
    """A request that was admitted.

    Args:
        form: what it shares with others.
        data: the numbers of its arrays.
        sink: takes its results.
        deadline_at: when its caller gives up, by time.monotonic; None for never.
        piece_cost: largest cost of its pieces.
        window: most of its pieces that are being computed or are not yet sent.

    Attributes:
        plan: its plan.
        shape: of its grid.
        next: the piece to compute next; None when all were taken.
        ended: whether it has failed, was cancelled, or has all its results.
        strikes: how many workers died computing it.
        slot: holds its inputs when it has several pieces.
        place: takes its result, [planes, points] of the whole grid; None for the memory of each batch.
    """

    __slots__ = ("_again", "_boxes", "_compute_s", "_largest_batch", "_latest", "_out", "_started_at", "_unsent",
                 "_window", "arrived_at", "data", "deadline_at", "ended", "form", "next", "place", "plan", "shape",
                 "sink", "slot", "split", "strikes")  # fmt: skip

    def __init__(
        self,
        form: Form,
        data: Sequence[bytes],
        sink: Sink,
        deadline_at: float | None,
        piece_cost: int,
        window: int,
    ) -> None:
        self.form = form
        self.plan = form.plan
        self.shape = form.shape
        self.data = data
        self.sink = sink
        self.deadline_at = deadline_at
        self.arrived_at = time.monotonic()
        self.ended = False
        self.strikes = 0
        self.slot: Slot | None = None
        self.place: Block | None = None
        self._window = window
        most_points = max(1, piece_cost // form.plan.planes)
        self.split = form.points > most_points
        self._boxes = boxes(form.shape, most_points) if self.split else iter(())
        self._again: list[Box] = []
        self._out = self._unsent = 0
        self._started_at = 0.0
        self._compute_s = 0.0
        self._largest_batch = 0
        self._latest: Computed | None = None
        self.next: Box | None = next(self._boxes) if self.split else form.whole

    @property
    def points(self) -> int:
        """How many points its grid has."""
        return self.form.points

    @property
    def is_open(self) -> bool:
        """Whether a piece may be taken now: there is one, and its earlier ones are not piling up."""
        return not self.ended and self.next is not None and self._out + self._unsent < self._window

    @property
    def next_cost(self) -> int:
        """The cost of the next piece, 1 at least; its inputs count where they lie with it."""
        points = self.next.points if self.next else 0
        return max(1, points * self.plan.planes, 0 if self.split else self.form.inputs_bytes // 8)

    def take(self) -> Box:
        """The next piece, to be computed."""
        box = self.next
        if box is None:
            raise RuntimeError("all pieces are taken")
        self._out += 1
        self.next = self._again.pop() if self._again else next(self._boxes, None)
        return box

    def put_back(self, box: Box) -> None:
        """Takes a piece back whose worker died."""
        self._out -= 1
        if self.next is not None:
            self._again.append(self.next)
        self.next = box

    def computed(self, box: Box, result: memoryview, how: Computed) -> None:
        """Passes the result of a piece on."""
        self._out -= 1
        if self.ended:
            return
        self._started_at = min(self._started_at, how.started_at) if self._latest else how.started_at
        self._latest = how
        self._compute_s += how.compute_s
        self._largest_batch = max(self._largest_batch, how.batch_size)
        self._unsent += 1
        self.sink.piece(self, box, result)
        if self.all_computed:
            self.end()

    def sent(self) -> None:
        """Says that what a piece gave has left the server."""
        self._unsent -= 1

    @property
    def all_computed(self) -> bool:
        """Whether no piece is left to compute."""
        return self.next is None and not self._out

    def fail(self, error: GridgradError) -> None:
        """Ends it with an error, once."""
        if not self.ended:
            self.end()
            self.sink.failed(self, error)

    def end(self) -> None:
        """Ends it: cancelled, failed or complete. Its pieces that are being computed come to nothing."""
        self.ended = True
        self.data = ()
        if self.slot:
            self.slot.let_go()
            self.slot = None

    @property
    def info(self) -> Info:
        """How it was computed, so far."""
        how = self._latest
        if how is None:
            return Info()
        queue_s = max(0.0, self._started_at - self.arrived_at)
        return Info(queue_s, self._compute_s, self._largest_batch, how.engine, how.tier, how.device)
