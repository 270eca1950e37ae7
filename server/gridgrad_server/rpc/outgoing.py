"""Outgoing messages: they wait until a stream takes them, and each is put together only then.

Invariants:
* Until the last of them is put together, they hold the slot that the numbers lie in.
* Where that slot holds much else, as that of a batch of many callers, they are put together at once: whoever reads
  slowly keeps no more than what is his.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from gridgrad_server.memory.slots import Slot

__all__ = ["OutgoingMessage", "OutgoingMessages"]

_MOST_SPARE = 4


class OutgoingMessage(NamedTuple):
    """A serialized message in two parts.

    Args:
        head: all of it up to its numbers.
        data: its numbers, as they lie in a slot; None where it has none.
    """

    head: bytes
    data: memoryview | None = None

    @property
    def data_bytes(self) -> int:
        """How long the numbers are."""
        return len(self.data) if self.data is not None else 0

    def joined(self) -> bytes:
        """All of it; the numbers are not viewed any more."""
        if self.data is None:
            return self.head
        joined = b"".join((self.head, self.data))
        self.data.release()
        return joined

    def drop(self) -> None:
        """Ends the view of the numbers."""
        if self.data is not None:
            self.data.release()


class OutgoingMessages:
    """Some messages of one request.

    Args:
        messages: in their order.
        slot: that their numbers lie in; None where they have none.
    """

    def __init__(self, messages: Iterable[OutgoingMessage], slot: Slot | None) -> None:
        self._messages = deque(messages)
        self._joined: deque[bytes] = deque()
        self._slot = slot
        if slot is not None:
            slot.hold()
            if slot.size > _MOST_SPARE * sum(message.data_bytes for message in self._messages):
                self._join_all()

    def _join_all(self) -> None:
        self._joined.extend([message.joined() for message in self._messages])
        self._messages.clear()
        self._let_go()

    def take(self) -> bytes | None:
        """The next message; None when there is no more."""
        if self._joined:
            return self._joined.popleft()
        if not self._messages:
            return None
        message = self._messages.popleft().joined()
        if not self._messages:
            self._let_go()
        return message

    def drop(self) -> None:
        """Gives up what was not taken."""
        while self._messages:
            self._messages.popleft().drop()
        self._joined.clear()
        self._let_go()

    def _let_go(self) -> None:
        slot, self._slot = self._slot, None
        if slot is not None:
            slot.let_go()
