"""Calls that stay open, such as watches and streams: they are bounded in number, since each keeps memory as long as its
caller likes, whether it says anything or not.

gRPC takes some 20 KB for each and its connection. What it frees lies between what is in use, where malloc keeps it: of
1,000 watches on connections of their own 25 MiB stayed with the server. So it is given back once many have ended.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator

from gridgrad_core.errors import BusyError
from gridgrad_core.system.malloc import give_back_freed_memory
from gridgrad_server.connections.ending import Context
from gridgrad_server.requests.client_id import caller_of
from gridgrad_server.scheduling.admission import Admission

__all__ = ["OpenCalls"]

_NO_ADDRESS = "unix:"
"""What gRPC calls every caller over a unix socket: their connections can't be told apart."""

_MANY = 64
"""Calls at once whose memory is worth giving back."""

_FREED_AFTER_S = 2.0
"""How long it takes gRPC to free what a call and its connection had."""


class OpenCalls:
    """The open calls of a kind.

    Args:
        what: they are, as refusals name them.
        most: at once; callers share them as places in the queue (`scheduling/admission.py`).
        most_of_connection: at once.
    """

    def __init__(self, what: str, most: int, most_of_connection: int) -> None:
        self._places = Admission(most, 0, what, "end those that nobody needs, or open it later")
        self._what = what
        self._most_of_connection = most_of_connection
        self._of_connection: Counter[str] = Counter()
        self._most_at_once = 0

    def __len__(self) -> int:
        return self._places.requests

    @contextlib.contextmanager
    def place(self, context: Context) -> Iterator[None]:
        """Counts a call as open inside the block.

        Raises:
            BusyError: there are too many.
        """
        connection = context.peer()
        if connection != _NO_ADDRESS and self._of_connection[connection] >= self._most_of_connection:
            found = f"{self._most_of_connection} {self._what} on this connection, its limit"
            raise BusyError("", found, "use those, or end them before others are opened")
        permit = self._places.take(0, caller_of(context))
        self._of_connection[connection] += 1
        self._most_at_once = max(self._most_at_once, len(self))
        try:
            yield
        finally:
            permit.give_back()
            self._of_connection[connection] -= 1
            if not self._of_connection[connection]:
                del self._of_connection[connection]
            self._free_of_many()

    def _free_of_many(self) -> None:
        if len(self) <= self._most_at_once // 4 and self._most_at_once >= _MANY:
            self._most_at_once = len(self)
            asyncio.get_running_loop().call_later(_FREED_AFTER_S, give_back_freed_memory)
