"""A socket from the server's machine straight to a worker that a cluster has placed, so that no batch goes through Ray.

The worker listens at the address that its node has in the cluster, and at an abstract unix socket of its machine, until
who has started it has connected. Both prove that they have the secret that went with the start through the cluster:
each signs a random number of the other's.

Invariants:
* One connection is taken, and nothing is listened for afterwards.
* Nothing is sent to or taken from who has not proved that but numbers of fixed size.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import select
import socket
import time

from gridgrad_core.system.peer import peer_pid, peer_uid
from gridgrad_core.worker_v1 import worker_pb2 as pb

__all__ = ["SECRET_BYTES", "Listener", "connect"]

SECRET_BYTES = 32
_NUMBER_BYTES = 32
_ACCEPT_WITHIN_S = 10.0
_CONNECT_WITHIN_S = 5.0
_PROVE_WITHIN_S = 2.0
_WORKER, _SERVER = b"gridgrad worker", b"gridgrad server"


class Listener:
    """Where a worker waits.

    Args:
        host: the address of its node.
    """

    def __init__(self, host: str) -> None:
        name = f"gridgrad-{secrets.token_hex(16)}"
        here = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        here.bind(f"\0{name}")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        there = socket.create_server((host, 0), family=family, backlog=8)
        here.listen(8)
        self._sockets = here, there
        self.listening = pb.Listening(name=name, host=host, port=there.getsockname()[1])

    def accept(self, secret: bytes) -> socket.socket | None:
        """Waits for who has the secret, and then listens no more; None where nobody comes in time."""
        give_up_at = time.monotonic() + _ACCEPT_WITHIN_S
        with self._sockets[0], self._sockets[1]:
            while (left := give_up_at - time.monotonic()) > 0:
                for listening in select.select(self._sockets, [], [], left)[0]:
                    connection = listening.accept()[0]
                    if _is_proven(connection, secret, _WORKER, _SERVER):
                        return _ready(connection)
                    connection.close()
        return None


def connect(listening: pb.Listening, secret: bytes, *, shares_memory: bool, crosses: bool) -> socket.socket | None:
    """Connects to a worker that listens.

    Args:
        listening: where.
        secret: that it was started with.
        shares_memory: whether to look for it on this machine.
        crosses: whether to look for it by its address.

    Returns:
        The connection; None where there is no way.
    """
    if shares_memory and (found := _connect_here(listening, secret)):
        return found
    if not crosses:
        return None
    with contextlib.suppress(OSError):
        connection = socket.create_connection((listening.host, listening.port), _CONNECT_WITHIN_S)
        if _is_proven(connection, secret, _SERVER, _WORKER):
            return _ready(connection)
        connection.close()
    return None


def _connect_here(listening: pb.Listening, secret: bytes) -> socket.socket | None:
    """By the unix socket; None where there is no such on this machine, or the worker is another user's."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with contextlib.suppress(OSError):
        connection.connect(f"\0{listening.name}")
        is_ours = peer_uid(connection) == os.getuid() and peer_pid(connection)  # 0 if its ids are not of our system
        if is_ours and _is_proven(connection, secret, _SERVER, _WORKER):
            return _ready(connection)
    connection.close()
    return None


def _is_proven(connection: socket.socket, secret: bytes, own: bytes, other: bytes) -> bool:
    """Proves that this side has the secret, and whether the other side has."""
    give_up_at = time.monotonic() + _PROVE_WITHIN_S
    mine = secrets.token_bytes(_NUMBER_BYTES)
    try:
        connection.settimeout(_PROVE_WITHIN_S)
        connection.sendall(mine)
        theirs = _number(connection, give_up_at)
        connection.sendall(_signed(secret, own, theirs, mine))
        return hmac.compare_digest(_number(connection, give_up_at), _signed(secret, other, mine, theirs))
    except OSError:
        return False


def _signed(secret: bytes, who: bytes, of_other: bytes, of_own: bytes) -> bytes:
    return hmac.digest(secret, who + of_other + of_own, "sha256")


def _number(connection: socket.socket, give_up_at: float) -> bytes:
    received = b""
    while len(received) < _NUMBER_BYTES:
        connection.settimeout(max(1e-3, give_up_at - time.monotonic()))
        part = connection.recv(_NUMBER_BYTES - len(received))
        if not part:
            raise ConnectionResetError("closed before it proved anything")
        received += part
    return received


def _ready(connection: socket.socket) -> socket.socket:
    connection.settimeout(None)
    if connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return connection
