# Written by `make sync` from gridgrad/aio/session.py; change that one.
"""One session with a server on this machine: a call is one message out and one in, and its result lies in memory."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Sequence
from typing import NamedTuple

from gridgrad.lanes.caller_lane import CallerLane
from gridgrad.progress import Progress
from gridgrad.protocol.error_mapping import EntryFailed
from gridgrad.protocol.leased_memory import LeasedMemory, without_keeping
from gridgrad.protocol.session_messages import PendingCall, PendingPack, SessionCalls, SessionLost, token_message
from gridgrad.requests.prepare import PreparedCall
from gridgrad.results.result import Result
from gridgrad.sync.primitives import CANCELLED
from gridgrad.sync.session_socket import LANE_SLOTS, LaneBell, SessionSocket
from gridgrad_core.errors import GridgradError
from gridgrad_core.system.framing import ANCILLARY_BYTES, FrameReader, descriptors_in
from gridgrad_core.system.lane_layout import keeps_order
from gridgrad_core.system.peer import peer_uid
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.parse import parse

__all__ = ["ClientSession", "SessionEnd", "connect"]

CONNECT_S = 2.0

_MOST_ASKED = 1024
_FIRST_PAUSE, _LONGEST_PAUSE = 16, 1 << 12
"""Calls after which the lane is asked for again, if it was refused."""

_NOT_HAD = (OSError, ValueError, TypeError, AttributeError)
"""How connecting and mapping fail; the last two where a system lacks unix sockets or what names the peer's user."""

_GIVEN_UP: tuple[type[BaseException], ...] = (EntryFailed, *CANCELLED)
"""What a wait ends with when the caller waits no longer."""


class ClientLane:
    """The lane of a session, if there is one: what goes by it, and what it is asked for.

    Args:
        socket: of the session, over which it comes.
    """

    def __init__(self, socket: SessionSocket) -> None:
        self._socket = socket
        self._lane: CallerLane | None = None
        self._bell: LaneBell | None = None
        self._waits: dict[int, int] = {}
        self._pauses: dict[int, int] = {}
        self._unheard = 0

    def call(self, call: PreparedCall, timeout_s: float | None) -> Result | None:
        """Makes a call by the lane; None when it has to go by the session.

        Raises:
            EntryFailed: it was not answered in time.
        """
        lane, bell = self._lane, self._bell
        if lane is None or bell is None:
            return None
        slot = lane.begin(call)
        if slot is None:
            return None
        try:
            return lane.result(slot, call) if bell.complete(slot, timeout_s) else None
        except SessionLost:
            self.close()
            return None
        finally:
            lane.leave(slot)

    def wanted(self, call: PreparedCall) -> int:
        """For how many calls of its number the session is to be asked for room in the lane, with this one."""
        bound = call.number.bound if call.number is not None else 0
        if not bound or not call.template.response:
            return 0
        waits = self._waits.get(bound, 0)
        if waits:
            self._waits[bound] = waits - 1
            return 0
        if len(self._waits) >= _MOST_ASKED:
            self._waits.clear()
        self._waits[bound] = self._pauses[bound] = min(2 * self._pauses.get(bound, _FIRST_PAUSE), _LONGEST_PAUSE)
        self._unheard += 1
        self._socket.brings_descriptors = True
        return LANE_SLOTS

    def granted(self, grant: pb.LaneGrant) -> None:
        """Takes in where calls of a number go from now on, if they go by the lane."""
        descriptors, self._socket.descriptors = self._socket.descriptors, []
        self._unheard -= 1
        self._socket.brings_descriptors = self._unheard > 0
        try:
            if grant.slots and grant.memory_bytes:
                self.close()  # one before, whose worker is no more
                memory, bell = descriptors
                self._lane = CallerLane(memory, grant.memory_bytes, bell)
                self._bell = LaneBell(self._lane)
            if grant.slots and self._lane is not None:
                self._lane.add(grant)
        except (OSError, ValueError, GridgradError):
            self.close()
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def forget(self) -> None:
        """Closes what was inherited by a fork."""
        if self._bell is not None:
            self._bell.forget()
        self._lane = self._bell = None

    def close(self) -> None:
        """Leaves it."""
        self._lane = None
        if self._bell is not None:
            self._bell.close()
            self._bell = None


class SessionEnd(NamedTuple):
    """The client's end of a session that was opened.

    Args:
        connection: to the server, in the session.
        memory: of the session.
        has_lanes: whether a lane may be asked for in it.
        has_packs: whether calls may be made together.
    """

    connection: socket.socket
    memory: LeasedMemory
    has_lanes: bool = False
    has_packs: bool = False

    def close(self) -> None:
        """Ends the session."""
        self.connection.close()


