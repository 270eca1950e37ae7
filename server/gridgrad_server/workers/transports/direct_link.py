"""The way from the server to a worker that a cluster has placed: over the network, or by memory of one machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable

from gridgrad_core.system.peer import peer_pid
from gridgrad_server.memory.socket import FrameSocket
from gridgrad_server.workers.transports.exchange_socket import ExchangeSocket

__all__ = ["DirectLink"]

_END_WITHIN_S = 5.0


class DirectLink:
    """A socket to the worker itself.

    Args:
        connection: the server's end; it is closed here.
        on_message: called with each message.
        on_left: called once when the worker has closed its end; where it shares memory, then it writes no more.
        shares_memory: whether the worker runs on this machine, and maps what it is sent descriptors of.
    """

    def __init__(
        self,
        connection: socket.socket,
        on_message: Callable[[bytes], None],
        on_left: Callable[[], None],
        *,
        shares_memory: bool,
    ) -> None:
        self.shares_memory = shares_memory
        self._on_left = on_left
        self._is_open = True
        self._socket = connection
        kind = FrameSocket if shares_memory else ExchangeSocket
        self._link: FrameSocket = kind(connection, on_message, self._closed)
        self.send = self._link.send
        self._worker: int | None = None
        if shares_memory:
            self._watch()

    def _watch(self) -> None:
        """Sees the end of its process too: of a socket that is reset, frames that are left may hide it."""
        with contextlib.suppress(OSError):  # it is gone already, and so is its end of the socket
            self._worker = os.pidfd_open(peer_pid(self._socket))
            asyncio.get_running_loop().add_reader(self._worker, self._link.drain)

    def close(self) -> None:
        """Says no more, and hears no more."""
        self._link.on_frame = lambda _: None
        if not self._is_open:
            return
        if self.shares_memory:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)
        else:
            self._is_open = False
            self._link.close()

    def end(self) -> bool:
        """Sees to the worker's end; whether it has come, else `on_left` is called when it has."""
        self.close()
        if self._is_open:
            asyncio.get_running_loop().call_later(_END_WITHIN_S, self._kill)
        return not self._is_open

    def _kill(self) -> None:
        if self._is_open and self._worker is not None:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(self._worker, signal.SIGKILL)

    def _closed(self) -> None:
        self._is_open = False
        if self._worker is not None:
            asyncio.get_running_loop().remove_reader(self._worker)
            os.close(self._worker)
            self._worker = None
        self._on_left()
