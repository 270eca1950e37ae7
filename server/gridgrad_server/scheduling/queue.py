"""The queue: requests that wait for a worker, by caller and compatibility key.

* Callers take turns by the time that workers have spent on each, plans included, so that whoever floods, with one
  function or with many, waits for himself alone. It is start-time fair queueing: nobody saves up what he does not use.
* Of a caller's keys the one is next that has waited longest since its last turn. Requests of others for the same go in
  the same batch, in turns, and are charged for it.
* Small requests overtake bulk: packs, and grids of several tiles. While bulk waits it gets every fourth batch.
* Bulk of callers of less weight rests between its batches while small requests of others come, so that it takes no more
  of the time than that weight: else it would have all that is left between two small ones, and each would meet it.
  Where they come in quick succession it rests until so many are done that hardly one in a hundred meets it.
* While small requests come, which have to wait for what is at the workers and for the server while it sends that,
  batches of bulk are small, tiles of grids are cut again to be so, and only one is at a worker.
* A caller's own requests of one key go in the order in which they came.
* A batch takes one tile of a request at most; a request with more tiles goes behind its caller's others.

One owner, the scheduler, calls it; nothing here waits or locks.
"""

from __future__ import annotations

import math
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from gridgrad_core.errors import DeadlineError
from gridgrad_server.access.quotas import share_of
from gridgrad_server.requests.tiles import GridTile
from gridgrad_server.scheduling.request import GridRequest

__all__ = ["MOST_BEHIND_S", "MOST_ITEMS", "BatchItem", "Queue"]

MOST_ITEMS = 120
"""Most tiles of a batch: each may bring two regions, and the kernel passes 253 descriptors at once."""

MOST_BEHIND_S = 0.25
"""How much more a caller counts as having had than those who wait, at most."""

_LEAST_S = 5e-5  # what a tile counts before it is known how long it took
_MOST_CALLERS = 4096

_BULK_EVERY = 4
_BULK_SHARE = 4
_SMALL_WITHIN_S = 0.5
_LONGEST_REST_S = 0.1
_LONGEST_FOR_MANY_S = 0.2
_OUTNUMBERED = 20
"""By how much more than by their weights small batches in quick succession outnumber those of bulk."""

_LaneKey = tuple[int, int]  # the number of a function key, and what tells a request apart that is computed alone


class BatchItem(NamedTuple):
    """A tile of a request, taken to be computed."""

    request: GridRequest
    tile: GridTile


class _RoundRobin:
    """Requests of one key, by callers that take turns."""

    def __init__(self) -> None:
        self.callers: OrderedDict[str, OrderedDict[GridRequest, None]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self.callers)

    def put(self, request: GridRequest) -> None:
        self.callers.setdefault(request.caller, OrderedDict())[request] = None

    def put_first(self, request: GridRequest) -> None:
        own = self.callers.setdefault(request.caller, OrderedDict())
        own[request] = None
        own.move_to_end(request, last=False)
        self.callers.move_to_end(request.caller, last=False)

    def remove(self, request: GridRequest) -> None:
        own = self.callers[request.caller]
        del own[request]
        if not own:
            del self.callers[request.caller]

    def first(self) -> GridRequest:
        return next(iter(next(iter(self.callers.values()))))

    def begin_with(self, caller: str) -> None:
        self.callers.move_to_end(caller, last=False)

    def pass_on(self, caller: str) -> None:
        """Makes it the turn of the others, if the caller has requests left."""
        if caller in self.callers:
            self.callers.move_to_end(caller)


class _Lane:
    """Requests of one class, by keys, and the keys of each caller."""

    def __init__(self) -> None:
        self._turns: dict[_LaneKey, _RoundRobin] = {}
        self.callers: OrderedDict[str, OrderedDict[_LaneKey, None]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self.callers)

    def put(self, key: _LaneKey, request: GridRequest) -> None:
        self._turns.setdefault(key, _RoundRobin()).put(request)
        self.callers.setdefault(request.caller, OrderedDict())[key] = None

    def put_first(self, key: _LaneKey, request: GridRequest) -> None:
        self._turns.setdefault(key, _RoundRobin()).put_first(request)
        keys = self.callers.setdefault(request.caller, OrderedDict())
        keys[key] = None
        keys.move_to_end(key, last=False)
        self.callers.move_to_end(request.caller, last=False)

    def remove(self, key: _LaneKey, request: GridRequest) -> None:
        turns, caller = self._turns[key], request.caller
        turns.remove(request)
        if caller not in turns.callers:
            del self.callers[caller][key]
            if not self.callers[caller]:
                del self.callers[caller]
        if not turns:
            del self._turns[key]

    def turn_of(self, caller: str) -> _RoundRobin:
        keys = self.callers[caller]
        key = next(iter(keys))
        keys.move_to_end(key)
        self.callers.move_to_end(caller)
        self._turns[key].begin_with(caller)
        return self._turns[key]


