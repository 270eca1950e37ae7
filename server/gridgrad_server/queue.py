"""The queue: entries that wait for a worker, by compatibility key.

The key that has waited longest since its last turn is served first, its entries in the order in
which they came. A batch takes one piece of an entry at most; an entry with more pieces goes
behind the others of its key, so that a large one never holds up the small ones.

One owner, the batcher, calls it; nothing here waits or locks.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from gridgrad.errors import DeadlineError, GridgradError
from gridgrad_server.entries import Entry
from gridgrad_server.pieces import Box

__all__ = ["MOST_TASKS", "Queue", "Task"]

MOST_TASKS = 120
"""Most pieces of a batch: each may bring two regions, and the kernel passes 253 descriptors at once."""

Key = tuple[int, int]


class Task(NamedTuple):
    """A piece of an entry, taken to be computed."""

    entry: Entry
    box: Box


class Queue:
    """Entries by key. False when it is empty."""

    def __init__(self) -> None:
        self._keys: OrderedDict[Key, OrderedDict[Entry, None]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._keys)

    def put(self, entry: Entry) -> None:
        """Adds an entry behind the others of its key, unless it stands there already."""
        self._keys.setdefault(_key(entry), OrderedDict()).setdefault(entry)

    def put_first(self, entry: Entry) -> None:
        """Adds an entry before all others, since it has waited before."""
        key = _key(entry)
        waiting = self._keys.setdefault(key, OrderedDict())
        waiting.setdefault(entry)
        waiting.move_to_end(entry, last=False)
        self._keys.move_to_end(key, last=False)

    def remove(self, entry: Entry) -> None:
        """Removes an entry if it is there, so that those that were cancelled take no memory."""
        key = _key(entry)
        waiting = self._keys.get(key)
        if waiting is not None:
            waiting.pop(entry, None)
            if not waiting:
                del self._keys[key]

    def take(self, most_cost: int, now: float) -> list[Task]:
        """The next batch: one piece each of the entries of one key, at least one if there is any.

        Args:
            most_cost: of all of them together, unless the first alone costs more.
            now: by time.monotonic; entries whose deadline is before it are failed.
        """
        while self._keys:
            key, waiting = next(iter(self._keys.items()))
            tasks = _take(waiting, most_cost, now)
            if waiting:
                self._keys.move_to_end(key)
            else:
                del self._keys[key]
            if tasks:
                return tasks
        return []

    def fail_all(self, error: GridgradError) -> None:
        """Empties it, failing every entry."""
        while self._keys:
            _, waiting = self._keys.popitem(last=False)
            for entry in waiting:
                entry.fail(type(error)(error.field, error.found, error.remedy))


def _take(waiting: OrderedDict[Entry, None], most_cost: int, now: float) -> list[Task]:
    tasks: list[Task] = []
    cost = 0
    while waiting and len(tasks) < MOST_TASKS:
        entry = next(iter(waiting))
        if entry.is_open and not _expired(entry, now):
            cost += entry.next_cost
            if tasks and cost > most_cost:
                break
            tasks.append(Task(entry, entry.take()))
        del waiting[entry]
    for entry, _ in tasks:
        if entry.is_open:
            waiting[entry] = None
    return tasks


def _key(entry: Entry) -> Key:
    # Who cost a worker its life is computed alone
    return entry.plan.number, id(entry) if entry.strikes else 0


def _expired(entry: Entry, now: float) -> bool:
    if entry.deadline_at is None or now < entry.deadline_at:
        return False
    waited_s = now - entry.arrived_at
    entry.fail(DeadlineError("", f"the deadline passed after {waited_s:.3g} s in the queue", "allow more time"))
    return True
