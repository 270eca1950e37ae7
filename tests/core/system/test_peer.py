"""Who is at the other end of a socket."""

from __future__ import annotations

import os
import socket

import pytest

from gridgrad_core.system.peer import peer_groups, peer_pid, peer_uid


def test_the_user_at_both_ends_of_a_pair_is_this_one() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        assert peer_uid(ours) == peer_uid(theirs) == os.geteuid()
        assert peer_pid(ours) == os.getpid()
        assert peer_groups(ours) == {os.getegid(), *os.getgroups()}


def test_a_closed_socket_has_no_peer() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with theirs:
        ours.close()
        with pytest.raises(OSError, match="Bad file descriptor"):
            peer_uid(ours)
