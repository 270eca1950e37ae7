"""The private directory that packages are kept in.

Machine code is run from there, so nobody else may write to it: it must be the user's own, and closed to all
others. The folders above it must be the user's own or root's: whoever owns one can put another in its place.
Nothing that a request carries decides where it is.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

__all__ = ["UnusableError", "open_directory", "place", "trusted"]


class UnusableError(RuntimeError):
    """Nothing can be kept; the message says why and what to do."""


def place() -> Path:
    """Where packages are kept: GRIDGRAD_CACHE, else gridgrad in XDG_CACHE_HOME or ~/.cache."""
    given = os.environ.get("GRIDGRAD_CACHE")
    if given:
        return Path(given).absolute() / "compiled"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).absolute() / "gridgrad" / "compiled"


def open_directory(path: Path) -> Path:
    """Makes the directory, if it is not there, and checks it and those above it.

    Args:
        path: where it is to be.

    Returns:
        The path without links, so that none is followed again.

    Raises:
        UnusableError: it can't be made or written to, or others may write to it or exchange it.
    """
    remedy = "set GRIDGRAD_CACHE to a directory of the service's own user"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path = path.parent.resolve() / path.name
        if (owned := _owned_by_another(path)) is not None:
            raise UnusableError(f"{owned} belongs to another user, who can exchange what is in it; {remedy}")
        path.mkdir(mode=0o700, exist_ok=True)
        if not trusted(path, is_directory=True):
            raise UnusableError(f"{path} is not this user's own, or open to others; {remedy}, and chmod 700 it")
        with tempfile.TemporaryFile(dir=path):
            return path
    except (OSError, RuntimeError) as error:
        if isinstance(error, UnusableError):
            raise
        raise UnusableError(f"{path} can't be used: {error}; {remedy}") from error


def _owned_by_another(path: Path) -> Path | None:
    """The first folder above it that is neither this user's nor root's, None where there is none."""
    return next((each for each in path.parents if os.lstat(each).st_uid not in (0, os.geteuid())), None)


def trusted(path: Path, *, is_directory: bool) -> bool:
    """Whether a file, or directory, is no link, this user's own, and not writable by others."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    right_kind = stat.S_ISDIR(found.st_mode) if is_directory else stat.S_ISREG(found.st_mode)
    forbidden = 0o077 if is_directory else 0o022
    return right_kind and found.st_uid == os.geteuid() and not stat.S_IMODE(found.st_mode) & forbidden
