"""The sessions: how callers on this machine come to them, and what bounds them all.

A caller asks for a session by gRPC and gets a token, which serves once and not for long. With it, it comes to
a unix socket in the abstract namespace, which leaves no file behind however the server ends. Since anyone on the
machine may knock there, nobody of another user gets a byte, and who comes without a token is let go.
"""

from __future__ import annotations

import asyncio
import logging
import mmap
import os
import secrets
import socket
import time
from collections import OrderedDict
from typing import NamedTuple

from gridgrad_core.errors import BusyError, RequestError, UnavailableError
from gridgrad_core.system.logging import fields
from gridgrad_core.system.peer import peer_uid
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.config.settings import Settings
from gridgrad_server.local_sessions.session import Session
from gridgrad_server.memory.arena import Budget, Memory
from gridgrad_server.memory.slots import Slots
from gridgrad_server.memory.socket import Link
from gridgrad_server.requests.decode import decode
from gridgrad_server.rpc.intake import Intake

__all__ = ["GREETING_WITHIN_S", "TOKEN_FOR_S", "Sessions"]

log = logging.getLogger("gridgrad.server")

TOKEN_FOR_S = 10.0
GREETING_WITHIN_S = 5.0

_TOKEN_BYTES = 32
_MOST_GREETING_BYTES = 256
_MOST_GUESTS = 64
_MOST_TOKENS = 1024
_CHECK_EVERY_S = 5.0
_PAUSE_S = 1.0


class _Offer(NamedTuple):
    """What a token stands for: until when it serves, by time.monotonic, and whose session it opens."""

    serves_until: float
    caller: str


class Sessions:
    """Opens sessions, and keeps those that are open.

    Args:
        settings: of the server.
        intake: makes entries of requests.
        slots: numbers the memories, and tells workers of those that are no more.
    """

    def __init__(self, settings: Settings, intake: Intake, slots: Slots) -> None:
        self._most = settings.sessions
        self._message_bytes = settings.message_bytes
        self._intake = intake
        self._slots = slots
        self._listener: socket.socket | None = None
        self._tokens: OrderedDict[bytes, _Offer] = OrderedDict()  # oldest first
        self._guests: dict[Link, asyncio.TimerHandle] = {}
        self._open: set[Session] = set()
        self._checking: asyncio.TimerHandle | None = None
        self.budget = Budget(settings.session_bytes)

    def __len__(self) -> int:
        return len(self._open)

    def listen(self) -> None:
        """Begins to take callers in, unless the settings allow no session."""
        if not self._most:
            return
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._listener.bind(f"\0gridgrad-{secrets.token_hex(16)}")
        self._listener.listen(_MOST_GUESTS)
        self._take_in()
        self._checking = asyncio.get_running_loop().call_later(_CHECK_EVERY_S, self._check)

    def open(self, caller: str) -> pb.OpenSessionResponse:
        """Makes a token.

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
        if len(self._tokens) >= _MOST_TOKENS:  # who asks and does not come must not keep others out
            self._tokens.popitem(last=False)
        token = secrets.token_bytes(_TOKEN_BYTES)
        self._tokens[token] = _Offer(time.monotonic() + TOKEN_FOR_S, caller)
        return pb.OpenSessionResponse(socket=self._listener.getsockname()[1:].decode(), token=token)

    def close(self) -> None:
        """Ends them all."""
        if self._listener is None:
            return
        asyncio.get_running_loop().remove_reader(self._listener)
        self._listener.close()
        self._listener = None
        if self._checking:
            self._checking.cancel()
        for guest in list(self._guests):
            self._dismiss(guest)
        for session in list(self._open):
            session.end()

    def _take_in(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().add_reader(self._listener, self._knocked, self._listener)

    def _knocked(self, listener: socket.socket) -> None:
        try:
            self._let_in(listener.accept()[0])
        except (BlockingIOError, ConnectionError):
            pass
        except OSError as error:  # no descriptors are left: to look again at once would be in vain
            log.warning("can't open a session", extra=fields(why=error))
            loop = asyncio.get_running_loop()
            loop.remove_reader(listener)
            loop.call_later(_PAUSE_S, self._take_in)

    def _let_in(self, connection: socket.socket) -> None:
        if peer_uid(connection) != os.geteuid() or len(self._guests) >= _MOST_GUESTS:
            log.warning("refused a caller at the socket of sessions", extra=fields(uid=peer_uid(connection)))
            connection.close()
            return
        guest = Link(connection, lambda frame: self._greeted(guest, frame), lambda: self._dismiss(guest))
        guest.allow(_MOST_GREETING_BYTES)
        loop = asyncio.get_running_loop()
        self._guests[guest] = loop.call_later(GREETING_WITHIN_S, self._dismiss, guest)

    def _greeted(self, guest: Link, frame: bytes) -> None:
        try:
            token = decode(pb.SessionRequest, frame).token
        except RequestError:
            token = b""
        offer = self._tokens.pop(token, None)
        if offer is None or time.monotonic() > offer.serves_until or len(self._open) >= self._most:
            self._dismiss(guest)
            return
        size = self.budget.most_bytes // mmap.PAGESIZE * mmap.PAGESIZE
        try:
            memory = Memory(self._slots.new_number(), size, self.budget, self._slots.dropped)
        except OSError as error:
            log.warning("can't open a session", extra=fields(why=error))
            self._dismiss(guest)
            return
        self._guests.pop(guest).cancel()
        guest.allow(self._message_bytes)
        self._open.add(Session(guest, memory, self._intake, offer.caller, self._open.discard))
        guest.send(pb.SessionResponse(memory_bytes=size).SerializeToString(), [memory.descriptor])

    def _dismiss(self, guest: Link) -> None:
        self._guests.pop(guest).cancel()
        guest.close()

    def _check(self) -> None:
        now = time.monotonic()
        for session in list(self._open):
            session.check(now)
        self._checking = asyncio.get_running_loop().call_later(_CHECK_EVERY_S, self._check)
