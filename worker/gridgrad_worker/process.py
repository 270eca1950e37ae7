"""What the worker asks of the operating system for its own process."""

from __future__ import annotations

import ctypes
import os
import signal

__all__ = ["die_with_parent", "ignore_signals", "keep_freed_memory", "spin_briefly"]

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_SPINS = "4000"  # some 0.1 ms
_KEPT_BYTES = 1 << 28
_LARGEST_MMAP_THRESHOLD = 1 << 25  # mallopt(3) allows no more


def ignore_signals() -> None:
    """Ignores Ctrl-C and a SIGTERM to the process group: the server drains, then closes the socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def die_with_parent() -> None:
    """Has the kernel kill this process when the one that started it dies. See prctl(2)."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def keep_freed_memory() -> None:
    """Lets malloc keep what tiles have freed, so that the next tile finds it faulted in.

    By default blocks of a tile's size go back to the kernel and are faulted in again, which
    takes as long as computing them. A C library without mallopt is left as it is.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD)


def spin_briefly() -> None:
    """Has idle threads of torch sleep after a moment; to be called before torch is imported.

    By default they spin for milliseconds after each operation. Where the server, a caller or another
    worker wants the core too, the thread that is waited for can't run: a grid of 256x256 points then
    takes 230 ms instead of 2. With a tenth of a millisecond it takes 7, and alone as long as ever.
    """
    if not os.environ.keys() & {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"}:
        os.environ["GOMP_SPINCOUNT"] = _SPINS
