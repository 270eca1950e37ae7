"""Marks: which package a worker is running, so that the next worker learns what its predecessor died of.

Each worker has a small file, mapped into its memory and locked while it lives. A mark is a store to that
memory, which the kernel keeps when the process is killed. A file that nobody locks is that of a dead worker.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import mmap
import os
import tempfile
from pathlib import Path

from gridgrad_worker.native.cache import Cache

__all__ = ["CrashMark", "CrashMarks", "discard_fatal"]

_LENGTH = 64
_PREFIX = "worker-"
_MOST_CRASHES = 2


class CrashMarks:
    """The marks of this process.

    Args:
        root: the cache's directory.
    """

    def __init__(self, root: Path) -> None:
        descriptor, name = tempfile.mkstemp(prefix=_PREFIX, dir=root)
        self._path = Path(name)
        self._file = os.fdopen(descriptor, "r+b")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._file.write(CrashMark.idle)
        self._file.flush()
        self._memory = mmap.mmap(self._file.fileno(), _LENGTH)

    def of(self, key: str) -> CrashMark:
        """The mark that a package is running."""
        return CrashMark(self._memory, key.encode())

    def close(self) -> None:
        """Leaves nothing behind."""
        self._memory.close()
        self._file.close()
        self._path.unlink(missing_ok=True)


class CrashMark:
    """A context, entered again and again, in which a package is marked as running.

    Args:
        memory: where.
        key: of the package, 64 bytes.

    Attributes:
        address: of the memory.
        running: written there before the package runs.
        idle: written there after it.
    """

    __slots__ = ("_memory", "address", "running")

    idle = b"-" * _LENGTH

    def __init__(self, memory: mmap.mmap | bytearray, key: bytes) -> None:
        self._memory = memory
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        self.running = key

    def __enter__(self) -> None:
        self._memory[:] = self.running

    def __exit__(self, *_: object) -> None:
        self._memory[:] = self.idle

    @classmethod
    def nowhere(cls) -> CrashMark:
        """One that nobody reads."""
        return cls(bytearray(_LENGTH), cls.idle)


def discard_fatal(cache: Cache) -> list[str]:
    """Discards the packages that workers crashed in, and returns their keys; those of two crashes for good."""
    keys = []
    for path in cache.root.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError), path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            content = file.read(_LENGTH)
            path.unlink(missing_ok=True)
            if len(content) == _LENGTH and content != CrashMark.idle:
                keys.append(content.decode())
    for key in keys:
        crashes = _counted(cache.root / f"crashes-{key}")
        cache.discard(key)
        if crashes >= _MOST_CRASHES:
            cache.refuse(key, f"{crashes} workers crashed in it")
    return keys


def _counted(path: Path) -> int:
    with path.open("ab") as file:
        file.write(b".")
        return file.tell()
