"""The messages of a session with a server on this machine: the calls that are made in it and what answers them.

Does no I/O itself. A session may have any number of calls under way; the server answers them in any order, and sends
a large result window by window.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

from gridgrad.progress import Progress
from gridgrad.protocol.assemble import Assembly, pack_results
from gridgrad.protocol.error_mapping import EntryFailed
from gridgrad.protocol.leased_memory import LeasedMemory
from gridgrad.protocol.response_cache import read_response, read_unary
from gridgrad.requests.prepare import PreparedCall, stream_message
from gridgrad.results.result import Result
from gridgrad_core.errors import REASONS
from gridgrad_core.system.framing import FrameReader, framed
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.fields import field_head
from gridgrad_core.wire.parse import parse

__all__ = ["PendingCall", "PendingPack", "SessionCalls", "SessionLost", "out_of_time", "token_message"]

_REQUEST_FIELD = pb.SessionRequest.REQUEST_FIELD_NUMBER
_PACK_FIELD = pb.SessionRequest.PACK_FIELD_NUMBER


class SessionLost(Exception):  # noqa: N818 - never leaves the client: the call goes by gRPC
    """The session has ended, or can't be opened."""


def _framed(message: pb.SessionRequest, request: bytes = b"", field: int = _REQUEST_FIELD) -> bytes:
    """A message behind its length, with the request that it makes if it makes one."""
    head = message.SerializeToString()
    if request:
        head += field_head(field, len(request))
    return framed(head, request)


def token_message(token: bytes) -> bytes:
    """The first message, by which the server knows whom it has offered the session."""
    return _framed(pb.SessionRequest(token=token))


def out_of_time() -> EntryFailed:
    """What a call ends with that was not answered in time."""
    return EntryFailed(pb.Status(code=REASONS["DEADLINE"].code))


class PendingCall:
    """A call under way.

    Args:
        number: of the call in its session.
        call: the call.
        memory: of the session.
        progress: called with the points that have come so far and the points of the grid.

    Attributes:
        outcome: the result, or what the call failed with; None until it is complete.
        on_complete: called once it is.
    """

    __slots__ = ("_assembly", "_call", "_memory", "_progress", "number", "on_complete", "outcome")

    def __init__(self, number: int, call: PreparedCall, memory: LeasedMemory, progress: Progress | None = None) -> None:
        self.number = number
        self.outcome: Result | Exception | None = None
        self.on_complete: Callable[[], None] | None = None
        self._call = call
        self._memory = memory
        self._progress = progress
        self._assembly: Assembly | None = None

    def result(self) -> Result:
        """The result of a complete call.

        Raises:
            EntryFailed: the call failed.
            InternalError: the answer breaks the protocol.
            RequestError: `out` does not fit the components of the result.
            SessionLost: the session ended before the call was complete.
        """
        if not isinstance(self.outcome, Result):
            raise self.outcome or SessionLost("no answer has come")
        return self.outcome

    def complete(self, outcome: Result | Exception) -> None:
        """Ends the call."""
        self.outcome = outcome
        if self.on_complete:
            self.on_complete()

    def feed(self, response: pb.SessionResponse) -> Result | None:
        """Takes the answer, or one of several.

        Returns:
            The result once it is whole, else None.

        Raises:
            Exception: as `result`.
        """
        if response.HasField("window"):
            return self._feed_window(response)
        raw, call = response.response, self._call
        if response.HasField("lease"):
            template, info = read_response(raw, call)
            view = self._memory.array(response.lease, template.layout.shape, template.layout.dtype)
            result = template.result(view, info, call)
        elif response.HasField("status"):
            raise EntryFailed(response.status)
        else:
            result = read_unary(raw, call)
        if self._progress:
            points = math.prod(result.shape)
            self._progress(points, points)
        return result

    def _feed_window(self, response: pb.SessionResponse) -> Result | None:
        if self._memory.is_left:
            raise SessionLost("a fork: nothing is released any more, and the windows after these never come")
        if self._assembly is None:
            self._assembly = Assembly(self._call, self._progress)
        view = functools.partial(self._memory.array, response.lease, is_awaited=True)
        return self._assembly.feed_leased(response, view)


