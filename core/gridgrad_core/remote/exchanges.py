"""Messages that bring their numbers, over a stream socket: the length of a message, 4 bytes with the least first, the
message, then the numbers of its spans, one after another.

No socket is touched here: bytes come in as they were read, or are read to where numbers go, and messages go out.

Invariants:
* Nothing is made for numbers that come: they are written where the message says, in regions that were there before.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Generic, TypeVar

from gridgrad_core.system.framing import FrameError

__all__ = ["MOST_BYTES", "ExchangeReader", "packed"]

T = TypeVar("T")

MOST_BYTES = 64 << 20
"""Of a message without its numbers."""
_JOINED_BYTES = 1 << 16
_MOST_TARGETS = 64

_LENGTH = struct.Struct("<I")


def packed(message: bytes, numbers: Sequence[memoryview]) -> list[memoryview]:
    """What goes over the socket for a message and its numbers: one piece where that is cheaper than several."""
    head = _LENGTH.pack(len(message))
    if sum(map(len, numbers)) <= _JOINED_BYTES:
        return [memoryview(b"".join((head, message, *numbers)))]
    return [memoryview(head + message), *numbers]


class ExchangeReader(Generic[T]):
    """Cuts what comes over a socket into messages, and has numbers written where these say.

    Args:
        read: reads a message that is whole; what `take` is to return for it, and where its numbers go.
    """

    def __init__(self, read: Callable[[bytes], tuple[T, list[memoryview]]]) -> None:
        self._read = read
        self._received = bytearray()
        self._open: list[T] = []  # the message whose numbers come
        self._targets: deque[memoryview] = deque()

    @property
    def targets(self) -> list[memoryview]:
        """Where what comes next goes, to be read there; empty where it is to be given to `feed`."""
        return [] if self._received else list(islice(self._targets, _MOST_TARGETS))

    def filled(self, count: int) -> None:
        """Takes in that so many bytes were read to `targets`."""
        while count:
            first = self._targets.popleft()
            if count < len(first):
                self._targets.appendleft(first[count:])
            count -= min(count, len(first))

    def feed(self, part: bytes | memoryview) -> None:
        """Takes what came; a view may be written to again afterwards."""
        self._received += part

    def take(self) -> T | None:
        """The next message; None until it is whole, with its numbers.

        Raises:
            FrameError: it is longer than MOST_BYTES. What comes after it can't be read.
        """
        if not self._open:
            self._begin()
        self._place()
        return self._open.pop() if self._open and not self._targets else None

    def _begin(self) -> None:
        """Reads the message that begins here, if that is whole."""
        if len(self._received) < _LENGTH.size:
            return
        end = _LENGTH.size + _LENGTH.unpack_from(self._received)[0]
        if end > MOST_BYTES:
            raise FrameError(f"a message of {end} bytes, where at most {MOST_BYTES} are allowed")
        if len(self._received) < end:
            return
        message = bytes(self._received[_LENGTH.size : end])
        del self._received[:end]
        taken, targets = self._read(message)
        self._open.append(taken)
        self._targets.extend(targets)

    def _place(self) -> None:
        """Copies to its place what has come of the numbers."""
        done = 0
        with memoryview(self._received) as received:
            while self._targets and done < len(received):
                target = self._targets[0]
                count = min(len(target), len(received) - done)
                target[:count] = received[done : done + count]
                done += count
                self.filled(count)
        del self._received[:done]
