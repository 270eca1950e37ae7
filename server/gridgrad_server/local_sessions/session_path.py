"""The socket of `--session-socket`: callers on this machine come to a session by its path, without a call of gRPC.

The file is open to the server's user alone, or to a group too, and the kernel says who is at the other end. Where
callers need credentials, who that is counts as a principal if the file of tokens says so.
"""

from __future__ import annotations

import contextlib
import grp
import os
import socket
from pathlib import Path
from typing import NamedTuple

from gridgrad_core.errors import ForbiddenError, RefusedError
from gridgrad_core.system.peer import peer_groups, peer_pid, peer_uid
from gridgrad_server.access.access_control import AccessControl, check_allowed, check_valid
from gridgrad_server.access.grants import Grant
from gridgrad_server.access.rules import rule_of
from gridgrad_server.connections.listen import ListenError, free_path
from gridgrad_server.requests.client_id import local_caller_of

__all__ = ["SessionGuest", "SessionPath"]

_RULE = rule_of("/gridgrad.v1.GridGradientService/OpenSession")
_BACKLOG = 64


class SessionGuest(NamedTuple):
    """Who a session is for.

    Args:
        caller: whose turns his calls take in the queue.
        grant: what he may do; None where callers need none.
    """

    caller: str
    grant: Grant | None

    def has_ended(self, now: float) -> bool:
        """Whether he may do nothing any more, by time.time."""
        return self.grant is not None and not self.grant.is_valid(now)


class SessionPath:
    """A socket in the file system.

    Args:
        path: of its file.
        group: the name or number of a group whose members may come too; None for the server's user alone.
        access: knows the principals of users.

    Raises:
        ListenError: the path is taken or can't be made, or there is no such group.
    """

    def __init__(self, path: Path, group: str | None, access: AccessControl) -> None:
        self._path = path
        self._access = access
        self._group = None if group is None else _number_of(group)
        free_path(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            self._bind()
        except OSError as error:
            self.socket.close()
            raise ListenError(f"can't listen on --session-socket {path}: {error.strerror or error}") from None

    def _bind(self) -> None:
        before = os.umask(0o177)  # from the first moment on nobody else's
        try:
            self.socket.bind(str(self._path))
        finally:
            os.umask(before)
        if self._group is not None:
            os.chown(self._path, -1, self._group)
            self._path.chmod(0o660)
        self.socket.listen(_BACKLOG)

    def close(self) -> None:
        """Closes it, and removes the file."""
        self.socket.close()
        with contextlib.suppress(OSError):
            self._path.unlink()

    def guest_of(self, connection: socket.socket) -> SessionGuest:
        """Who is at the other end.

        Raises:
            ForbiddenError: he is neither of the user nor of the group, or has not the role.
            RefusedError: callers need credentials, and the file of tokens does not know him.
        """
        uid = peer_uid(connection)
        if uid != os.geteuid() and not self._has_member(connection):
            remedy = "run it as the server's user, or start the server with --session-group"
            raise ForbiddenError("", f"user {uid} at {self._path}, which is not for him", remedy)
        grant = None
        if self._access.is_on:
            grant = self._access.grant_of_user(uid)
            if grant is None:
                remedy = f"have the operator say gridgrad-server token add --no-token --user {uid}"
                raise RefusedError("", f"user {uid}, who is no principal of this server", remedy)
            check_valid(grant)
            check_allowed(grant, _RULE)
        return SessionGuest(local_caller_of(uid, peer_pid(connection), grant.principal if grant else ""), grant)

    def _has_member(self, connection: socket.socket) -> bool:
        """Whether who is at the other end is of the group."""
        try:
            return self._group is not None and self._group in peer_groups(connection)
        except OSError:  # he is in more groups than can be asked for
            return False


def _number_of(group: str) -> int:
    try:
        return int(group) if group.isdecimal() else grp.getgrnam(group).gr_gid
    except KeyError:
        remedy = "give one of this machine, or its number"
        raise ListenError(f"--session-group: there is no group {group}: {remedy}") from None