class PendingPack:
    """Calls that share a template, made together and under way.

    Args:
        number: of all of them in their session.
        calls: the calls.
        memory: of the session.

    Attributes:
        outcome: their results, or what they failed with; None until all are complete.
        on_complete: called once they are.
    """

    __slots__ = ("_calls", "_memory", "number", "on_complete", "outcome")

    def __init__(self, number: int, calls: Sequence[PreparedCall], memory: LeasedMemory) -> None:
        self.number = number
        self.outcome: list[Result] | Exception | None = None
        self.on_complete: Callable[[], None] | None = None
        self._calls = calls
        self._memory = memory

    def complete(self, outcome: list[Result] | Exception) -> None:
        """Ends the calls."""
        self.outcome = outcome
        if self.on_complete:
            self.on_complete()

    def feed(self, response: pb.SessionResponse) -> list[Result]:
        """Takes the answer.

        Raises:
            EntryFailed: one of them failed, or all.
            InternalError: the answer breaks the protocol.
        """
        if response.HasField("status") or response.HasField("window"):
            raise EntryFailed(response.status)
        if not response.HasField("lease"):
            return [read_unary(response.response, self._calls[0])]  # of one that is small
        template, info = read_response(response.response, self._calls[0])
        return pack_results(functools.partial(self._memory.array, response.lease), template, info, self._calls)


class SessionCalls:
    """The calls under way in one session.

    Args:
        memory: of the session.

    Attributes:
        on_lane: called with what is granted of the session's lane.
    """

    def __init__(self, memory: LeasedMemory) -> None:
        self._memory = memory
        self._frames = FrameReader()
        self._pending: dict[int, PendingCall | PendingPack] = {}
        self._last = 0
        self.on_lane: Callable[[pb.LaneGrant], None] | None = None

    @property
    def has_news(self) -> bool:
        """Whether there is released memory to tell the server of."""
        return self._memory.has_news

    def begin(
        self, call: PreparedCall, timeout_s: float | None, progress: Progress | None, lane_slots: int = 0
    ) -> tuple[PendingCall, bytes]:
        """Takes a call on.

        Args:
            call: the call.
            timeout_s: seconds after which the server gives it up; None for never.
            progress: called with the points that have come so far and the points of the grid.
            lane_slots: for how many calls of its number the lane of the session is asked for.

        Returns:
            The call under way, and the message that makes it.
        """
        message = self._next(timeout_s)
        pending = self._pending[self._last] = PendingCall(self._last, call, self._memory, progress)
        if lane_slots:
            message.lane_slots = lane_slots
        return pending, _framed(message, call.message)

    def begin_pack(self, calls: Sequence[PreparedCall], timeout_s: float | None) -> tuple[PendingPack, bytes]:
        """Takes calls that share a template on, to be made together; as `begin`."""
        message = self._next(timeout_s)
        pending = self._pending[self._last] = PendingPack(self._last, calls, self._memory)
        return pending, _framed(message, stream_message(1, calls), _PACK_FIELD)

    def _next(self, timeout_s: float | None) -> pb.SessionRequest:
        """The message of the next call but for what it asks."""
        self._last += 1
        message = pb.SessionRequest()  # filled field by field, which takes half the time of keywords
        message.id = self._last
        message.timeout_s = timeout_s or 0.0
        message.released.extend(self._memory.take_released())
        return message

    def give_up(self, pending: PendingCall | PendingPack) -> bytes:
        """Expects no answer to a call any more; returns the message that says so."""
        self._pending.pop(pending.number, None)
        return _framed(pb.SessionRequest(cancel=pending.number, released=self._memory.take_released()))

    def release(self) -> bytes:
        """The message that tells of released memory alone."""
        return _framed(pb.SessionRequest(released=self._memory.take_released()))

    def feed(self, part: bytes) -> None:
        """Takes what came from the server, and completes the calls that it answers.

        Raises:
            InternalError: it is no message of a session. Nothing that comes later can be read.
        """
        self._frames.feed(part)
        while (message := self._frames.take()) is not None:
            self._take(parse(pb.SessionResponse(), message))

    def lose(self, error: Exception) -> None:
        """Ends all calls, since nothing will come any more."""
        pending, self._pending = self._pending, {}
        for each in pending.values():
            each.complete(error)

    def _take(self, response: pb.SessionResponse) -> None:
        if not response.id and response.HasField("lane") and self.on_lane:
            self.on_lane(response.lane)
            return
        pending = self._pending.get(response.id)
        if pending is None:
            if response.HasField("lease"):
                self._memory.ignore(response.lease)  # of a call that was given up
            return
        try:
            outcome: Any = pending.feed(response)
        except Exception as error:  # noqa: BLE001 - goes to whoever waits for the call
            outcome = error
        if outcome is not None:
            del self._pending[pending.number]
            pending.complete(outcome)
