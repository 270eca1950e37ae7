"""The sessions: how callers on this machine come to them, and what bounds them all.

A caller asks for a session by gRPC and gets a token, which serves once and not for long. With it, it connects to
a unix socket in the abstract namespace, which leaves no file behind however the server ends. Since anyone on the
machine may connect there, connections of other users are closed unread, and one that does not authenticate itself by
a token within AUTHENTICATE_WITHIN_S is rejected. At the socket of --session-socket the kernel's word is enough: there
the first message is empty.
"""

from __future__ import annotations

import asyncio
import logging
import mmap
import os
import secrets
import socket
import time
from collections import Counter
from collections.abc import Callable

from cachetools import TTLCache

from gridgrad_core.errors import BusyError, GridgradError, RequestError, UnavailableError
from gridgrad_core.system.logging import fields
from gridgrad_core.system.peer import peer_uid
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.access.access_control import AccessControl
from gridgrad_server.access.grants import GRANT
from gridgrad_server.access.quotas import owner_of
from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.local_sessions.lane_keeper import LaneKeeper
from gridgrad_server.local_sessions.session import LocalSession
from gridgrad_server.local_sessions.session_listener import SessionListener
from gridgrad_server.local_sessions.session_path import SessionGuest, SessionPath
from gridgrad_server.memory.arena import Arena, ArenaBudget
from gridgrad_server.memory.slots import SlotPool
from gridgrad_server.memory.socket import FrameSocket
from gridgrad_server.requests.decode import decode
from gridgrad_server.rpc.errors import to_status
from gridgrad_server.rpc.intake import Intake
from gridgrad_server.rpc.limits import RequestLimits
from gridgrad_server.scheduling.observer import Observers

__all__ = ["AUTHENTICATE_WITHIN_S", "TOKEN_FOR_S", "SessionManager"]

log = logging.getLogger("gridgrad.server")

TOKEN_FOR_S = 10.0
AUTHENTICATE_WITHIN_S = 5.0

_TOKEN_BYTES = 32
_MOST_TOKEN_MESSAGE_BYTES = 256
_MOST_UNAUTHENTICATED = 64
_MOST_TOKENS = 1024
_CHECK_EVERY_S = 5.0


