"""Bounded connections: uvicorn's protocol, with an end for callers who send or read too slowly.

uvicorn waits for ever for the rest of a header, for a caller who takes nothing of an answer, and for a body that nobody
reads any more.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["CERTIFICATE", "MOST_CONNECTIONS", "BoundedConnection"]

CERTIFICATE = "certificate"
"""The state of a connection that is the certificate of its caller, as PEM."""

MOST_CONNECTIONS = 1024
"""Open at once; what comes beyond is closed."""

_HEADER_S = 10.0
"""How long a header may take from its first byte, and what is left of a body whose answer was sent."""

_LOOKS = 4


class BoundedConnection(H11Protocol):
    """A connection of a caller.

    Attributes:
        stall_timeout: seconds that its caller may take nothing of what is sent; of the class, for all.
    """

    stall_timeout = 30.0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._header: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Takes in a new connection, which has some time to say what it wants."""
        super().connection_made(transport)
        connection = transport.get_extra_info("ssl_object")
        certificate = connection and connection.getpeercert(binary_form=True)
        if certificate:  # TLS has verified it
            self.app_state = {**self.app_state, CERTIFICATE: ssl.DER_cert_to_PEM_cert(certificate).encode()}
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
        self._watch_header()

    def connection_lost(self, exc: Exception | None) -> None:
        """Takes in that it is closed."""
        self._header_came()
        self._is_read_again()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes in bytes."""
        super().data_received(data)
        self._watch_header()

    def _watch_header(self) -> None:
        """Lets the time run while no request is being answered."""
        if self.cycle and not self.cycle.response_complete:
            self._header_came()
        elif self._header is None and not self.transport.is_closing():
            self._header = self.loop.call_later(min(_HEADER_S, self.stall_timeout), self.transport.abort)

    def _header_came(self) -> None:
        if self._header:
            self._header.cancel()
            self._header = None

    def pause_writing(self) -> None:
        """Takes in that more is written than the caller has taken."""
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        """Takes in that he has."""
        super().resume_writing()
        self._is_read_again()

    def timeout_keep_alive_handler(self) -> None:
        """Closes a connection on which nothing more was asked, whether or not its caller takes what is left."""
        super().timeout_keep_alive_handler()
        self._watch_reader()

    def _watch_reader(self, unread: int = 0, looks: int = -1) -> None:
        """Ends the connection when nothing was taken between so many looks.

        Args:
            unread: bytes, at the look before.
            looks: at which it was as many or more, one after another.
        """
        self._is_read_again()
        left = self.transport.get_write_buffer_size()
        looks = looks + 1 if left >= unread else 0
        if looks == _LOOKS:
            self.transport.abort()
        else:
            self._stall = self.loop.call_later(self.stall_timeout / _LOOKS, self._watch_reader, left, looks)

    def _is_read_again(self) -> None:
        if self._stall:
            self._stall.cancel()
            self._stall = None
