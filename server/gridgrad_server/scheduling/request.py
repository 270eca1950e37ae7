"""A request in the server, from its admission to its last tile.

It is one grid, or a pack: many small grids that came in one message and differ in nothing but numbers.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from gridgrad_core.errors import GridgradError, RequestError, UnavailableError
from gridgrad_server.arrays.named_arrays import NO_ARRAYS, HeldArrays
from gridgrad_server.memory.slots import Slot
from gridgrad_server.requests.request_cache import ServerTemplate
from gridgrad_server.requests.result_info import ComputedBy, ResultInfo
from gridgrad_server.requests.tiles import GridTile
from gridgrad_server.scheduling.destinations import ResultDestination
from gridgrad_server.scheduling.progress import Progress
from gridgrad_server.scheduling.retries import crash_error, is_hopeless, tiles_after

__all__ = ["BatchOutcome", "Failures", "GridRequest", "ResultSink"]

Failures = Mapping[int, GridgradError]
"""What went wrong with some of the grids of a tile, by their positions in it."""


class BatchOutcome(NamedTuple):
    """What a worker said about a batch.

    Args:
        started_at: when it began, by time.monotonic.
        compute_s: how long it took.
        computed_by: what computed the tile at hand.
    """

    started_at: float
    compute_s: float
    computed_by: ComputedBy


class ResultSink(Protocol):
    """Where the results of a request go. Each call returns at once."""

    def take_tile(
        self, request: GridRequest, tile: GridTile, result: memoryview, failures: Failures, slot: Slot | None
    ) -> None:
        """Takes the result of a tile; the memory is the caller's again afterwards, unless its slot is held.

        Args:
            request: the request.
            tile: the tile.
            result: [planes, points]; of several grids that for each, its layout's stride apart. Empty if the request
                has a destination.
            failures: empty but for a pack.
            slot: that the result lies in; None where there is none.
        """

    def failed(self, request: GridRequest, error: GridgradError) -> None:
        """Takes the error that ends the request: all of it that was not computed before."""


class GridRequest:
    """A request that was admitted.

    Args:
        template: what it shares with others.
        numbers: of its arrays.
        sink: takes its results.
        caller: whose it is.
        deadline_at: when its caller gives up, by time.monotonic; None for never.
        tile_cost: largest cost of its tiles.
        window: most of its tiles that are being computed or are not yet sent.
        arrays: that it holds until it ends.

    Attributes:
        arrays: the same.
        progress: its tiles.
        tier: what its tiles are to be computed in; empty for what is ready, None for what the first one is.
        ended: whether it has failed, was cancelled, or has all its results.
        is_aside: whether it is computed aside, so that nobody else has to wait for it at all.
        is_bulk: whether it is more than a tile of the usual cost, so that others should not have to wait for it.
        inputs_slot: holds its inputs when it has several tiles.
        destination: of its results in the arena of a session; None for the memory of each batch.
        trace: what an observer remembers of it.
        segments: what is computed before; None once that is its numbers.
    """

    __slots__ = ("_compute_s", "_computed_by", "_started_at", "arrays", "arrived_at", "caller", "deadline_at",
                 "destination", "ended", "inputs_slot", "is_aside", "is_bulk", "numbers", "progress", "segments",
                 "sink", "template", "tier", "trace")  # fmt: skip

    def __init__(
        self,
        template: ServerTemplate,
        numbers: Sequence[bytes],
        sink: ResultSink,
        caller: str,
        deadline_at: float | None,
        tile_cost: int,
        window: int,
        arrays: HeldArrays = NO_ARRAYS,
    ) -> None:
        self.arrays = arrays
        self.template = template
        self.numbers = numbers
        self.sink = sink
        self.caller = caller
        self.deadline_at = deadline_at
        self.arrived_at = time.monotonic()
        self.ended = self.is_aside = False
        self.inputs_slot: Slot | None = None
        self.destination: ResultDestination | None = None
        self.trace: object | None = None
        self.segments: GridRequest | None = None
        self.tier: str | None = template.tier
        self._started_at = 0.0
        self._compute_s = 0.0
        self._computed_by: ComputedBy | None = None
        self.progress = Progress(template, tile_cost, window)
        self.is_bulk = self.progress.is_split or template.layout.grids > 1

    @property
    def named_bytes(self) -> int:
        """Of inputs that did not come in its message."""
        return self.arrays.input_bytes

    @property
    def is_open(self) -> bool:
        """Whether a tile may be taken now: there is one, and its earlier ones are not piling up, nor awaited."""
        if self.ended:
            return False
        return self.progress.is_between_tiles if self.tier is None else self.progress.has_room

    @property
    def is_untouched(self) -> bool:
        """Whether none of its tiles is computed or being computed."""
        return self._computed_by is None and not self.progress.computing

    def tier_of(self, tile: GridTile) -> str:
        """What a tile is to be computed in; empty for what is ready."""
        if tile.crash_count and self.template.layout.grids > 1 and not self.template.tier:
            return "direct"
        return self.tier or ""

    def put_back(self, tile: GridTile, blamed: bool, killed_after_s: float | None = None) -> None:
        """Takes a tile back whose worker died, to be computed again unless it is hopeless.

        Args:
            tile: the tile.
            blamed: whether the worker died of it, as far as one can tell.
            killed_after_s: after how long it was killed for that; None where it died by itself.
        """
        self.progress.returned()
        again = tiles_after(tile, blamed)
        if is_hopeless(again[0]):
            error = crash_error(killed_after_s)
            self._pass_on(tile, memoryview(b""), dict.fromkeys(range(tile.grids), error))
        else:
            self.progress.put_back(again)

    def computed(
        self, tile: GridTile, result: memoryview, outcome: BatchOutcome, failures: Failures, slot: Slot | None = None
    ) -> None:
        """Passes the result of a tile on, or what went wrong with it."""
        self.progress.returned()
        mixed = None if failures else self._mixed(outcome.computed_by)
        if mixed:
            self.fail(mixed)
        if self.ended:
            return
        self._note(outcome)
        self._pass_on(tile, result, failures, slot)

    def take_segments(self, segments: GridRequest, states: bytes) -> None:
        """Takes in what was computed before: its own numbers, and how its grid was computed."""
        self.numbers, self.segments = (states,), None
        self._started_at, self._compute_s = segments._started_at, segments._compute_s
        self._computed_by = segments._computed_by

    def _note(self, outcome: BatchOutcome) -> None:
        """Takes in how a tile was computed."""
        started_at, compute_s, by = outcome
        if self.template.segments:
            self._compute_s += compute_s
            return
        if self.tier is None and self.template.layout.grids == 1:
            self.tier = by.tier
        if self._computed_by is None or started_at < self._started_at:
            self._started_at = started_at
        self._compute_s += compute_s
        self._computed_by = by if self._computed_by is None else by.in_larger_batch(self._computed_by)

    def _mixed(self, by: ComputedBy) -> GridgradError | None:
        """What is wrong with the tier that a tile was computed in."""
        wanted = self.template.tier
        if self.template.segments:
            return None
        if wanted and by.tier != wanted:
            return _in_another_tier(wanted, by)
        if self._computed_by and by.tier != self._computed_by.tier and self.template.layout.grids == 1:
            return UnavailableError("", "a grid whose pieces were computed in two tiers", "send it again")
        return None

    def _pass_on(self, tile: GridTile, result: memoryview, failures: Failures, slot: Slot | None = None) -> None:
        if failures and self.template.layout.grids == 1:
            self.fail(failures[0])
        if self.ended:
            return
        self.progress.to_be_sent()
        self.sink.take_tile(self, tile, result, failures, slot)
        if self.progress.all_computed:
            self.end()

    def fail(self, error: GridgradError) -> None:
        """Ends it with an error, once."""
        if not self.ended:
            self.end()
            self.sink.failed(self, error)

    def end(self) -> None:
        """Ends it: cancelled, failed or complete. Its tiles that are being computed come to nothing."""
        self.ended = True
        self.numbers, self.arrays = (), NO_ARRAYS
        if self.inputs_slot:
            self.inputs_slot.let_go()
            self.inputs_slot = None

    @property
    def cost(self) -> int:
        """What all of it costs."""
        layout = self.template.layout
        before = self.segments.cost if self.segments else 0
        return before + layout.points * layout.point_cost * layout.grids

    @property
    def held_bytes(self) -> int:
        """How large its results are, with what is computed before."""
        before = self.segments.template.layout.total_bytes if self.segments else 0
        return before + self.template.layout.total_bytes

    @property
    def info(self) -> ResultInfo:
        """How it was computed, so far."""
        if self._computed_by is None:
            return ResultInfo()
        return ResultInfo(max(0.0, self._started_at - self.arrived_at), self._compute_s, self._computed_by)


def _in_another_tier(wanted: str, by: ComputedBy) -> RequestError:
    found = f"{wanted!r}, but this grid can only be computed in the {by.tier} tier"
    if not by.tier:
        found = f"{wanted!r}, but this function is computed by the {by.engine} engine, which has no tiers"
    return RequestError("tier", found, "leave it at 'auto'")
