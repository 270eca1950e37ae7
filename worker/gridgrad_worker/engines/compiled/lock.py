"""A file lock: in a cache one package is made at a time, whichever of the workers that share it wants one.

So two workers of a server, which find the same program hot at the same moment, compile it once: the second
looks for what the first has made when it gets the lock.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

__all__ = ["CacheLock"]


class CacheLock:
    """A lock on the directory, which the kernel gives back if the process dies.

    Args:
        root: the cache's directory.
    """

    def __init__(self, root: Path) -> None:
        self._directory = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def acquire(self) -> bool:
        """Whether this process has it now. Never waits."""
        try:
            fcntl.flock(self._directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True  # a file system without locks: better twice than never
        return True

    def release(self) -> None:
        """Lets another process have it."""
        fcntl.flock(self._directory, fcntl.LOCK_UN)

    def close(self) -> None:
        """Leaves nothing behind."""
        os.close(self._directory)
