"""A cache that callers share: when it is full, who has most in it loses what he used longest ago.

Whatever one caller asks for, what others use is kept as long as they have less. What several use is not lost with the
one who brought it: it passes to another of them instead.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

__all__ = ["SharedCache"]

K = TypeVar("K")
V = TypeVar("V")


class _Entry(Generic[V]):
    """A value, how much it counts, whose it is, and who else has used it last; empty if nobody has."""

    __slots__ = ("also", "owner", "value", "weight")

    def __init__(self, value: V, owner: str, weight: int) -> None:
        self.value = value
        self.owner = owner
        self.weight = weight
        self.also = ""


class SharedCache(Generic[K, V]):
    """A cache of bounded size.

    Args:
        most: how many values it keeps.
        weigh: as how many a value counts, 1 at least; each as one where it is not said.
    """

    def __init__(self, most: int, weigh: Callable[[V], int] = lambda _: 1) -> None:
        self._most = most
        self._weigh = weigh
        self._held: Counter[str] = Counter()  # as how many the values of each caller count
        self._entries: dict[K, _Entry[V]] = {}
        self._of: dict[str, OrderedDict[K, None]] = {}  # the keys of each caller, the one used longest ago first

    def __len__(self) -> int:
        return len(self._entries)

    def values(self) -> Iterator[V]:
        """All that it keeps."""
        return (entry.value for entry in self._entries.values())

    def peek(self, key: K) -> V | None:
        """The value of a key, or None; this counts as no use."""
        entry = self._entries.get(key)
        return entry.value if entry else None

    def get(self, key: K, caller: str) -> V | None:
        """The value of a key, which a caller uses now, or None."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if caller != entry.owner:
            entry.also = caller
        self._of[entry.owner].move_to_end(key)
        return entry.value

    def put(self, key: K, value: V, caller: str) -> list[K]:
        """Keeps a value that a caller uses.

        Returns:
            The keys that are forgotten for it.
        """
        if self.get(key, caller) is not None:
            self._entries[key].value = value
            return []
        weight, forgotten = min(self._weigh(value), self._most), []
        while self._held.total() + weight > self._most:
            forgotten.append(self._forgotten(caller, weight))
        self._entries[key] = _Entry(value, caller, weight)
        self._give(key, caller)
        return forgotten

    def _give(self, key: K, caller: str) -> None:
        self._of.setdefault(caller, OrderedDict())[key] = None
        self._held[caller] += self._entries[key].weight

    def _forgotten(self, caller: str, weight: int) -> K:
        """What is forgotten of the one who has most, with so much for which a caller wants room."""
        while True:
            owner = max(self._of, key=lambda each: (self._held[each] + weight * (each == caller), each == caller))
            key, _ = self._of[owner].popitem(last=False)
            entry = self._entries[key]
            self._held[owner] -= entry.weight
            if not self._of[owner]:
                del self._of[owner], self._held[owner]
            if not entry.also:
                del self._entries[key]
                return key
            entry.owner, entry.also = entry.also, ""
            self._give(key, entry.owner)
