"""The library of special functions, which is compiled before a worker meets the first expression that needs it.

It takes a compiler tens of seconds, once for a cache. A worker would be held up by that, and all its callers.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
from collections.abc import Sequence

from gridgrad_core.system.logging import fields

__all__ = ["SpecialLibrary"]

log = logging.getLogger(__name__)


class SpecialLibrary:
    """Has it compiled, once.

    Args:
        command: that does it, unless it is there; the leader of a session of processes of its own.

    Attributes:
        is_settled: whether it is there, or can't be: workers need not be held up by it.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._task: asyncio.Task[None] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.is_settled = False

    async def settle(self) -> None:
        """Waits until it is there, or it is known that it can't be. Who gives up waiting does not end it."""
        if self._task is None:
            self._task = asyncio.create_task(self._settle())
        await asyncio.shield(self._task)

    async def _settle(self) -> None:
        try:
            # Not by the loop, which would fork while threads of gRPC run; this does as vfork(2)
            self._process = subprocess.Popen(  # noqa: S603 - our own; returns as soon as it runs
                self._command, stdin=subprocess.DEVNULL, stdout=2, stderr=subprocess.PIPE, start_new_session=True
            )
        except OSError as error:
            self._failed(str(error))
            return
        _, said = await asyncio.to_thread(self._process.communicate)
        if self._process.returncode:
            self._failed(said.decode(errors="replace").strip() or f"compiling it ended with {self._process.returncode}")
        self.is_settled = True

    def _failed(self, why: str) -> None:
        """Workers then look themselves, for what can be done without it."""
        log.warning("no library of special functions", extra=fields(why=why))
        self.is_settled = True

    async def close(self) -> None:
        """Ends what compiles it."""
        if self._task is None or self._task.done():
            return
        if self._process is None:
            self._task.cancel()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        await asyncio.gather(self._task, return_exceptions=True)
