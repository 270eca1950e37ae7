"""Entries: requests in the server, from admission to their last piece.

An entry is one grid, or a pack: many small grids that came in one message and differ in nothing but numbers.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from gridgrad_core.errors import CrashError, GridgradError, RequestError, UnavailableError
from gridgrad_server.memory.slots import Slot
from gridgrad_server.requests.function_key import How, Info
from gridgrad_server.requests.result_layout import Form
from gridgrad_server.requests.tiles import Box, boxes
from gridgrad_server.scheduling.destinations import Places

__all__ = ["Computed", "Entry", "Failures", "Sink"]

Failures = Mapping[int, GridgradError]
"""What went wrong with some of the grids of a piece, by their positions in it."""

_GRID_COST = 2048
"""What a grid of a pack counts at least: it costs a worker some time however few points it has."""

_MOST_STRIKES = 2

_SMALL_SHARE = 8
"""What share of the usual cost a piece has that is cut again."""


class Computed(NamedTuple):
    """What a worker said about a batch.

    Args:
        started_at: when it began, by time.monotonic.
        compute_s: how long it took.
        how: what computed the piece at hand.
    """

    started_at: float
    compute_s: float
    how: How


class Sink(Protocol):
    """Where the results of an entry go. Each call returns at once."""

    def piece(self, entry: Entry, box: Box, result: memoryview, failures: Failures, slot: Slot | None) -> None:
        """Takes the result of a piece; the memory is the caller's again afterwards, unless its slot is held.

        Args:
            entry: the entry.
            box: the piece.
            result: [planes, points]; of several grids that for each, its form's stride apart. Empty if the entry has
                places for it.
            failures: empty but for a pack.
            slot: that the result lies in; None where there is none.
        """

    def failed(self, entry: Entry, error: GridgradError) -> None:
        """Takes the error that ends the entry: all of it that was not computed before."""


class Entry:
    """A request that was admitted.

    Args:
        form: what it shares with others.
        data: the numbers of its arrays.
        sink: takes its results.
        caller: whose it is.
        deadline_at: when its caller gives up, by time.monotonic; None for never.
        piece_cost: largest cost of its pieces.
        window: most of its pieces that are being computed or are not yet sent.

    Attributes:
        grids: how many grids it has.
        tier: what its pieces are to be computed in; empty for what is ready, None for what the first one is.
        plan: its plan.
        asked_tier: "direct" or "compiled" where its caller wants that and no other, else empty.
        shape: of its grid.
        next: the piece to compute next; None when all were taken.
        ended: whether it has failed, was cancelled, or has all its results.
        is_bulk: whether it is more than a piece of the usual cost, so that others should not have to wait for it.
        slot: holds its inputs when it has several pieces.
        places: take its results in the memory of a session; None for the memory of each batch.
        trace: what an observer remembers of it.
    """

    __slots__ = ("_again", "_boxes", "_compute_s", "_how", "_out", "_small_cost", "_started_at", "_unsent",
                 "_window", "arrived_at", "asked_tier", "caller", "data", "deadline_at", "ended", "form", "grids",
                 "is_bulk", "next", "piece_cost", "places", "plan", "shape", "sink", "slot", "split", "tier",
                 "trace")  # fmt: skip

    def __init__(
        self,
        form: Form,
        data: Sequence[bytes],
        sink: Sink,
        caller: str,
        deadline_at: float | None,
        piece_cost: int,
        window: int,
    ) -> None:
        self.form = form
        self.plan = form.plan
        self.shape = form.shape
        self.grids = form.grids
        self.data = data
        self.sink = sink
        self.caller = caller
        self.deadline_at = deadline_at
        self.arrived_at = time.monotonic()
        self.ended = False
        self.slot: Slot | None = None
        self.places: Places | None = None
        self.trace: object | None = None
        self.asked_tier = form.tier
        self.tier: str | None = form.tier
        self._window = window
        self._again: list[Box] = []
        self._out = self._unsent = 0
        self._started_at = 0.0
        self._compute_s = 0.0
        self._how: How | None = None
        self._small_cost = max(1, piece_cost // _SMALL_SHARE)
        self.cut(piece_cost)
        self.is_bulk = self.split or self.grids > 1

    def cut(self, piece_cost: int) -> None:
        """Cuts it into pieces of at most this cost, before the first of them is taken."""
        self.piece_cost = piece_cost
        form, most_points = self.form, max(1, piece_cost // self.plan.planes)
        is_whole = form.grids == 1 and form.points <= most_points
        self._boxes = iter(()) if is_whole else boxes(form.shape, most_points, form.grids)
        self.next: Box | None = form.whole if is_whole else next(self._boxes)
        self.split = self.next is not None and (self.next.grids, self.next.shape) != (form.grids, form.shape)

    @property
    def is_open(self) -> bool:
        """Whether a piece may be taken now: there is one, and its earlier ones are not piling up, nor awaited."""
        window = 1 if self.tier is None else self._window
        return not self.ended and self.next is not None and self._out + self._unsent < window

    @property
    def is_untouched(self) -> bool:
        """Whether none of its pieces is computed or being computed."""
        return not self._out and self._how is None

    @property
    def is_struck(self) -> bool:
        """Whether a piece that waits has cost a worker its life."""
        return any(box.strikes for box in self._again) or bool(self.next and self.next.strikes)

    @property
    def next_cost(self) -> int:
        """The cost of the next piece, 1 at least; its inputs count where they lie with it."""
        if self.next is None:
            return 1
        if self.grids > 1:
            return self.next.grids * self._grid_cost
        return max(1, self.next.points * self.plan.planes, 0 if self.split else self.form.inputs_bytes // 8)

    @property
    def _grid_cost(self) -> int:
        return max(_GRID_COST, self.form.points * self.plan.planes, self.form.inputs_bytes // self.grids // 8)

    def take(self, most_cost: int, *, anew: bool = False) -> Box:
        """The next piece, to be computed.

        Args:
            most_cost: what it may cost. A pack is cut to that; a part of a grid may cost more.
            anew: whether a part of a grid is cut again, to a share of the usual cost; the rest of it comes next.
        """
        box = self.next
        if box is None:
            raise RuntimeError("all pieces are taken")
        self._out += 1
        parts = self._parts(box, most_cost, anew=anew)
        if parts > 1:
            box, self.next = box.cut(parts)
            self.split = True
        else:
            self.next = self._again.pop() if self._again else next(self._boxes, None)
        return box

    def _parts(self, box: Box, most_cost: int, *, anew: bool) -> int:
        """How many pieces to make of one."""
        if self.grids > 1:
            return -(-box.grids // max(1, most_cost // self._grid_cost))
        if not (anew and self.split and box.points > 1):
            return 1
        return -(-box.points * self.plan.planes // self._small_cost)

    def put_back(self, box: Box, blamed: bool) -> None:
        """Takes a piece back whose worker died; one that has cost two workers their lives fails.

        Args:
            box: the piece.
            blamed: whether the worker died of it, as far as one can tell.
        """
        self._out -= 1
        again = box.struck() if blamed else [box]
        if again[0].strikes >= _MOST_STRIKES:
            self._piece(box, memoryview(b""), dict.fromkeys(range(box.grids), _crash()))
            return
        if self.next is not None:
            self._again.append(self.next)
        self.next, *others = again
        self._again += others

    def computed(
        self, box: Box, result: memoryview, computed: Computed, failures: Failures, slot: Slot | None = None
    ) -> None:
        """Passes the result of a piece on, or what went wrong with it."""
        self._out -= 1
        mixed = None if failures else self._mixed(computed.how)
        if mixed:
            self.fail(mixed)
        if self.ended:
            return
        if self.tier is None and self.grids == 1:
            self.tier = computed.how.tier
        if self._how is None or computed.started_at < self._started_at:
            self._started_at = computed.started_at
        self._compute_s += computed.compute_s
        self._how = computed.how if self._how is None else computed.how.in_larger_batch(self._how)
        if computed.how.batch_size == 1:
            self.plan.pace.note(computed.how.tier, box.points * self.plan.planes, computed.compute_s)
        self._piece(box, result, failures, slot)

    def _mixed(self, how: How) -> GridgradError | None:
        """What is wrong with the tier that a piece was computed in."""
        if self.asked_tier and how.tier != self.asked_tier:
            return _in_another_tier(self.asked_tier, how)
        if self.grids == 1 and self._how and how.tier != self._how.tier:
            return UnavailableError("", "a grid whose pieces were computed in two tiers", "send it again")
        return None

    def _piece(self, box: Box, result: memoryview, failures: Failures, slot: Slot | None = None) -> None:
        if failures and self.grids == 1:
            self.fail(failures[0])
        if self.ended:
            return
        self._unsent += 1
        self.sink.piece(self, box, result, failures, slot)
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
        if self._how is None:
            return Info()
        return Info(max(0.0, self._started_at - self.arrived_at), self._compute_s, self._how)


def _crash() -> CrashError:
    return CrashError(
        "",
        "two workers died or were killed computing this",
        "do not send it again; see the server's log",
    )


def _in_another_tier(asked: str, how: How) -> RequestError:
    found = f"{asked!r}, but this grid can only be computed in the {how.tier} tier"
    if not how.tier:
        found = f"{asked!r}, but this function is computed by the {how.engine} engine, which has no tiers"
    return RequestError("tier", found, "leave it at 'auto'")
