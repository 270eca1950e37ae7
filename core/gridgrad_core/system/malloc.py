"""What server and workers ask of malloc. The client leaves it alone: the process is its caller's."""

from __future__ import annotations

import ctypes

__all__ = ["give_back_freed_memory", "keep_freed_memory"]

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_LARGEST_MMAP_THRESHOLD = 1 << 25  # mallopt(3) allows no more


def keep_freed_memory(most_bytes: int) -> None:
    """Lets malloc keep what was freed, so that what is allocated next finds it faulted in.

    By default blocks of a megabyte, such as messages and tiles, go back to the kernel and are faulted in
    again, which takes longer than filling them. A C library without mallopt is left as it is.

    Args:
        most_bytes: how much is kept at the top of the heap.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, most_bytes)
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD)


def give_back_freed_memory() -> None:
    """Gives back to the kernel what malloc keeps, between what is in use too; that takes some milliseconds."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
