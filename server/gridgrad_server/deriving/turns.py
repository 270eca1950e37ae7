"""Turns: a few at a time, and callers one after the other, so that whoever asks for much waits for himself."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict, deque
from collections.abc import AsyncIterator

__all__ = ["Turns"]


class Turns:
    """Lets callers through.

    Args:
        at_once: how many at a time.
    """

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @contextlib.asynccontextmanager
    async def turn(self, caller: str) -> AsyncIterator[None]:
        """Waits for a caller's turn, which the block then is.

        Args:
            caller: who waits.
        """
        await self._wait(caller)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, caller: str) -> None:
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(caller, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on()  # it had come meanwhile
            raise

    def _pass_on(self) -> None:
        """Has the next one go, of whom did not wait in vain."""
        while self._waiting:
            caller, own = self._waiting.popitem(last=False)
            turn = own.popleft()
            if own:
                self._waiting[caller] = own  # behind all others
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
