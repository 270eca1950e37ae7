"""The compiler that is there, if one is."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess

__all__ = ["compiler_version"]

_NAMES = ("g++", "clang++")
_TIMEOUT_S = 20.0


@functools.cache
def compiler_version() -> str | None:
    """The first line of what the C++ compiler says of itself; None if there is none.

    As inductor does, takes what the environment variable CXX names, else g++ or clang++ of the PATH.
    """
    for name in filter(None, (os.environ.get("CXX"), *_NAMES)):
        path = shutil.which(name)
        said = _said_by(path) if path else None
        if said:
            return said
    return None


def _said_by(path: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own compiler
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
