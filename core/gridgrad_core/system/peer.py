"""Who is at the other end of a unix socket."""

from __future__ import annotations

import socket
import struct

__all__ = ["peer_groups", "peer_pid", "peer_uid"]

_UCRED = struct.Struct("iII")  # pid, uid, gid: struct ucred of unix(7)
_GROUP = struct.Struct("I")
_SO_PEERGROUPS = 59  # of Linux; Python has no name for it
_MOST_GROUPS_BYTES = 1024  # Python takes no more


def peer_uid(connection: socket.socket) -> int:
    """The user at the other end of a connected unix socket, as the kernel knows it.

    Raises:
        OSError: the socket is closed, or of another family.
    """
    return _credentials(connection)[1]


def peer_pid(connection: socket.socket) -> int:
    """The process that has connected.

    Raises:
        OSError: as in `peer_uid`.
    """
    return _credentials(connection)[0]


def peer_groups(connection: socket.socket) -> set[int]:
    """The groups of the user at the other end, his first one and the others.

    Raises:
        OSError: as in `peer_uid`, or he is in more than 256.
    """
    raw = connection.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _MOST_GROUPS_BYTES)
    return {_credentials(connection)[2], *(group for (group,) in _GROUP.iter_unpack(raw))}


def _credentials(connection: socket.socket) -> tuple[int, int, int]:
    pid, uid, gid = _UCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return int(pid), int(uid), int(gid)
