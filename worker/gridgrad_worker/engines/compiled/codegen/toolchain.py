"""The compiler that is there, if one is."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess

__all__ = ["compiler_version", "find_compiler"]

_NAMES = ("g++", "clang++")
_TIMEOUT_S = 20.0


def find_compiler() -> str | None:
    """The path of the C++ compiler: what the environment variable CXX names, else g++ or clang++ of the PATH."""
    found = _found()
    return found[0] if found else None


def compiler_version() -> str | None:
    """The first line of what the C++ compiler says of itself; None if there is none."""
    found = _found()
    return found[1] if found else None


@functools.cache
def _found() -> tuple[str, str] | None:
    for name in filter(None, (os.environ.get("CXX"), *_NAMES)):
        path = shutil.which(name)
        said = _said_by(path) if path else None
        if path and said:
            return path, said
    return None


def _said_by(path: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - what the operator's own PATH or CXX names
            [path, "--version"],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=True,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.partition("\n")[0].strip() or None
