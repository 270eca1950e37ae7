"""The compiler that is there, if one is, and what it is told."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess

from gridgrad_worker.native.march import march

__all__ = ["compiler_flags", "compiler_version", "find_compiler"]

_NAMES = ("g++", "clang++")
_TIMEOUT_S = 20.0
_FLAGS = (
    "-std=c++17", "-O2", "-shared", "-fPIC", "-fopenmp", "-fvisibility=hidden",
    # As IEEE has it, so that both tiers agree; nothing reads errno or traps
    "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math",
    "-Wno-psabi", "-Wno-ignored-attributes",
)  # fmt: skip


def find_compiler() -> str | None:
    """The path of the C++ compiler: what the environment variable CXX names, else g++ or clang++ of the PATH."""
    found = _found()
    return found[0] if found else None


def compiler_version() -> str | None:
    """The first line of what the C++ compiler says of itself; None if there is none."""
    found = _found()
    return found[1] if found else None


def compiler_flags() -> list[str]:
    """What the compiler is told, but for the paths."""
    return [*_FLAGS, f"-march={march()}"]


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
