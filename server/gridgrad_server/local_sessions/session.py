"""One session: calls of a caller on this machine over a socket of its own, results in memory that it has mapped.

Invariants:
* Each call is answered once, whatever becomes of it.
* The caller chooses no place: it names leases that it was given, and a number that is none of these ends the session.
* What it may have under way is bounded, and so is what waits to be sent: beyond, its socket is read no further.
* A result that is too large for the memory comes window by window: as many as are computed at a time have room there,
  and the next are computed when the caller has released the earlier ones.
* What is not taken from the socket for STALLED_AFTER_S, and windows of which none is released for so long, end the
  session, so that nobody holds permits by not reading.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable

from gridgrad_core.errors import CallCancelledError, GridgradError, RequestError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.buffer import field_head
from gridgrad_server.memory.arena import Block, Memory
from gridgrad_server.memory.slots import Slot
from gridgrad_server.memory.socket import Link
from gridgrad_server.requests.decode import decode
from gridgrad_server.requests.tiles import Box
from gridgrad_server.rpc.encode import UnaryResult, unary_header
from gridgrad_server.rpc.errors import to_status
from gridgrad_server.rpc.intake import Intake
from gridgrad_server.scheduling.admission import Permit
from gridgrad_server.scheduling.destinations import Places, Whole, Windows
from gridgrad_server.scheduling.entry import Entry, Failures
from gridgrad_server.scheduling.observer import CANCELLED, OK, code_of

__all__ = ["INLINE_BYTES", "MOST_BYTES", "MOST_CALLS", "STALLED_AFTER_S", "Session"]

INLINE_BYTES = 4096
"""Results up to this size go over the socket: mapping them would save nothing."""
MOST_CALLS = 256
MOST_BYTES = 64 << 20
STALLED_AFTER_S = 30.0

_MOST_LEASES = 4096
_LEAST_GRIDS = 16  # that come in windows and have room for these
_RESPONSE_FIELD = pb.SessionResponse.RESPONSE_FIELD_NUMBER


class _Call:
    """A call of a session, the sink of its results, and where `UnaryResult` puts those that go over the socket."""

    __slots__ = ("_heard_at", "_inline", "_is_begun", "_lent", "_session", "entry", "is_answered", "number", "permit",
                 "task")  # fmt: skip

    def __init__(self, session: Session, number: int, permit: Permit) -> None:
        self._session = session
        self._inline = UnaryResult(self)
        self._is_begun = False
        self._lent = 0
        self._heard_at = 0.0
        self.number = number
        self.permit = permit
        self.entry: Entry | None = None
        self.task: asyncio.Task[None] | None = None
        self.is_answered = False

    def piece(self, entry: Entry, box: Box, result: memoryview, failures: Failures, slot: Slot | None) -> None:
        places = entry.places
        if places is None:
            self._inline.piece(entry, box, result, failures, slot)
        elif isinstance(places, Windows):
            self._lend(entry, box, places)
        else:
            entry.sent()
            if entry.all_computed:
                self._session.answer_leased(self, entry)

    def _lend(self, entry: Entry, box: Box, windows: Windows) -> None:
        block, plan, last = windows.lend(box), entry.plan, entry.all_computed
        lease = self._session.lease(
            block, box.points * plan.planes * plan.itemsize, functools.partial(self._take_back, windows, block)
        )
        window = pb.Window(planes=plan.planes, first_point=box.first_point, points=box.points)
        fields = pb.SessionResponse(lease=lease, window=window, last=last).SerializeToString()
        if last or not self._is_begun:
            fields += _response_field(unary_header(entry))
        if not self._lent:
            self._heard_at = time.monotonic()
        self._lent += 1
        self._is_begun = True
        self._session.send_window(self, fields, last)

    def _take_back(self, windows: Windows, block: Block) -> None:
        windows.take_back(block)
        self._lent -= 1
        self._heard_at = time.monotonic()
        if self.entry:
            self.entry.sent()
            self._session.go_on(self.entry)

    def has_stalled(self, now: float) -> bool:
        """Whether its caller has released no window for long."""
        return bool(self._lent) and now - self._heard_at > STALLED_AFTER_S

    def failed(self, entry: Entry, error: GridgradError) -> None:  # noqa: ARG002 - a Sink takes it
        self.set_exception(error)

    def done(self) -> bool:
        return self.is_answered

    def set_result(self, response: bytes) -> None:
        self._session.answer(self, _response_field(response))

    def set_exception(self, error: GridgradError) -> None:
        self._session.refuse(self, error)


class Session:
    """Serves one caller.

    Args:
        link: to the caller.
        memory: of the session, which the caller has mapped.
        intake: makes entries of requests.
        caller: whose turns its calls take in the queue.
        on_end: called once when it has ended.
    """

    def __init__(
        self, link: Link, memory: Memory, intake: Intake, caller: str, on_end: Callable[[Session], None]
    ) -> None:
        self._caller = caller
        self._link = link
        self._memory = memory
        self._intake = intake
        self._on_end = on_end
        self._calls: dict[int, _Call] = {}
        self._leases: dict[int, Callable[[], None]] = {}  # and what to do when they are released
        self._last_lease = 0
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
        for call in list(self._calls.values()):
            self._give_up(call)
            self._forget(call)
            self._count(CANCELLED)
            self._unsent.append(call.permit)
        self._settle()
        self._memory.close()
        self._on_end(self)

    def check(self, now: float) -> None:
        """Ends it if its caller takes nothing; gives memory back that it seems to need no more."""
        reads_nothing = self._stalled_since is not None and now - self._stalled_since > STALLED_AFTER_S
        if reads_nothing or any(call.has_stalled(now) for call in self._calls.values()):
            self.end()
        elif self._is_quiet and not self._calls:
            self._memory.trim()
        self._is_quiet = True

    def _received(self, frame: bytes) -> None:
        self._is_quiet = False
        try:
            message = decode(pb.SessionRequest, frame)
        except RequestError:
            self.end()
            return
        for number in message.released:
            release = self._leases.pop(number, None)
            if release is None:
                self.end()
                return
            release()
        if message.cancel in self._calls:
            call = self._calls[message.cancel]
            self._give_up(call)
            self.refuse(call, CallCancelledError("", "the caller gave the call up", ""))
        if message.request or message.id:
            self._begin(message, len(frame))

    def _begin(self, message: pb.SessionRequest, size: int) -> None:
        if not message.id or message.id in self._calls:
            self.end()  # its answers could not be told apart
            return
        try:
            self._intake.check_open()
            permit = self._intake.admission.take(size)
        except GridgradError as error:
            self._send(message.id, pb.SessionResponse(status=to_status(error)).SerializeToString(), None)
            self._count(code_of(error))
            return
        call = self._calls[message.id] = _Call(self, message.id, permit)
        self._held_bytes += size
        deadline_at = time.monotonic() + message.timeout_s if message.timeout_s > 0 else None
        try:
            entry = self._intake.known_entry_of(message.request, call, self._caller, deadline_at)
            if entry is None:
                work = self._accept_later(call, message.request, deadline_at)
                call.task = asyncio.get_running_loop().create_task(work)
            else:
                self._accept(call, entry)
        except GridgradError as error:
            self.refuse(call, error)
        self._steer()

    async def _accept_later(self, call: _Call, request: bytes, deadline_at: float | None) -> None:
        try:
            self._accept(call, await self._intake.entry_of(request, call, self._caller, deadline_at))
        except GridgradError as error:
            self.refuse(call, error)

    def _accept(self, call: _Call, entry: Entry) -> None:
        size = self._intake.result_bytes(entry)
        entry.places = self._places(entry, size)
        if entry.places is None:
            self._intake.check_unary(entry)
            call.permit.grow(size)
            self._held_bytes += size
        call.entry = entry
        self._intake.submit(entry)

    def _places(self, entry: Entry, size: int) -> Places | None:
        """Where in the memory a result goes; None where it goes over the socket, or finds no room."""
        if size <= INLINE_BYTES or len(self._leases) >= _MOST_LEASES:
            return None
        block = self._memory.take(size)
        if block:
            self._intake.cut_by_pace(entry, self._memory.size)
            return Whole(block, entry.form)
        if self._intake.is_unary(entry):
            return None
        self._intake.cut_by_pace(entry, self._memory.size // _LEAST_GRIDS // self._intake.window)
        blocks = self._memory.take_several(self._intake.window, self._intake.piece_bytes(entry))
        return Windows(blocks, entry.plan.itemsize) if blocks else None

    def answer_leased(self, call: _Call, entry: Entry) -> None:
        """Sends a result that lies in the memory as a whole."""
        whole, entry.places = entry.places, None  # the caller's now
        assert isinstance(whole, Whole), "it lies there as a whole"  # noqa: S101 - narrows the type
        lease = self.lease(whole.block, self._intake.result_bytes(entry), whole.release)
        self.answer(call, pb.SessionResponse(lease=lease).SerializeToString() + _response_field(unary_header(entry)))

    def send_window(self, call: _Call, fields: bytes, last: bool) -> None:
        """Sends a part of a result; the last one answers the call."""
        if last:
            self.answer(call, fields)
        else:
            self._send(call.number, fields, None)

    def go_on(self, entry: Entry) -> None:
        """Has more pieces of an entry computed: there is room for them."""
        self._intake.submit(entry)

    def lease(self, block: Block, size: int, release: Callable[[], None]) -> pb.Lease:
        """Makes so many bytes of a block the caller's, until he releases them."""
        self._last_lease += 1
        self._leases[self._last_lease] = release
        return pb.Lease(number=self._last_lease, offset=block.offset, size=size)

    def refuse(self, call: _Call, error: GridgradError) -> None:
        """Sends how a call failed."""
        self.answer(call, pb.SessionResponse(status=to_status(error)).SerializeToString(), code_of(error))

    def answer(self, call: _Call, fields: bytes, code: int = OK) -> None:
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
        self._count(code)

    def _count(self, code: int) -> None:
        if self._intake.observers:
            self._intake.observers.answered("session", code)

    def _give_up(self, call: _Call) -> None:
        """Has no more computed for a call."""
        if call.task:
            call.task.cancel()
        if call.entry:
            self._intake.cancel(call.entry)

    def _forget(self, call: _Call) -> None:
        call.is_answered = True
        del self._calls[call.number]
        if call.entry and call.entry.places:
            call.entry.places.release()
            call.entry.places = None

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


def _response_field(response: bytes) -> bytes:
    return field_head(_RESPONSE_FIELD, len(response)) + response
