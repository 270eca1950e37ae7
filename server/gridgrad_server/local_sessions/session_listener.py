"""Accepts callers at one socket, and pauses where there are no descriptors left for them."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

from gridgrad_core.system.logging import fields

__all__ = ["SessionListener"]

log = logging.getLogger("gridgrad.server")

_PAUSE_S = 1.0


class SessionListener:
    """Accepts on the event loop that runs.

    Args:
        listener: listens; closed with this.
        accept: takes what has connected.
    """

    def __init__(self, listener: socket.socket, accept: Callable[[socket.socket], None]) -> None:
        self._listener = listener
        self._accept = accept
        self._loop = asyncio.get_running_loop()
        self._is_open = True
        self._listen_on()

    @property
    def name(self) -> str:
        """That of a socket in the abstract namespace, without the zero byte before it."""
        name: bytes = self._listener.getsockname()
        return name[1:].decode()

    def close(self) -> None:
        """Accepts no more."""
        self._is_open = False
        self._loop.remove_reader(self._listener)
        self._listener.close()

    def _listen_on(self) -> None:
        if self._is_open:
            self._loop.add_reader(self._listener, self._connected)

    def _connected(self) -> None:
        try:
            self._accept(self._listener.accept()[0])
        except (BlockingIOError, ConnectionError):
            pass
        except OSError as error:  # no descriptors are left: accepting again at once would fail again
            log.warning("can't open a session", extra=fields(why=error))
            self._loop.remove_reader(self._listener)
            self._loop.call_later(_PAUSE_S, self._listen_on)
