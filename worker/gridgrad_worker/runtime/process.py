"""What the worker asks of the operating system for its own process."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import sys
from pathlib import Path

__all__ = [
    "die_with_parent",
    "end_group_with_this",
    "ignore_signals",
    "keep_code_in",
    "spin_briefly",
    "yield_to_others",
]

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_NICE = 19
_SPINS = "4000"  # some 0.1 ms


def ignore_signals() -> None:
    """Ignores what the process group is sent.

    At Ctrl-C and SIGTERM the server drains, then closes the socket; at SIGHUP it may read files again.
    """
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)


def die_with_parent() -> None:
    """Has the kernel kill this process when the one that started it dies. See prctl(2)."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def end_group_with_this() -> None:
    """Has the kernel end what this process starts, and what that starts, when this one ends, however it does.

    To be called by the leader of a group of processes that has read its standard input. In its place comes one end of a
    socket, which what is started inherits; the other end goes with this process, and the kernel then sends SIGIO to
    all of the group. See fcntl(2), F_SETOWN and O_ASYNC.
    """
    ours, theirs = socket.socketpair()
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    with theirs:
        fcntl.fcntl(theirs, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(theirs, fcntl.F_SETFL, fcntl.fcntl(theirs, fcntl.F_GETFL) | os.O_ASYNC)
        os.dup2(theirs.fileno(), sys.stdin.fileno())
    ours.detach()  # open until the process ends, and in no other


def spin_briefly() -> None:
    """Has idle threads of torch sleep after a moment; to be called before torch is imported.

    By default they spin for milliseconds after each operation. Where the server, a caller or another
    worker wants the core too, the thread that is waited for can't run: a grid of 256x256 points then
    takes 230 ms instead of 2. With a tenth of a millisecond it takes 7, and alone as long as ever.
    """
    if not os.environ.keys() & {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"}:
        os.environ["GOMP_SPINCOUNT"] = _SPINS


def keep_code_in(directory: Path | None) -> None:
    """Has what this process compiles, and what it starts, be kept in a directory; where it is by default if None."""
    if directory is not None:
        os.environ["GRIDGRAD_CACHE"] = str(directory.absolute())


def yield_to_others() -> None:
    """Has the kernel give processors to others first, for good: it gets a seventieth of what they do. See nice(2)."""
    os.nice(_NICE)
