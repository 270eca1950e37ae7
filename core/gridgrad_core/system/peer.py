"""Who is at the other end of a unix socket."""

from __future__ import annotations

import socket
import struct

__all__ = ["peer_uid"]

_UCRED = struct.Struct("iII")  # pid, uid, gid: struct ucred of unix(7)


def peer_uid(connection: socket.socket) -> int:
    """The user at the other end of a connected unix socket, as the kernel knows it.

    Raises:
        OSError: the socket is closed, or of another family.
    """
    _, uid, _ = _UCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return int(uid)