class SessionManager:
    """Opens sessions, and keeps those that are open.

    Args:
        settings: of the server.
        intake: makes requests of calls.
        limits: of a request.
        observers: are told of answers.
        slots: numbers the arenas, and tells workers of those that are no more.
        budget: bounds what the arenas take.
        lanes: grants them lanes.
        access: knows who may come, and says how many sessions one caller may have.
    """

    def __init__(
        self,
        settings: ServerSettings,
        intake: Intake,
        limits: RequestLimits,
        observers: Observers,
        slots: SlotPool,
        budget: ArenaBudget,
        lanes: LaneKeeper,
        access: AccessControl,
    ) -> None:
        self._settings = settings
        self._most = settings.sessions
        self._message_bytes = settings.message_bytes
        self._stall_timeout = settings.stall_timeout
        self._intake = intake
        self._limits = limits
        self._observers = observers
        self._slots = slots
        self._budget = budget
        self._lanes = lanes
        self._access = access
        self._by_path: SessionPath | None = None
        self._listener: SessionListener | None = None
        self._listeners: list[SessionListener] = []
        self._offered: TTLCache[bytes, SessionGuest] = TTLCache(_MOST_TOKENS, TOKEN_FOR_S, time.monotonic)  # by token
        self._unauthenticated: dict[FrameSocket, asyncio.TimerHandle] = {}
        self._open: dict[LocalSession, SessionGuest] = {}
        self._checking: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._open)

    @property
    def lanes(self) -> int:
        """How many of them have one."""
        return len(self._lanes)

    def bind(self) -> None:
        """Takes the path of --session-socket, if there is to be one.

        Raises:
            ListenError: it is taken, or can't be made.
        """
        if self._settings.session_socket and self._most:
            self._by_path = SessionPath(self._settings.session_socket, self._settings.session_group, self._access)

    def listen(self) -> None:
        """Begins to accept connections, unless the settings allow no session."""
        if not self._most:
            return
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        listener.bind(f"\0gridgrad-{secrets.token_hex(16)}")
        listener.listen(_MOST_UNAUTHENTICATED)
        self._listener = SessionListener(listener, self._accept)
        self._listeners.append(self._listener)
        if self._by_path:
            self._listeners.append(SessionListener(self._by_path.socket, self._accept_by_path))
        self._checking = asyncio.get_running_loop().call_later(_CHECK_EVERY_S, self._check)

    def open(self, caller: str) -> pb.OpenSessionResponse:
        """Makes a token. The session is open for as long as the grant of the call holds that asks for it.

        Args:
            caller: whose turns the session's calls take in the queue.

        Raises:
            UnavailableError: there are no sessions here, or nothing new is accepted.
            BusyError: too many are open.
        """
        if self._listener is None:
            raise UnavailableError("", "this server opens no sessions", "call it by gRPC, or give it --sessions")
        self._check_room(caller)
        token = secrets.token_bytes(_TOKEN_BYTES)
        # Beyond the limit the oldest goes: callers that never connect keep nobody out
        self._offered[token] = SessionGuest(caller, GRANT.get())
        name, lanes = self._listener.name, self._lanes.are_offered
        return pb.OpenSessionResponse(socket=name, token=token, lanes=lanes, packs=True)

    def _check_room(self, caller: str) -> None:
        """Refuses one more session of a caller.

        Raises:
            UnavailableError: nothing new is accepted.
            BusyError: too many are open.
        """
        self._intake.check_open()
        if len(self._open) >= self._most:
            raise BusyError("", f"{len(self._open)} sessions are open, the limit", "call by gRPC, or raise --sessions")
        if self._access.quotas:
            self._access.quotas.account(caller).check_sessions(self.by_owner()[owner_of(caller)])

    def end_refused(self) -> None:
        """Ends those whose grant holds no longer."""
        now = time.time()
        for session, offer in list(self._open.items()):
            if offer.has_ended(now):
                session.end()

    def by_owner(self) -> Counter[str]:
        """How many each principal or host has open."""
        return Counter(owner_of(offer.caller) for offer in self._open.values())

    def close(self) -> None:
        """Ends them all."""
        if self._by_path:
            self._by_path.close()
        for listener in self._listeners:
            listener.close()
        self._listener, self._listeners = None, []
        if self._checking:
            self._checking.cancel()
        for link in list(self._unauthenticated):
            self._reject(link)
        for session in list(self._open):
            session.end()

    def _accept(self, connection: socket.socket) -> None:
        if peer_uid(connection) != os.geteuid() or len(self._unauthenticated) >= _MOST_UNAUTHENTICATED:
            log.warning("refused a caller at the socket of sessions", extra=fields(uid=peer_uid(connection)))
            connection.close()
            return
        self._expect(connection, self._authenticate)

    def _accept_by_path(self, connection: socket.socket) -> None:
        if len(self._unauthenticated) >= _MOST_UNAUTHENTICATED:
            connection.close()
            return
        self._expect(connection, lambda link, frame: self._admit(connection, link, frame))

    def _expect(self, connection: socket.socket, take: Callable[[FrameSocket, bytes], None]) -> None:
        """Waits for the first message of who has connected."""
        link = FrameSocket(connection, lambda frame: take(link, frame), lambda: self._reject(link))
        link.allow(_MOST_TOKEN_MESSAGE_BYTES)
        loop = asyncio.get_running_loop()
        self._unauthenticated[link] = loop.call_later(AUTHENTICATE_WITHIN_S, self._reject, link)

    def _admit(self, connection: socket.socket, link: FrameSocket, frame: bytes) -> None:
        """Begins the session of who has come by the path, or says why not."""
        try:
            if frame:
                raise RequestError("token", "a first message with something in it", "send an empty one here")
            assert self._by_path, "it has accepted the connection"  # noqa: S101 - narrows the type
            guest = self._by_path.guest_of(connection)
            self._check_room(guest.caller)
        except GridgradError as error:
            log.warning("refused a caller at the socket of sessions", extra=fields(why=error))
            link.send(pb.SessionResponse(status=to_status(error)).SerializeToString())
            self._reject(link)
            return
        self._unauthenticated.pop(link).cancel()
        self._begin(link, guest)

    def _authenticate(self, link: FrameSocket, frame: bytes) -> None:
        try:
            token = decode(pb.SessionRequest, frame).token
        except RequestError:
            token = b""
        offer = self._offered.pop(token, None)
        if offer is None or offer.has_ended(time.time()) or len(self._open) >= self._most:
            self._reject(link)
            return
        self._unauthenticated.pop(link).cancel()
        self._begin(link, offer)

    def _begin(self, link: FrameSocket, offer: SessionGuest) -> None:
        size = self._budget.most_bytes // mmap.PAGESIZE * mmap.PAGESIZE
        try:
            arena = Arena(self._slots.new_number(), size, self._budget, self._slots.dropped)
        except OSError as error:
            log.warning("can't open a session", extra=fields(why=error))
            link.close()
            return
        link.allow(self._message_bytes)
        session = LocalSession(
            link, arena, self._intake, self._limits, self._observers, offer.caller, self._lanes, self._ended
        )
        self._open[session] = offer
        first = pb.SessionResponse(memory_bytes=size, lanes=self._lanes.are_offered, packs=True)
        link.send(first.SerializeToString(), [arena.descriptor])

    def _ended(self, session: LocalSession) -> None:
        del self._open[session]

    def _reject(self, link: FrameSocket) -> None:
        self._unauthenticated.pop(link).cancel()
        link.close()

    def _check(self) -> None:
        now = time.monotonic()
        for session in list(self._open):
            session.check(now, self._stall_timeout)
        self._checking = asyncio.get_running_loop().call_later(_CHECK_EVERY_S, self._check)
