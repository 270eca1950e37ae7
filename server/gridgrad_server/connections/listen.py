"""Listening: the addresses are looked at before gRPC binds them, so that a taken one is a clear error."""

from __future__ import annotations

import contextlib
import errno
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import grpc

from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.config.tls import ServerCertificates

__all__ = ["ListenError", "bind", "free_path", "parts_of", "server_options"]

_MOST_PENDING = 1 << 16
_MOST_OF_CONNECTION = 1024


class ListenError(ValueError):
    """An address can't be listened on. The operator's fault; the message says what to do."""


def bind(
    server: grpc.aio.Server, settings: ServerSettings, certificates: ServerCertificates | None = None
) -> list[str]:
    """Binds all addresses.

    Args:
        server: listens there.
        settings: say where.
        certificates: of TCP ports; none for ports in the clear.

    Returns:
        The bound addresses as gRPC targets, port 0 replaced by the port that was found.

    Raises:
        ListenError: one of them is taken, or is not of this machine.
    """
    return [_bind(server, address, certificates.credentials() if certificates else None) for address in settings.listen]


def parts_of(address: str) -> tuple[str, int]:
    """The host of an address, an IPv6 one in brackets, and its port."""
    host, _, port = address.rpartition(":")
    return host, int(port)


def _bind(server: grpc.aio.Server, address: str, certificate: grpc.ServerCredentials | None) -> str:
    path = address.removeprefix("unix:")
    is_unix = path != address
    if is_unix:
        free_path(Path(path))
    else:
        _check_free(address)
    try:
        if certificate and not is_unix:
            port = server.add_secure_port(address, certificate)
        else:
            port = server.add_insecure_port(address)
    except RuntimeError as error:
        raise ListenError(f"can't listen on {address}: {error}") from None
    return address if is_unix else f"{address.rpartition(':')[0]}:{port}"


def free_path(path: Path) -> None:
    """Removes the socket file of a server that is gone.

    Raises:
        ListenError: something else is there, or a server that listens.
    """
    try:
        kind = path.stat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(kind):
        raise ListenError(f"can't listen on unix:{path}: a file is there; remove it or give another path")
    with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(ConnectionRefusedError):
        probe.connect(str(path))
        raise ListenError(f"can't listen on unix:{path}: another server listens there; stop it or give another path")
    path.unlink()


def _check_free(address: str) -> None:
    host, port = parts_of(address)
    for family, target in _resolve(address, host.strip("[]"), port):
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                probe.bind(target)
                probe.listen(1)
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    raise ListenError(
                        f"can't listen on {address}: the port is taken; stop who has it, or give --listen another "
                        "port (0 takes a free one)"
                    ) from None
                if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    raise ListenError(f"can't listen on {address}: {error.strerror}") from None


def _resolve(address: str, host: str, port: int) -> Iterator[tuple[socket.AddressFamily, tuple[object, ...]]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ListenError(f"can't listen on {address}: {host} is unknown ({error.strerror})") from None
    for family, _, _, _, target in found:
        yield family, target


def server_options(settings: ServerSettings) -> list[tuple[str, int]]:
    """The options of the gRPC server: sizes of messages, bounds, and pings on quiet connections."""
    keepalive_ms, stall_ms = int(1000 * settings.keepalive), int(1000 * settings.stall_timeout)
    return [
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", min(settings.message_bytes, (1 << 31) - 1)),
        ("grpc.max_send_message_length", -1),
        ("grpc.keepalive_time_ms", keepalive_ms),
        ("grpc.keepalive_timeout_ms", 20_000),
        # Clients ping about every 30 s; one that pings much more often is told to stop by GOAWAY
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", min(keepalive_ms, 10_000)),
        # Calls that wait to be accepted: beyond, gRPC cancels some at random, whoever sent most. A connection has its
        # own bound, at which clients keep calls back by themselves
        ("grpc.server.max_pending_requests", _MOST_PENDING),
        ("grpc.server.max_pending_requests_hard_limit", _MOST_PENDING),
        ("grpc.max_concurrent_streams", _MOST_OF_CONNECTION),
        ("grpc.max_connection_idle_ms", stall_ms),
        ("grpc.server_handshake_timeout_ms", stall_ms),
    ]
