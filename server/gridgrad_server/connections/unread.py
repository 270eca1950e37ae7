"""Answers that wait to be read: who takes none of one for too long has its call ended, so that nobody holds places by
not reading.

gRPC takes an answer as its own once the connection does; until then the call of whoever does not read keeps its
places and its memory.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from gridgrad_core.system.logging import fields
from gridgrad_server.connections.ending import Context, end_calls

__all__ = ["UnreadAnswers"]

log = logging.getLogger("gridgrad.server")

_LONGEST_CHECK_S = 1.0


class UnreadAnswers:
    """The calls whose answers wait to be taken.

    Args:
        after_s: how long one may wait before its call is ended.
    """

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._every_s = min(_LONGEST_CHECK_S, after_s / 4)
        self._leaving: dict[Context, tuple[float, asyncio.Task[Any]]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def leaving(self, context: Context) -> None:
        """Takes in that an answer of a call, or a part of one, is handed to gRPC now, by the task of its handler."""
        task = asyncio.current_task()
        assert task is not None, "a handler has a task"  # noqa: S101 - narrows the type
        self._leaving[context] = time.monotonic(), task
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._every_s, self._check)

    def left(self, context: Context) -> None:
        """Takes in that it was taken, or that the call has ended."""
        self._leaving.pop(context, None)

    async def write(self, context: Context, message: bytes) -> None:
        """Writes a message of a stream, and waits until the connection takes it."""
        self.leaving(context)
        try:
            await context.write(message)
        finally:
            self.left(context)

    def _check(self) -> None:
        before, self._timer = time.monotonic() - self._after_s, None
        late = {context: task for context, (since, task) in self._leaving.items() if since < before}
        if late:
            log.warning("ending calls whose answers are not read", extra=fields(calls=len(late), after_s=self._after_s))
            for context in late:
                del self._leaving[context]
            end_calls(late)
        if self._leaving:
            self._timer = asyncio.get_running_loop().call_later(self._every_s, self._check)
