"""The queue: entries that wait for a worker, by compatibility key and caller.

* Small entries overtake bulk: packs, and grids of several pieces. While bulk waits it gets every fourth batch.
* While small entries come, which have to wait for what is at the workers and for the server while it sends that,
  batches of bulk are small, pieces of grids are cut again to be so, and only one is at a worker.
* The key that has waited longest since its last turn is served first.
* Inside a key callers take turns, entry by entry, so that who floods waits for himself alone. A caller's own
  entries go in the order in which they came.
* A batch takes one piece of an entry at most; an entry with more pieces goes behind its caller's others.

One owner, the batcher, calls it; nothing here waits or locks.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import NamedTuple

from gridgrad_core.errors import DeadlineError, GridgradError
from gridgrad_server.requests.tiles import Box
from gridgrad_server.scheduling.entry import Entry

__all__ = ["MOST_TASKS", "Queue", "Task"]

MOST_TASKS = 120
"""Most pieces of a batch: each may bring two regions, and the kernel passes 253 descriptors at once."""

_BULK_EVERY = 4
_BULK_SHARE = 4
_SMALL_WITHIN_S = 0.5

Key = tuple[int, int]


class Task(NamedTuple):
    """A piece of an entry, taken to be computed."""

    entry: Entry
    box: Box


class _Turns:
    """Entries of one key, by callers that take turns."""

    def __init__(self) -> None:
        self._callers: OrderedDict[str, OrderedDict[Entry, None]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._callers)

    def put(self, entry: Entry) -> None:
        self._callers.setdefault(entry.caller, OrderedDict())[entry] = None

    def put_first(self, entry: Entry) -> None:
        own = self._callers.setdefault(entry.caller, OrderedDict())
        own[entry] = None
        own.move_to_end(entry, last=False)
        self._callers.move_to_end(entry.caller, last=False)

    def remove(self, entry: Entry) -> None:
        own = self._callers[entry.caller]
        del own[entry]
        if not own:
            del self._callers[entry.caller]

    def first(self) -> Entry:
        return next(iter(next(iter(self._callers.values()))))

    def pass_on(self, caller: str) -> None:
        """Makes it the turn of the others, if the caller has entries left."""
        if caller in self._callers:
            self._callers.move_to_end(caller)


class _Lane:
    """Entries of one class, by keys that take turns."""

    def __init__(self) -> None:
        self.keys: OrderedDict[Key, _Turns] = OrderedDict()

    def turns(self, key: Key) -> _Turns:
        return self.keys.setdefault(key, _Turns())

    def put_first(self, key: Key, entry: Entry) -> None:
        self.turns(key).put_first(entry)
        self.keys.move_to_end(key, last=False)

    def remove(self, key: Key, entry: Entry) -> None:
        self.keys[key].remove(entry)
        if not self.keys[key]:
            del self.keys[key]


class Queue:
    """Entries in their turns. False when it is empty."""

    def __init__(self) -> None:
        self._small, self._bulk = _Lane(), _Lane()
        self._places: dict[Entry, tuple[_Lane, Key]] = {}
        self._alone: Entry | None = None  # has no place while no other waits, for then there are no turns
        self._small_in_a_row = 0
        self._small_at = -math.inf

    def __len__(self) -> int:
        return len(self._places) + (self._alone is not None)

    def put(self, entry: Entry) -> None:
        """Adds an entry behind its caller's others, unless it stands there already."""
        if not self:
            self._alone = entry
        elif entry is not self._alone and entry not in self._places:
            self._place_alone()
            lane, key = self._place(entry)
            lane.turns(key).put(entry)

    def put_first(self, entry: Entry) -> None:
        """Adds an entry before all others, since it has waited before."""
        self.remove(entry)
        self._place_alone()
        lane, key = self._place(entry)
        lane.put_first(key, entry)

    def _place_alone(self) -> None:
        if self._alone:
            lane, key = self._place(self._alone)
            lane.turns(key).put(self._alone)
            self._alone = None

    def _place(self, entry: Entry) -> tuple[_Lane, Key]:
        place = self._places[entry] = (self._bulk if entry.is_bulk else self._small), _key(entry)
        return place

    def remove(self, entry: Entry) -> None:
        """Removes an entry if it is there, so that those that were cancelled take no memory."""
        if entry is self._alone:
            self._alone = None
        place = self._places.pop(entry, None)
        if place:
            lane, key = place
            lane.remove(key, entry)

    def take(self, most_cost: int, now: float) -> list[Task]:
        """The next batch: one piece each of the entries of one key, at least one if there is any.

        Args:
            most_cost: of all of them together, unless the first alone costs more.
            now: by time.monotonic; entries whose deadline is before it are failed.
        """
        if self._alone and not self._alone.is_bulk:
            return self._take_alone(self._alone, most_cost, now)
        self._place_alone()
        while self._places:
            lane = self._next_lane()
            key, turns = next(iter(lane.keys.items()))
            lane.keys.move_to_end(key)
            is_bulk = lane is self._bulk
            is_careful = is_bulk and self.is_shared(now)
            tasks = self._take(turns, most_cost // _BULK_SHARE if is_careful else most_cost, now, is_careful)
            if tasks:
                self._taken(is_bulk, now)
                return tasks
        return []

    def _take_alone(self, entry: Entry, most_cost: int, now: float) -> list[Task]:
        self._alone = None
        if not entry.is_open or _expired(entry, now):
            return []
        self._taken(is_bulk=False, now=now)
        return [Task(entry, entry.take(most_cost))]

    def _taken(self, is_bulk: bool, now: float) -> None:
        self._small_in_a_row = 0 if is_bulk else self._small_in_a_row + 1
        self._small_at = self._small_at if is_bulk else now

    def may_wait_at_worker(self, now: float) -> bool:
        """Whether the next batch may be given to a worker that is busy with another."""
        has_small = self._small.keys or (self._alone and not self._alone.is_bulk)
        return bool(has_small) or not self.is_shared(now)

    def is_shared(self, now: float) -> bool:
        """Whether small entries have come of late."""
        return now - self._small_at < _SMALL_WITHIN_S

    def _next_lane(self) -> _Lane:
        if not self._small.keys:
            return self._bulk
        bulk_is_due = self._bulk.keys and self._small_in_a_row >= _BULK_EVERY - 1
        return self._bulk if bulk_is_due else self._small

    def _take(self, turns: _Turns, most_cost: int, now: float, is_careful: bool) -> list[Task]:
        tasks: list[Task] = []
        cost = 0
        while turns and len(tasks) < MOST_TASKS:
            entry = turns.first()
            if entry.is_open and not _expired(entry, now):
                cost += entry.next_cost
                if tasks and cost > most_cost:
                    break
                tasks.append(Task(entry, entry.take(most_cost, anew=is_careful)))
            self.remove(entry)
            turns.pass_on(entry.caller)
        for entry, _ in tasks:
            if entry.is_open:
                self.put(entry)
        return tasks

    def fail_all(self, error: GridgradError) -> None:
        """Empties it, failing every entry."""
        while self:
            entry = self._alone or next(iter(self._places))
            self.remove(entry)
            entry.fail(type(error)(error.field, error.found, error.remedy))


def _key(entry: Entry) -> Key:
    # What cost a worker its life is computed alone
    return entry.plan.number, id(entry) if entry.next and entry.next.strikes else 0


def _expired(entry: Entry, now: float) -> bool:
    if entry.deadline_at is None or now < entry.deadline_at:
        return False
    waited_s = now - entry.arrived_at
    entry.fail(DeadlineError("", f"the deadline passed after {waited_s:.3g} s in the queue", "allow more time"))
    return True