class _Spending:
    """What workers have spent on each caller, in seconds, from when it last had nothing to wait for.

    Those of one principal are one caller here. The seconds of whoever has another weight than 1 are divided by it.
    """

    def __init__(self, weight_of: Callable[[str], float] | None) -> None:
        self.weight_of = weight_of
        self._spent_s: dict[str, float] = {}
        self._now_s = 0.0  # what the one had who was served last

    def waits(self, caller: str, most_behind_s: float = MOST_BEHIND_S) -> None:
        """Takes in that a caller waits again: what it did not use is no claim, what it used is soon forgotten."""
        share = share_of(caller)
        spent_s = self._spent_s.get(share, 0.0)
        self._spent_s[share] = min(max(spent_s, self._now_s), self._now_s + most_behind_s)
        if len(self._spent_s) > _MOST_CALLERS:
            self._spent_s = {each: spent_s for each, spent_s in self._spent_s.items() if spent_s > self._now_s}

    def add(self, caller: str, seconds: float) -> None:
        share = share_of(caller)
        weighed_s = seconds / self.weight_of(share) if self.weight_of else seconds
        self._spent_s[share] = self._spent_s.get(share, self._now_s) + weighed_s

    def least_of(self, callers: Iterable[str]) -> str:
        """The caller on whom least was spent; of several the first."""
        caller = min(callers, key=self._spent)
        self._now_s = max(self._now_s, self._spent(caller))
        return caller

    def _spent(self, caller: str) -> float:
        return self._spent_s.get(share_of(caller), self._now_s)


class _Rest:
    """How long bulk of less weight rests after a batch of it, for the sake of small requests."""

    def __init__(self) -> None:
        self.began_at = self._least_until = -math.inf
        self._enough_small = 0.0

    def begin(self, now: float) -> None:
        """Takes in that bulk is given to a worker."""
        self.began_at = now

    def computed(self, ratio: float, now: float) -> None:
        """Takes in that it was computed, and that small requests have so many times its weight."""
        took_s = now - self.began_at
        self._least_until = now + min(took_s * max(0.0, ratio - 1), _LONGEST_REST_S)
        self._enough_small = _OUTNUMBERED * ratio

    def left_s(self, small: int, now: float) -> float:
        """How much of it is left.

        Args:
            small: how many small batches there were meanwhile.
            now: by time.monotonic.
        """
        if now < self._least_until:
            return self._least_until - now
        least_s, until = self._least_until - self.began_at, self.began_at + _LONGEST_FOR_MANY_S
        are_frequent = small * least_s > now - self.began_at
        return max(0.0, until - now) if are_frequent and small < self._enough_small else 0.0


