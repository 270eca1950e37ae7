"""Helpers: what takes long about a text is done by them, within bounds, by turns, and for nobody who has gone.

Invariants:
* A job that several wait for is done once, and ends when the last of them has gone.
* What was refused is not tried again for a minute.
* Who has it done is charged for it, done or not.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Callable

from cachetools import TTLCache

from gridgrad_core.errors import GridgradError, TooLargeError
from gridgrad_core.wire.failures import error_of, failure_message
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.deriving.helper_process import HelperProcess
from gridgrad_server.deriving.turns import Turns
from gridgrad_server.memory.socket import FrameSocket

__all__ = ["HELPER_BYTES", "Helpers"]

HELPER_BYTES = 256 << 20
"""Memory of a helper."""

_AT_ONCE = 2
_MOST_WALL = 10
"""How much longer a helper may take by the clock, where others have the processors first."""
_MOST_REFUSED = 4096
_REMEMBERED_S = 60.0
_REMEDY = "ask for fewer derivatives or lower orders at a time, or split the function into several requests"


class _Shared:
    """A job, and how many wait for it."""

    def __init__(self, task: asyncio.Task[wpb.HelperAnswer]) -> None:
        self.task = task
        self.waiters = 0


class Helpers:
    """Does jobs.

    Args:
        process: starts helpers.
        most_s: seconds of a processor that one may take.
        charge: is told who had one work, and for how many seconds.
    """

    def __init__(self, process: HelperProcess, most_s: float, charge: Callable[[str, float], None]) -> None:
        self._process = process
        self._most_s = most_s
        self._charge = charge
        self._turns = Turns(_AT_ONCE)
        self._shared: dict[bytes, _Shared] = {}
        self._refused: TTLCache[bytes, wpb.PieceFailure] = TTLCache(_MOST_REFUSED, _REMEMBERED_S)

    def start(self) -> None:
        """Makes ready for jobs, so that the first need not wait for what helpers load."""
        self._process.start()

    async def close(self) -> None:
        """Ends all jobs."""
        tasks = [shared.task for shared in self._shared.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._process.close()

    async def ask(self, job: wpb.HelperJob, what: str, caller: str) -> wpb.HelperAnswer:
        """Has a job done.

        Args:
            job: what to do.
            what: what it is done to, for messages, such as "a text of 20,000 characters".
            caller: for whom.

        Raises:
            GridgradError: what is wrong with it, or that it takes too long.
        """
        serialized = job.SerializeToString(deterministic=True)
        digest = hashlib.sha256(serialized).digest()
        _raise(self._refused.get(digest))
        shared = self._shared.get(digest) or self._begin(digest, serialized, what, caller)
        shared.waiters += 1
        try:
            answer = await asyncio.shield(shared.task)
        finally:
            shared.waiters -= 1
            if not shared.waiters:
                shared.task.cancel()
                self._drop(digest, shared)
        if answer.HasField("failure"):
            self._refused[digest] = answer.failure
            _raise(answer.failure)
        return answer

    def _begin(self, digest: bytes, serialized: bytes, what: str, caller: str) -> _Shared:
        task = asyncio.get_running_loop().create_task(self._done(serialized, what, caller))
        shared = self._shared[digest] = _Shared(task)
        return shared

    def _drop(self, digest: bytes, shared: _Shared) -> None:
        """Forgets a job that nobody waits for, unless another of the same has begun since."""
        if self._shared.get(digest) is shared:
            del self._shared[digest]

    async def _done(self, serialized: bytes, what: str, caller: str) -> wpb.HelperAnswer:
        async with self._turns.turn(caller):
            started_at = time.monotonic()
            try:
                async with asyncio.timeout(_MOST_WALL * self._most_s):
                    answer = await self._helped(serialized)
            except TimeoutError:
                answer = wpb.HelperAnswer(exceeded="time")
            except (OSError, EOFError):
                return _refusal(f"{what}, which a helper has died of")
            finally:
                self._charge(caller, time.monotonic() - started_at)
        if not answer.exceeded:
            return answer
        most = f"{self._most_s:g} s" if answer.exceeded == "time" else f"{HELPER_BYTES >> 20} MiB"
        flag = " (--derive-timeout)" if answer.exceeded == "time" else ""
        return _refusal(f"{what}, which takes more than {most} to prepare{flag}")

    async def _helped(self, serialized: bytes) -> wpb.HelperAnswer:
        """What a helper answers.

        Raises:
            EOFError: it ended without an answer.
            OSError: there can be none.
        """
        answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def ended() -> None:
            if not answered.done():
                answered.set_exception(EOFError())

        link = FrameSocket(self._process.helper(), answered.set_result, ended)
        with contextlib.closing(link):
            link.send(serialized)
            return wpb.HelperAnswer.FromString(await answered)


def _refusal(found: str) -> wpb.HelperAnswer:
    return wpb.HelperAnswer(failure=failure_message(TooLargeError("function.expression", found, _REMEDY)))


def _raise(failure: wpb.PieceFailure | None) -> None:
    error: GridgradError | None = error_of(failure) if failure is not None else None
    if error:
        raise error
