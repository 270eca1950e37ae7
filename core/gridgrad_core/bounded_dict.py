"""A dictionary of bounded size, for what is remembered for each of many keys.

What follows from arguments alone is remembered by `functools.lru_cache`; this is for what an object remembers.
"""

from __future__ import annotations

import contextlib
from typing import TypeVar

__all__ = ["BoundedDict"]

K = TypeVar("K")
V = TypeVar("V")


class BoundedDict(dict[K, V]):
    """A dictionary that forgets the oldest keys when it is full.

    Safe for threads: each sees whole entries, and no more than one for each thread is there beyond the bound. Reading
    is as quick as that of a `dict`, since it is no more: being read keeps no key.

    Args:
        most: how many keys it has at most.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def __setitem__(self, key: K, value: V) -> None:
        while len(self) >= self._most and key not in self:
            # Another thread may change the dictionary between these steps
            with contextlib.suppress(KeyError, RuntimeError, StopIteration):
                del self[next(iter(self))]
        super().__setitem__(key, value)