class Queue:
    """Requests in their turns. False when it is empty.

    Args:
        weight_of: the weight of whose turns these are; None for 1 of all.
    """

    def __init__(self, weight_of: Callable[[str], float] | None = None) -> None:
        self._small, self._bulk = _Lane(), _Lane()
        self._spending = _Spending(weight_of)
        self._positions: dict[GridRequest, tuple[_Lane, _LaneKey]] = {}
        self._alone: GridRequest | None = None  # a request that is alone stands in no lane, which is quicker
        self._small_in_a_row = 0
        self._small_at = -math.inf
        self._small_weight = 1.0
        self._rest = _Rest()

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
            self._enqueue(request)

    def put_first(self, request: GridRequest) -> None:
        """Adds a request before all others, since it has waited before."""
        self.remove(request)
        self._enqueue_alone()
        lane, key = self._position(request)
        lane.put_first(key, request)
        self._spending.waits(request.caller, most_behind_s=0.0)

    def _enqueue_alone(self) -> None:
        if self._alone:
            self._enqueue(self._alone)
            self._alone = None

    def _enqueue(self, request: GridRequest) -> None:
        if request.caller not in self._small.callers and request.caller not in self._bulk.callers:
            self._spending.waits(request.caller)
        lane, key = self._position(request)
        lane.put(key, request)

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
            lane = self._next_lane(now)
            turns = lane.turn_of(self._spending.least_of(lane.callers))
            is_bulk = lane is self._bulk
            is_careful = is_bulk and self.is_shared(now)
            items = self._take(turns, most_cost // _BULK_SHARE if is_careful else most_cost, now, is_careful)
            if items:
                self._taken(items[0].request, now)
                return items
        return []

    def _take_alone(self, request: GridRequest, most_cost: int, now: float) -> list[BatchItem]:
        self._alone = None
        if not request.is_open or _expired(request, now):
            return []
        self._taken(request, now)
        return [BatchItem(request, request.progress.take(most_cost))]

    def _taken(self, first: GridRequest, now: float) -> None:
        if first.is_bulk:
            self._small_in_a_row = 0
            self._rest.begin(now)
            return
        self._small_in_a_row += 1
        self._small_at, self._small_weight = now, self._weight(first.caller)

    def _weight(self, caller: str) -> float:
        weight_of = self._spending.weight_of
        return weight_of(share_of(caller)) if weight_of else 1.0

    def rest_s(self, now: float) -> float:
        """For how long all that waits is to rest; 0 for not at all."""
        if self._small or (self._alone and not self._alone.is_bulk) or not self.is_shared(now):
            return 0.0
        return self._rest.left_s(self._small_in_a_row, now) if self._is_light() else 0.0

    def _is_light(self) -> bool:
        """Whether all bulk is of less weight than the last small request."""
        callers = [self._alone.caller] if self._alone else self._bulk.callers
        return all(self._weight(caller) < self._small_weight for caller in callers)

    def waiting_batches(self, batch_cost: int) -> int:
        """How many batches of this cost could be made of what waits. For a look now and then: it goes through all."""
        by_key: defaultdict[_LaneKey, float] = defaultdict(float)
        for request in (self._alone,) if self._alone else self._positions:
            by_key[_key(request)] += request.progress.waiting_batches(batch_cost) if request.is_open else 0
        return sum(map(math.ceil, by_key.values()))

    def may_wait_at_worker(self, now: float) -> bool:
        """Whether the next batch may be given to a worker that is busy with another."""
        has_small = self._small or (self._alone and not self._alone.is_bulk)
        return bool(has_small) or not self.is_shared(now)

    def is_shared(self, now: float) -> bool:
        """Whether small requests have come of late."""
        return now - self._small_at < _SMALL_WITHIN_S

    def _next_lane(self, now: float) -> _Lane:
        if not self._small:
            return self._bulk
        bulk_is_due = self._bulk and self._small_in_a_row >= _BULK_EVERY - 1
        if not bulk_is_due or (self._is_light() and self._rest.left_s(self._small_in_a_row, now)):
            return self._small
        return self._bulk

    def _take(self, turns: _RoundRobin, most_cost: int, now: float, is_careful: bool) -> list[BatchItem]:
        items: list[BatchItem] = []
        cost, most_cost = 0, min(most_cost, turns.first().template.function.throughput.most_cost)
        while turns and len(items) < MOST_ITEMS:
            request = turns.first()
            if request.is_open and not _expired(request, now):
                cost += request.progress.next_cost
                if items and cost > most_cost:
                    break
                items.append(BatchItem(request, request.progress.take(most_cost, anew=is_careful)))
                self._spending.add(request.caller, _LEAST_S)
            self.remove(request)
            turns.pass_on(request.caller)
        for request, _ in items:
            if request.is_open:
                self.put(request)
        return items

    def computed(self, items: Sequence[BatchItem], compute_s: float, now: float = -math.inf) -> None:
        """Charges callers with the time that a batch took, by the worker and, until now, on its ways."""
        if self._spending.weight_of and items[0].request.is_bulk:
            self._rest.computed(self._small_weight / self._weight(items[0].request.caller), now)
        point_s = compute_s / sum(tile.points + 1 for _, tile in items)
        for request, tile in items:
            self._spending.add(request.caller, point_s * (tile.points + 1))

    def charge(self, caller: str, seconds: float) -> None:
        """Charges a caller with time that something else was done for him."""
        self._spending.add(caller, seconds)

    def take_all(self) -> list[GridRequest]:
        """Empties it."""
        taken = []
        while self:
            taken.append(self._alone or next(iter(self._positions)))
            self.remove(taken[-1])
        return taken


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
