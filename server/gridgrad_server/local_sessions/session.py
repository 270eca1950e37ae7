"""One session: calls of a caller on this machine over a socket of its own, results in memory that it has mapped.

Invariants:
* Each call is answered once, whatever becomes of it.
* The caller chooses no address: it names leases that it was given, and a number that is none of these ends the session.
* What it may have under way is bounded, and so is what waits to be sent: beyond, its socket is read no further.
* A result that is too large for the memory comes window by window: as many as are computed at a time have room there,
  and the next are computed when the caller has released the earlier ones.
* What is not taken from the socket for --stall-timeout, and windows of which none is released for so long, end the
  session, so that nobody holds permits by not reading.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from gridgrad_core.errors import CallCancelledError, DeadlineError, GridgradError, RequestError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.local_sessions.call_lane import LaneCall
from gridgrad_server.local_sessions.lane_keeper import LaneKeeper
from gridgrad_server.local_sessions.leases import Leases
from gridgrad_server.local_sessions.placement import ArenaPlacement
from gridgrad_server.local_sessions.session_call import SessionCall
from gridgrad_server.local_sessions.session_lane import SessionLane
from gridgrad_server.memory.arena import Arena, Block
from gridgrad_server.memory.socket import FrameSocket
from gridgrad_server.requests.decode import decode
from gridgrad_server.rpc.errors import to_status
from gridgrad_server.rpc.intake import Intake
from gridgrad_server.rpc.limits import RequestLimits
from gridgrad_server.scheduling.admission import Permit
from gridgrad_server.scheduling.observer import CANCELLED, OK, Observers, code_of
from gridgrad_server.scheduling.request import GridRequest

__all__ = ["MOST_BYTES", "MOST_CALLS", "LocalSession"]

MOST_CALLS = 256
MOST_BYTES = 64 << 20

_MOST_LEASES = 4096

_TRAVEL_S = 0.05
"""How much earlier than here a caller's time may be over: it began before the request was here."""


