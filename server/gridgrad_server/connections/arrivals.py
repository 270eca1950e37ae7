"""Requests that are arriving: calls have begun, and their message is not there yet.

gRPC keeps what has come of a message and does not say how much, so each that takes longer than SLOW_AFTER_S counts as
one of the largest size. What arrives slowly may take as much as `--queue-bytes`, shared between callers as places are
(`scheduling/admission.py`); a call for which there is no more is refused as busy. A call that has said nothing for
`--stall-timeout` gives way to others that want its place, the oldest first, and else may go on: lines may be slow.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import grpc

from gridgrad_core.errors import BusyError, RequestError
from gridgrad_server.connections.ending import Context
from gridgrad_server.requests.client_id import caller_of
from gridgrad_server.scheduling.admission import Admission, Permit

__all__ = ["SLOW_AFTER_S", "Arrivals"]

SLOW_AFTER_S = 0.5


class _Arrival:
    """A call whose message is awaited."""

    __slots__ = ("began_at", "context", "permit", "refusal", "task")

    def __init__(self, context: Context, task: asyncio.Task[Any]) -> None:
        self.began_at = time.monotonic()
        self.context = context
        self.task = task
        self.permit: Permit | None = None
        self.refusal: BusyError | None = None

    def refuse(self, error: BusyError) -> None:
        self.refusal = error
        self.task.cancel()


class Arrivals:
    """The calls whose message is awaited.

    Args:
        places: what those may take that arrive slowly.
        message_bytes: largest message.
        stall_timeout: seconds after which one gives way to others.
    """

    def __init__(self, places: Admission, message_bytes: int, stall_timeout: float) -> None:
        self._places = places
        self._message_bytes = message_bytes
        self._stall_timeout = stall_timeout
        self._arriving: dict[Context, _Arrival] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def read(self, context: Context) -> bytes:
        """The message of a unary call.

        Raises:
            BusyError: it arrives slowly, and there is no more room for such.
            RequestError: the caller has sent none.
        """
        task = asyncio.current_task()
        assert task is not None, "a handler has a task"  # noqa: S101 - narrows the type
        arrival = self._arriving[context] = _Arrival(context, task)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SLOW_AFTER_S, self._check)
        try:
            raw = await context.read()
        except asyncio.CancelledError:
            if arrival.refusal:
                raise arrival.refusal from None
            raise
        finally:
            del self._arriving[context]
            if arrival.permit:
                arrival.permit.give_back()
        if raw is grpc.aio.EOF:
            raise RequestError("", "a call without a message", "send one; gRPC's libraries do")
        message: bytes = raw
        return message

    def _check(self) -> None:
        now, self._timer = time.monotonic(), None
        for arrival in list(self._arriving.values()):
            if now - arrival.began_at < SLOW_AFTER_S:
                break  # the others began later
            if not (arrival.permit or arrival.refusal):
                self._find_place(arrival, now)
        if self._arriving:
            self._timer = asyncio.get_running_loop().call_later(SLOW_AFTER_S, self._check)

    def _find_place(self, arrival: _Arrival, now: float) -> None:
        try:
            arrival.permit = self._places.take(self._message_bytes, caller_of(arrival.context))
        except BusyError as error:
            arrival.refuse(error)
            self._make_room(now)

    def _make_room(self, now: float) -> None:
        """Ends the oldest call that has been silent for too long, for those who come next."""
        holders = (each for each in self._arriving.values() if each.permit and not each.refusal)
        oldest = next(holders, None)
        if oldest and now - oldest.began_at > self._stall_timeout:
            found = f"no whole message within {self._stall_timeout:g} s, and others want the place"
            oldest.refuse(BusyError("", found, "send it again at once, or on a quicker line"))
