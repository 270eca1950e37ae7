"""Shared memory without a name: a memfd whose size is sealed, so that nobody who maps it can make another fault.

Nothing is left behind when all processes that have it are gone, and containers that limit /dev/shm do not limit it.
"""

from __future__ import annotations

import fcntl
import os

__all__ = ["create", "is_sealed"]


def create(name: str, size: int) -> int:
    """Makes memory, all zero, whose size nobody can change.

    Args:
        name: for `/proc/PID/maps` and the like; memory of the same name is not the same.
        size: in bytes.

    Returns:
        Its descriptor, which is the caller's to close; child processes do not inherit it.

    Raises:
        OSError: there is no more memory, or there are too many descriptors.
    """
    descriptor = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(descriptor, size)
        # SEAL_SEAL too: memory that a side could seal against writing would make the other fault
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def is_sealed(descriptor: int) -> bool:
    """Whether the size of memory from another process can't change, so that it may be mapped and read.

    Raises:
        OSError: the descriptor is none, or not one of memory.
    """
    size = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
    return fcntl.fcntl(descriptor, fcntl.F_GET_SEALS) & size == size