class LocalSession:
    """Serves one caller.

    Args:
        link: to the caller.
        arena: of the session, which the caller has mapped.
        intake: makes requests of calls.
        limits: of a request.
        observers: are told of answers.
        caller: whose turns its calls take in the queue.
        lanes: grants it one.
        on_end: called once when it has ended.
    """

    def __init__(
        self,
        link: FrameSocket,
        arena: Arena,
        intake: Intake,
        limits: RequestLimits,
        observers: Observers,
        caller: str,
        lanes: LaneKeeper,
        on_end: Callable[[LocalSession], None],
    ) -> None:
        self._caller = caller
        self._lane = SessionLane(lanes, caller, link)
        self._link = link
        self._arena = arena
        self._intake = intake
        self._limits = limits
        self._observers = observers
        self._on_end = on_end
        self._calls: dict[int, SessionCall] = {}
        self._leases = Leases(_MOST_LEASES)
        self._placement = ArenaPlacement(arena, self._leases, intake, limits)
        self._held_bytes = 0
        self._unsent: list[Permit | None] = []
        self._stalled_since: float | None = None
        self._is_quiet = False
        self._has_ended = False
        link.on_frame, link.on_closed, link.on_sent = self._received, self.end, self._sent

    def end(self) -> None:
        """Ends it: calls are given up, and the caller keeps what it holds."""
        if self._has_ended:
            return
        self._has_ended = True
        self._link.close()
        self._lane.close()
        for call in list(self._calls.values()):
            self._give_up(call)
            self._forget(call)
            self._count(CANCELLED, call)
            self._unsent.append(call.permit)
        self._settle()
        self._arena.close()
        self._on_end(self)

    def check(self, now: float, stall_timeout: float) -> None:
        """Ends it if its caller is gone or takes nothing for so long; gives memory back that it needs no more."""
        self._link.notice_end()
        reads_nothing = self._stalled_since is not None and now - self._stalled_since > stall_timeout
        if reads_nothing or any(call.has_stalled(now, stall_timeout) for call in self._calls.values()):
            self.end()
        elif self._is_quiet and not self._calls:
            self._arena.trim()
        self._is_quiet = True

    def _received(self, frame: bytes) -> None:
        self._is_quiet = False
        try:
            message = decode(pb.SessionRequest, frame)
        except RequestError:
            self.end()
            return
        if not all(self._leases.release(number) for number in message.released):
            self.end()
            return
        if message.cancel in self._calls:
            call = self._calls[message.cancel]
            self._give_up(call)
            self.refuse(call, _given_up(call))
        if message.request or message.pack or message.id:
            self._begin(message, len(frame))

    def _begin(self, message: pb.SessionRequest, size: int) -> None:
        if not message.id or message.id in self._calls:
            self.end()  # its answers could not be told apart
            return
        try:
            permit = self._intake.admit(size, self._caller)
        except GridgradError as error:
            self._send(message.id, pb.SessionResponse(status=to_status(error)).SerializeToString(), None)
            self._count(code_of(error))
            return
        call = self._calls[message.id] = SessionCall(self, message.id, permit)
        self._held_bytes += size
        deadline_at = time.monotonic() + message.timeout_s if message.timeout_s > 0 else None
        if message.pack:
            self._work_on(call, self._accept_pack(call, message.pack, deadline_at))
        else:
            self._read(call, message, deadline_at)
        self._steer()

    def _read(self, call: SessionCall, message: pb.SessionRequest, deadline_at: float | None) -> None:
        """Accepts a request at once if its template is known; else a task does."""
        try:
            request = self._intake.known_request(message.request, call, self._caller, deadline_at)
            if request:
                if message.lane_slots:
                    self._want_lane(message, request)
                self._accept(call, request)
                return
        except GridgradError as error:
            self.refuse(call, error)
            return
        self._work_on(call, self._accept_later(call, message.request, deadline_at))

    def _work_on(self, call: SessionCall, work: Coroutine[Any, Any, None]) -> None:
        call.task = asyncio.get_running_loop().create_task(work)

    def _want_lane(self, message: pb.SessionRequest, request: GridRequest) -> None:
        named = self._intake.varying(message.request, self._caller)
        if named:
            self._lane.want(LaneCall(named[0], request.template, request.numbers, named[1]), message.lane_slots)

    async def _accept_later(self, call: SessionCall, request: bytes, deadline_at: float | None) -> None:
        try:
            self._accept(call, await self._intake.read_request(request, call, self._caller, deadline_at))
        except GridgradError as error:
            self.refuse(call, error)

    async def _accept_pack(self, call: SessionCall, pack: bytes, deadline_at: float | None) -> None:
        try:
            decoded = await self._intake.read_several(decode(pb.StreamGridGradientsRequest, pack), self._caller)
            call.grids = decoded.grids
            request = await self._intake.request(decoded, call, self._caller, deadline_at)
            if decoded.grids == 1:
                self._accept(call, request)
                return
            if self._limits.is_large_for_pack(request):
                raise RequestError("pack", "grids that are large", "make a call for each")
            await self._intake.charge_streamed(request)
            request.destination = self._placement.of_pack(request)
            self._hold(call, request.named_bytes + request.held_bytes - request.template.layout.total_bytes)
            call.request = request
            self._intake.submit(request)
        except GridgradError as error:
            self.refuse(call, error)

    def _accept(self, call: SessionCall, request: GridRequest) -> None:
        self._intake.charge(request)
        request.destination = self._placement.of(request)
        size = request.named_bytes + request.held_bytes
        if request.destination is None:
            self._limits.check_unary(request)
        else:
            size -= request.template.layout.total_bytes
        self._hold(call, size)
        call.request = request
        self._intake.submit(request)

    def _hold(self, call: SessionCall, size: int) -> None:
        if size:
            call.permit.grow(size)
            self._held_bytes += size

    def lease(self, block: Block, size: int, on_release: Callable[[], None]) -> pb.Lease:
        """Makes so many bytes of a block the caller's, until he releases them."""
        return self._leases.make(block, size, on_release)

    def send_window(self, call: SessionCall, fields: bytes) -> None:
        """Sends a part of a result that is not the last."""
        self._send(call.number, fields, None)

    def go_on(self, request: GridRequest) -> None:
        """Has more tiles of a request computed: there is room for them."""
        self._intake.submit(request)

    def refuse(self, call: SessionCall, error: GridgradError) -> None:
        """Sends how a call failed."""
        self.answer(call, pb.SessionResponse(status=to_status(error)).SerializeToString(), code_of(error))

    def answer(self, call: SessionCall, fields: bytes, code: int = OK) -> None:
        """Sends the answer to a call, once.

        Args:
            call: the call.
            fields: a serialized SessionResponse without the id.
            code: the number of its status.
        """
        if call.is_answered:
            return
        self._forget(call)
        self._send(call.number, fields, call.permit)
        self._count(code, call)

    def _count(self, code: int, call: SessionCall | None = None) -> None:
        if self._observers:
            self._observers.answered("session", code, call.grids if call else 1)
            if call and call.request and code != OK:
                self._observers.cut_off(call.request, code)

    def _give_up(self, call: SessionCall) -> None:
        """Has no more computed for a call."""
        if call.task:
            call.task.cancel()
        if call.request:
            self._intake.cancel(call.request)

    def _forget(self, call: SessionCall) -> None:
        call.is_answered = True
        del self._calls[call.number]
        if call.request and call.request.destination:
            call.request.destination.release()
            call.request.destination = None

    def _send(self, number: int, fields: bytes, permit: Permit | None) -> None:
        self._unsent.append(permit)
        self._link.send(pb.SessionResponse(id=number).SerializeToString() + fields)
        if self._link.is_sending and self._stalled_since is None:
            self._stalled_since = time.monotonic()

    def _sent(self) -> None:
        self._stalled_since = None
        self._settle()
        self._steer()

    def _settle(self) -> None:
        """Gives permits back for what has left."""
        sent, self._unsent = self._unsent, []
        for permit in sent:
            if permit:
                self._held_bytes -= permit.held_bytes
                permit.give_back()

    def _steer(self) -> None:
        """Reads on, or not."""
        if len(self._calls) + len(self._unsent) >= MOST_CALLS or self._held_bytes >= MOST_BYTES:
            self._link.pause()
        else:
            self._link.resume()


def _given_up(call: SessionCall) -> GridgradError:
    """Why a caller gave a call up."""
    deadline_at = call.request.deadline_at if call.request else None
    if deadline_at is not None and deadline_at - time.monotonic() < _TRAVEL_S:
        return DeadlineError("", "the deadline passed before the result was there", "allow more time")
    return CallCancelledError("", "the caller gave the call up", "")
