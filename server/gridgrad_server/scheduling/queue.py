"""The queue: requests that wait for a worker, by compatibility key and caller.

* Small requests overtake bulk: packs, and grids of several tiles. While bulk waits it gets every fourth batch.
* While small requests come, which have to wait for what is at the workers and for the server while it sends that,
  batches of bulk are small, tiles of grids are cut again to be so, and only one is at a worker.
* The key that has waited longest since its last turn is served first.
* Inside a key callers take turns, request by request, so that whoever floods waits for himself alone. A caller's own
  requests go in the order in which they came.
* A batch takes one tile of a request at most; a request with more tiles goes behind its caller's others.

One owner, the scheduler, calls it; nothing here waits or locks.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import NamedTuple

from gridgrad_core.errors import DeadlineError, GridgradError
from gridgrad_server.requests.tiles import GridTile
from gridgrad_server.scheduling.request import GridRequest

__all__ = ["MOST_ITEMS", "BatchItem", "Queue"]

MOST_ITEMS = 120
"""Most tiles of a batch: each may bring two regions, and the kernel passes 253 descriptors at once."""

_BULK_EVERY = 4
_BULK_SHARE = 4
_SMALL_WITHIN_S = 0.5

_LaneKey = tuple[int, int]
"""The number of a function key, and what tells a request apart that is to be computed alone."""


class BatchItem(NamedTuple):
    """A tile of a request, taken to be computed."""

    request: GridRequest
    tile: GridTile


class _RoundRobin:
    """Requests of one key, by callers that take turns."""

    def __init__(self) -> None:
        self._callers: OrderedDict[str, OrderedDict[GridRequest, None]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._callers)

    def put(self, request: GridRequest) -> None:
        self._callers.setdefault(request.caller, OrderedDict())[request] = None

    def put_first(self, request: GridRequest) -> None:
        own = self._callers.setdefault(request.caller, OrderedDict())
        own[request] = None
        own.move_to_end(request, last=False)
        self._callers.move_to_end(request.caller, last=False)

    def remove(self, request: GridRequest) -> None:
        own = self._callers[request.caller]
        del own[request]
        if not own:
            del self._callers[request.caller]

    def first(self) -> GridRequest:
        return next(iter(next(iter(self._callers.values()))))

    def pass_on(self, caller: str) -> None:
        """Makes it the turn of the others, if the caller has requests left."""
        if caller in self._callers:
            self._callers.move_to_end(caller)


class _Lane:
    """Requests of one class, by keys that take turns."""

    def __init__(self) -> None:
        self.keys: OrderedDict[_LaneKey, _RoundRobin] = OrderedDict()

    def turns(self, key: _LaneKey) -> _RoundRobin:
        return self.keys.setdefault(key, _RoundRobin())

    def put_first(self, key: _LaneKey, request: GridRequest) -> None:
        self.turns(key).put_first(request)
        self.keys.move_to_end(key, last=False)

    def remove(self, key: _LaneKey, request: GridRequest) -> None:
        self.keys[key].remove(request)
        if not self.keys[key]:
            del self.keys[key]


class Queue:
    """Requests in their turns. False when it is empty."""

    def __init__(self) -> None:
        self._small, self._bulk = _Lane(), _Lane()
        self._positions: dict[GridRequest, tuple[_Lane, _LaneKey]] = {}
        self._alone: GridRequest | None = None  # a request that is alone stands in no lane, which is quicker
        self._small_in_a_row = 0
        self._small_at = -math.inf

    def __bool__(self) -> bool:
        return self._alone is not None or bool(self._positions)

    def __len__(self) -> int:
        return len(self._positions) + (self._alone is not None)

    def put(self, request: GridRequest) -> None:
        """Adds a request behind its caller's others, unless it stands there already."""
        if not self:
            self._alone = request
        elif request is not self._alone and request not in self._positions:
            self._enqueue_alone()
            lane, key = self._position(request)
            lane.turns(key).put(request)

    def put_first(self, request: GridRequest) -> None:
        """Adds a request before all others, since it has waited before."""
        self.remove(request)
        self._enqueue_alone()
        lane, key = self._position(request)
        lane.put_first(key, request)

    def _enqueue_alone(self) -> None:
        if self._alone:
            lane, key = self._position(self._alone)
            lane.turns(key).put(self._alone)
            self._alone = None

    def _position(self, request: GridRequest) -> tuple[_Lane, _LaneKey]:
        position = self._positions[request] = (self._bulk if request.is_bulk else self._small), _key(request)
        return position

    def remove(self, request: GridRequest) -> None:
        """Removes a request if it is there, so that those that were cancelled take no memory."""
        if request is self._alone:
            self._alone = None
        position = self._positions.pop(request, None)
        if position:
            lane, key = position
            lane.remove(key, request)

    def take(self, most_cost: int, now: float) -> list[BatchItem]:
        """The next batch: one tile each of the requests of one key, at least one if there is any.

        Args:
            most_cost: of all of them together, unless the first alone costs more.
            now: by time.monotonic; requests whose deadline is before it are failed.
        """
        if self._alone and not self._alone.is_bulk:
            return self._take_alone(self._alone, most_cost, now)
        self._enqueue_alone()
        while self._positions:
            lane = self._next_lane()
            key, turns = next(iter(lane.keys.items()))
            lane.keys.move_to_end(key)
            is_bulk = lane is self._bulk
            is_careful = is_bulk and self.is_shared(now)
            items = self._take(turns, most_cost // _BULK_SHARE if is_careful else most_cost, now, is_careful)
            if items:
                self._taken(is_bulk, now)
                return items
        return []

    def _take_alone(self, request: GridRequest, most_cost: int, now: float) -> list[BatchItem]:
        self._alone = None
        if not request.is_open or _expired(request, now):
            return []
        self._taken(is_bulk=False, now=now)
        return [BatchItem(request, request.progress.take(most_cost))]

    def _taken(self, is_bulk: bool, now: float) -> None:
        self._small_in_a_row = 0 if is_bulk else self._small_in_a_row + 1
        self._small_at = self._small_at if is_bulk else now

    def may_wait_at_worker(self, now: float) -> bool:
        """Whether the next batch may be given to a worker that is busy with another."""
        has_small = self._small.keys or (self._alone and not self._alone.is_bulk)
        return bool(has_small) or not self.is_shared(now)

    def is_shared(self, now: float) -> bool:
        """Whether small requests have come of late."""
        return now - self._small_at < _SMALL_WITHIN_S

    def _next_lane(self) -> _Lane:
        if not self._small.keys:
            return self._bulk
        bulk_is_due = self._bulk.keys and self._small_in_a_row >= _BULK_EVERY - 1
        return self._bulk if bulk_is_due else self._small

    def _take(self, turns: _RoundRobin, most_cost: int, now: float, is_careful: bool) -> list[BatchItem]:
        items: list[BatchItem] = []
        cost = 0
        while turns and len(items) < MOST_ITEMS:
            request = turns.first()
            if request.is_open and not _expired(request, now):
                cost += request.progress.next_cost
                if items and cost > most_cost:
                    break
                items.append(BatchItem(request, request.progress.take(most_cost, anew=is_careful)))
            self.remove(request)
            turns.pass_on(request.caller)
        for request, _ in items:
            if request.is_open:
                self.put(request)
        return items

    def fail_all(self, error: GridgradError) -> None:
        """Empties it, failing every request."""
        while self:
            request = self._alone or next(iter(self._positions))
            self.remove(request)
            request.fail(type(error)(error.field, error.found, error.remedy))


def _key(request: GridRequest) -> _LaneKey:
    # A tile that is blamed for a worker's death is computed alone
    next_tile = request.progress.next
    is_blamed = next_tile is not None and next_tile.crash_count > 0
    return request.template.function.number, id(request) if is_blamed else 0


def _expired(request: GridRequest, now: float) -> bool:
    if request.deadline_at is None or now < request.deadline_at:
        return False
    waited_s = now - request.arrived_at
    request.fail(DeadlineError("", f"the deadline passed after {waited_s:.3g} s in the queue", "allow more time"))
    return True
