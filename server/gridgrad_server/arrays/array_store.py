"""The arrays that callers have sent, by their SHA-256: one store of bounded size for all of them.

Invariants:
* Who names an array has sent it: principals, or where there are none hosts, see none of each other's.
* There is one `KeptArray` for each SHA-256. It has its numbers while it is kept for someone or a request holds it.
* What is kept is bounded. Who has most of it loses what he used longest ago, but never what a request under way holds:
  where all is held, an array that comes is used and not kept.
"""

from __future__ import annotations

import weakref
from collections import Counter, OrderedDict

from gridgrad_server.access.quotas import Quotas, owner_of

__all__ = ["ArrayStore", "HeldArray", "KeptArray"]

_LEAST_BYTES = 1 << 12
"""What an array counts however small it is."""


class HeldArray:
    """An array that is in use: while this is referenced, it has its numbers.

    Args:
        array: the array.
    """

    __slots__ = ("__weakref__", "array")

    def __init__(self, array: KeptArray) -> None:
        self.array = array


class KeptArray:
    """The numbers of an array, while anybody needs them.

    Args:
        digest: their SHA-256.
        data: the numbers, as they came.

    Attributes:
        digest: the same.
        data: the numbers; None while nobody needs them.
        size: how many bytes they are.
        keepers: for how many it is kept.
    """

    __slots__ = ("__weakref__", "_held", "data", "digest", "keepers", "size")

    def __init__(self, digest: bytes, data: bytes) -> None:
        self.digest = digest
        self.data: bytes | None = data
        self.size = len(data)
        self.keepers = 0
        self._held: weakref.ref[HeldArray] | None = None

    @property
    def is_held(self) -> bool:
        """Whether it is in use."""
        return self._held is not None and self._held() is not None

    def hold(self) -> HeldArray:
        """Has it stay while what this returns is referenced."""
        held = self._held() if self._held else None
        if held is None:
            held = HeldArray(self)
            self._held = weakref.ref(held, self._let_go)
        return held

    def _let_go(self, held: weakref.ref[HeldArray]) -> None:
        if self._held is held:
            self._held = None
            self.settle()

    def settle(self) -> None:
        """Drops the numbers unless somebody needs them."""
        if not self.keepers and not self.is_held:
            self.data = None


class ArrayStore:
    """The arrays that were sent last.

    Args:
        most_bytes: of all of them; 0 keeps none.
        quotas: say how many of one principal or host are kept.

    Attributes:
        kept_bytes: of all of them.
    """

    def __init__(self, most_bytes: int, quotas: Quotas | None = None) -> None:
        self._most_bytes = most_bytes
        self._quotas = quotas or None
        self._known: weakref.WeakValueDictionary[bytes, KeptArray] = weakref.WeakValueDictionary()
        self._of: dict[str, OrderedDict[bytes, KeptArray]] = {}  # of each owner, the one used longest ago first
        self._bytes: Counter[str] = Counter()
        self.kept_bytes = 0

    def __len__(self) -> int:
        return sum(map(len, self._of.values()))

    def bytes_of(self, owner: str) -> int:
        """How many bytes are kept of a principal or host."""
        return self._bytes[owner]

    def find(self, digest: bytes, caller: str) -> KeptArray | None:
        """An array that the owner of a caller has sent; None where it is not kept. This is a use of it."""
        owner = owner_of(caller)
        arrays = self._of.get(owner)
        if arrays is None or digest not in arrays:
            return None
        arrays.move_to_end(digest)
        return arrays[digest]

    def held(self, digest: bytes, data: bytes) -> HeldArray:
        """An array that is not kept.

        Args:
            digest: the SHA-256 of data, which must be.
            data: the numbers.
        """
        array = self._known.get(digest)
        if array is None:
            array = self._known[digest] = KeptArray(digest, data)
        elif array.data is None:
            array.data = data
        return array.hold()

    def keep(self, digest: bytes, data: bytes, caller: str) -> HeldArray:
        """Keeps an array of a caller as far as there is room.

        Args:
            digest: the SHA-256 of data, which must be.
            data: the numbers.
            caller: who has sent it.
        """
        held, owner = self.held(digest, data), owner_of(caller)
        if self.find(digest, caller) is None and self._make_room(_counted(held.array), owner):
            self._of.setdefault(owner, OrderedDict())[digest] = held.array
            held.array.keepers += 1
            self._count(owner, _counted(held.array))
        return held

    def _make_room(self, size: int, owner: str) -> bool:
        """Drops what has to go for so many bytes more of an owner; whether there is room for them then."""
        most_own = min(self._most_bytes, self._quotas.array_bytes_of(owner) if self._quotas else self._most_bytes)
        if size > most_own:
            return False
        while self._bytes[owner] + size > most_own:
            if not self._drop_one_of(owner):
                return False
        while self.kept_bytes + size > self._most_bytes:
            by_size = sorted(self._of, key=lambda each: self._bytes[each] + size * (each == owner), reverse=True)
            if not any(map(self._drop_one_of, by_size)):
                return False
        return True

    def _drop_one_of(self, owner: str) -> bool:
        """Drops what one has used longest ago and nothing holds; whether there was such."""
        arrays = self._of.get(owner)
        dropped = next((each for each in arrays.values() if not each.is_held), None) if arrays else None
        if arrays is None or dropped is None:
            return False
        del arrays[dropped.digest]
        dropped.keepers -= 1
        dropped.settle()
        self._count(owner, -_counted(dropped))
        if not arrays:
            del self._of[owner], self._bytes[owner]
        return True

    def _count(self, owner: str, more: int) -> None:
        self._bytes[owner] += more
        self.kept_bytes += more


def _counted(array: KeptArray) -> int:
    return max(array.size, _LEAST_BYTES)