class ClientSession:
    """One session.

    Args:
        end: of the session, which this one closes.

    Attributes:
        memory: of the session.
        has_packs: whether calls may be made together.
        calls: how many are under way; `SessionPool` counts them.
    """

    def __init__(self, end: SessionEnd) -> None:
        self.memory = end.memory
        self.has_packs = end.has_packs
        self.calls = 0
        self._calls = SessionCalls(end.memory)
        self._socket = SessionSocket(end.connection, self._calls)
        self._lane = ClientLane(self._socket) if end.has_lanes else None
        if self._lane is not None:
            self._calls.on_lane = without_keeping(self._lane.granted)
        self.memory.on_release = without_keeping(self._socket.tell_released)

    @property
    def is_well(self) -> bool:
        """Whether calls can be made in it."""
        return self._socket.is_open and not self.memory.is_left

    def call(self, call: PreparedCall, timeout_s: float | None, progress: Progress | None = None) -> Result:
        """Makes a call and waits for its result.

        Args:
            call: the call.
            timeout_s: seconds until it is given up; None for never.
            progress: called with the points that have come so far and the points of the grid.

        Raises:
            SessionLost: the session has ended. Whether the call was computed is not known.
            EntryFailed: the call failed.
            GridgradError: its answer can't be used.
        """
        deadline_at = None if timeout_s is None else time.monotonic() + timeout_s
        slots = 0
        if self._lane is not None and progress is None:
            result = self._lane.call(call, timeout_s)
            if result is not None:
                return result
            slots = self._lane.wanted(call)
        pending, message = self._calls.begin(call, timeout_s, progress, slots)
        self._socket.send(message, deadline_at)
        try:
            self._socket.complete(pending, deadline_at)
        except _GIVEN_UP:
            self.give_up(pending)
            raise
        return pending.result()

    def begin_pack(self, calls: Sequence[PreparedCall], timeout_s: float | None) -> PendingPack:
        """Makes calls that share a template together.

        Args:
            calls: the calls.
            timeout_s: seconds after which the server gives them up; None for never.

        Raises:
            SessionLost: the session has ended.
        """
        pending, message = self._calls.begin_pack(calls, timeout_s)
        self._socket.send(message, None if timeout_s is None else time.monotonic() + timeout_s)
        return pending

    def attend(self, wait_s: float | None) -> float | None:
        """Reads what comes for calls that were made together, where nobody else does.

        Args:
            wait_s: seconds that the caller has for it; None for no limit.

        Returns:
            How many are left to him.
        """
        return self._socket.attend(wait_s)

    def close(self) -> None:
        """Ends it. What arrays view stays as it is."""
        if self._lane is not None:
            self._lane.close()
        self.memory.leave()
        self._socket.close()

    def interrupt(self) -> None:
        """Has the calls under way fail."""
        self._socket.interrupt()

    def forget(self) -> None:
        """Closes what was inherited by a fork, without a word to the server."""
        if self._lane is not None:
            self._lane.forget()
        self.memory.leave()
        self._socket.forget()

    def give_up(self, pending: PendingCall | PendingPack) -> None:
        """Waits no longer for a call, or for several that were made together."""
        with contextlib.suppress(SessionLost):
            self._socket.send(self._calls.give_up(pending), None)


def connect(opened: bytes) -> SessionEnd:
    """Comes to the session that the server has offered; waits for it.

    Args:
        opened: the serialized OpenSessionResponse.

    Raises:
        SessionLost: nobody is there, or somebody else; or the session can't be had.
    """
    connection = socket.socket(getattr(socket, "AF_UNIX", socket.AF_INET), socket.SOCK_STREAM)
    try:
        reply = parse(pb.OpenSessionResponse(), opened)
        connection.settimeout(CONNECT_S)
        connection.connect(f"\0{reply.socket}")
        _check_user(connection)
        connection.sendall(token_message(reply.token))
        return SessionEnd(connection, _memory(connection), reply.lanes and keeps_order(), reply.packs)
    except (*_NOT_HAD, GridgradError, SessionLost) as error:
        connection.close()
        raise SessionLost(str(error)) from error


def _check_user(connection: socket.socket) -> None:
    uid = peer_uid(connection)
    if uid != os.geteuid():
        raise SessionLost(f"the socket belongs to user {uid}")


def _memory(connection: socket.socket) -> LeasedMemory:
    """The memory that the first message brings."""
    frames, message = FrameReader(), None
    descriptors: list[int] = []
    try:
        while message is None:
            part, ancillary, _, _ = connection.recvmsg(frames.missing, ANCILLARY_BYTES)
            descriptors += descriptors_in(ancillary)
            if not part:
                raise SessionLost("the server hung up")
            frames.feed(part)
            message = frames.take()
        if len(descriptors) != 1:
            raise SessionLost(f"{len(descriptors)} descriptors instead of one; is the limit of open files reached?")
        return LeasedMemory(descriptors[0], parse(pb.SessionResponse(), message).memory_bytes)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
