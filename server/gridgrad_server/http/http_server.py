"""The HTTP server: where it listens, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from gridgrad_server.connections.listen import ListenError, parts_of
from gridgrad_server.http.bounded_connection import BoundedConnection

__all__ = ["HttpServer"]

_CLOSED_WITHIN_S = 0.5
_BACKLOG = 512


class HttpServer:
    """Serves an application of ASGI by uvicorn's protocol in the loop at hand.

    Uvicorn's own server would take the signals of the process and wake it ten times a second.

    Args:
        app: the application.
        address: HOST:PORT to listen on; port 0 takes a free one.
        stall_timeout: seconds that a caller may take nothing of an answer, or have nothing to say.
        tls: for HTTPS; None for HTTP.

    Attributes:
        address: where it listens, once it does.
    """

    def __init__(self, app: Any, address: str, stall_timeout: float, tls: ssl.SSLContext | None) -> None:
        self.address = address
        self._tls = tls
        self._config = Config(
            app,
            http=type("Connection", (BoundedConnection,), {"stall_timeout": stall_timeout}),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,  # uvicorn would believe any caller of this machine who he is
            server_header=False,
            reset_contextvars=True,
            timeout_keep_alive=max(1, int(stall_timeout)),
        )
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # of what callers do wrong
        self._config.load()
        self._state = ServerState()
        self._servers: list[asyncio.Server] = []

    async def start(self) -> None:
        """Listens.

        Raises:
            ListenError: the address can't be listened on.
        """
        sockets = _bound(self.address)
        self.address = f"{parts_of(self.address)[0]}:{sockets[0].getsockname()[1]}"
        for each in sockets:
            options: Any = {"sock": each, "ssl": self._tls, "backlog": _BACKLOG}
            self._servers.append(await asyncio.get_running_loop().create_server(self._connection, **options))

    def _connection(self) -> asyncio.Protocol:
        protocol: Any = self._config.http_protocol_class
        made: asyncio.Protocol = protocol(config=self._config, server_state=self._state, app_state={})
        return made

    async def close(self) -> None:
        """Stops listening, and ends connections once their answers are sent, or soon."""
        for server in self._servers:
            server.close()
        for connection in list(self._state.connections):
            connection.shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSED_WITHIN_S):
                while self._state.connections:
                    await asyncio.sleep(0.01)
        for connection in list(self._state.connections):
            connection.transport.abort()


def _bound(address: str) -> list[socket.socket]:
    """A socket for each address of a host, all of one port."""
    host, port = parts_of(address)
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ListenError(f"can't listen on {address} for --http: {host} is unknown ({error.strerror})") from None
    sockets: list[socket.socket] = []
    for family, _, _, _, target in found:
        made = socket.socket(family)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.bind((target[0], port, *target[2:]))
        except OSError as error:
            made.close()
            if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT) and len(found) > 1:
                continue
            for each in sockets:
                each.close()
            raise ListenError(f"can't listen on {address} for --http: {error.strerror}; give another port") from None
        sockets.append(made)
        port = made.getsockname()[1]
    if not sockets:
        raise ListenError(f"can't listen on {address} for --http: no address of it is of this machine")
    return sockets
