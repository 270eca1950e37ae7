"""The sessions: how callers on this machine come to them, and what bounds them all.

A caller asks for a session by gRPC and gets a token, which serves once and not for long. With it, it connects to
a unix socket in the abstract namespace, which leaves no file behind however the server ends. Since anyone on the
machine may connect there, connections of other users are closed unread, and one that does not authenticate itself by
a token within AUTHENTICATE_WITHIN_S is rejected.
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
from typing import NamedTuple

from cachetools import TTLCache

from gridgrad_core.errors import BusyError, RequestError, UnavailableError
from gridgrad_core.system.logging import fields
from gridgrad_core.system.peer import peer_uid
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.access.grants import GRANT, Grant
from gridgrad_server.access.quotas import Quotas, owner_of
from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.local_sessions.session import LocalSession
from gridgrad_server.memory.arena import Arena, ArenaBudget
from gridgrad_server.memory.slots import SlotPool
from gridgrad_server.memory.socket import FrameSocket
from gridgrad_server.requests.decode import decode
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
_PAUSE_S = 1.0


class _Offer(NamedTuple):
    """A session that was offered: whose it is, and by what grant."""

    caller: str
    grant: Grant | None

    def has_ended(self, now: float) -> bool:
        return self.grant is not None and not self.grant.is_valid(now)


class SessionManager:
    """Opens sessions, and keeps those that are open.

    Args:
        settings: of the server.
        intake: makes requests of calls.
        limits: of a request.
        observers: are told of answers.
        slots: numbers the arenas, and tells workers of those that are no more.
        budget: bounds what the arenas take.
        quotas: say how many one caller may have; None where that is not bounded.
    """

    def __init__(
        self,
        settings: ServerSettings,
        intake: Intake,
        limits: RequestLimits,
        observers: Observers,
        slots: SlotPool,
        budget: ArenaBudget,
        quotas: Quotas | None = None,
    ) -> None:
        self._most = settings.sessions
        self._message_bytes = settings.message_bytes
        self._stall_timeout = settings.stall_timeout
        self._intake = intake
        self._limits = limits
        self._observers = observers
        self._slots = slots
        self._budget = budget
        self._quotas = quotas or None
        self._listener: socket.socket | None = None
        self._offered: TTLCache[bytes, _Offer] = TTLCache(_MOST_TOKENS, TOKEN_FOR_S, time.monotonic)  # by token
        self._unauthenticated: dict[FrameSocket, asyncio.TimerHandle] = {}
        self._open: dict[LocalSession, _Offer] = {}
        self._checking: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._open)

    def listen(self) -> None:
        """Begins to accept connections, unless the settings allow no session."""
        if not self._most:
            return
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._listener.bind(f"\0gridgrad-{secrets.token_hex(16)}")
        self._listener.listen(_MOST_UNAUTHENTICATED)
        self._listen_on()
        self._checking = asyncio.get_running_loop().call_later(_CHECK_EVERY_S, self._check)

    def open(self, caller: str) -> pb.OpenSessionResponse:
        """Makes a token. The session is open for as long as the grant of the call holds that asks for it.

        Args:
            caller: whose turns the session's calls take in the queue.

        Raises:
            UnavailableError: there are no sessions here, or nothing new is accepted.
            BusyError: too many are open.
        """
        self._intake.check_open()
        if self._listener is None:
            raise UnavailableError("", "this server opens no sessions", "call it by gRPC, or give it --sessions")
        if len(self._open) >= self._most:
            raise BusyError("", f"{len(self._open)} sessions are open, the limit", "call by gRPC, or raise --sessions")
        if self._quotas:
            self._quotas.account(caller).check_sessions(self.by_owner()[owner_of(caller)])
        token = secrets.token_bytes(_TOKEN_BYTES)
        # Beyond the limit the oldest goes: callers that never connect keep nobody out
        self._offered[token] = _Offer(caller, GRANT.get())
        return pb.OpenSessionResponse(socket=self._listener.getsockname()[1:].decode(), token=token)

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
        if self._listener is None:
            return
        asyncio.get_running_loop().remove_reader(self._listener)
        self._listener.close()
        self._listener = None
        if self._checking:
            self._checking.cancel()
        for link in list(self._unauthenticated):
            self._reject(link)
        for session in list(self._open):
            session.end()

    def _listen_on(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().add_reader(self._listener, self._connected, self._listener)

    def _connected(self, listener: socket.socket) -> None:
        try:
            self._accept(listener.accept()[0])
        except (BlockingIOError, ConnectionError):
            pass
        except OSError as error:  # no descriptors are left: accepting again at once would fail again
            log.warning("can't open a session", extra=fields(why=error))
            loop = asyncio.get_running_loop()
            loop.remove_reader(listener)
            loop.call_later(_PAUSE_S, self._listen_on)

    def _accept(self, connection: socket.socket) -> None:
        if peer_uid(connection) != os.geteuid() or len(self._unauthenticated) >= _MOST_UNAUTHENTICATED:
            log.warning("refused a caller at the socket of sessions", extra=fields(uid=peer_uid(connection)))
            connection.close()
            return
        link = FrameSocket(connection, lambda frame: self._authenticate(link, frame), lambda: self._reject(link))
        link.allow(_MOST_TOKEN_MESSAGE_BYTES)
        loop = asyncio.get_running_loop()
        self._unauthenticated[link] = loop.call_later(AUTHENTICATE_WITHIN_S, self._reject, link)

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

    def _begin(self, link: FrameSocket, offer: _Offer) -> None:
        size = self._budget.most_bytes // mmap.PAGESIZE * mmap.PAGESIZE
        try:
            arena = Arena(self._slots.new_number(), size, self._budget, self._slots.dropped)
        except OSError as error:
            log.warning("can't open a session", extra=fields(why=error))
            link.close()
            return
        link.allow(self._message_bytes)
        session = LocalSession(link, arena, self._intake, self._limits, self._observers, offer.caller, self._ended)
        self._open[session] = offer
        link.send(pb.SessionResponse(memory_bytes=size).SerializeToString(), [arena.descriptor])

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
