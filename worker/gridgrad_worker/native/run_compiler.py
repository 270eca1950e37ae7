"""Runs the compiler, with a bound of its memory, and reads what it says of trouble."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from gridgrad_worker.native.errors import CannotCompileError, MomentaryTroubleError

__all__ = ["run_all"]

_MOST_BYTES = 1 << 30
"""Memory of a compiler: what needs more takes minutes, and would leave the machine none."""

_AT_ONCE = 2
"""Compilers: each may take that much."""

_MOMENTARY = (
    *("No space left", "quota exceeded", "File too large", "error writing to", "Input/output error", "Read-only file"),
    *("File size limit exceeded", "Killed", "Terminated signal", "Cannot fork"),
    *("Resource temporarily unavailable", "Too many open files"),
)
"""What compilers say of trouble that is not the program's."""

_OUT_OF_MEMORY = "out of memory", "memory exhausted", "Cannot allocate memory", "bad_alloc"


def run_all(commands: Sequence[Sequence[str]]) -> None:
    """Runs the compiler several times, twice at once.

    Args:
        commands: its command lines.

    Raises:
        CannotCompileError: it refuses.
        MomentaryTroubleError: it was killed, or has no room; in another moment it may not be.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for status, said in pool.map(_run, commands):
            if status:
                raise _refusal(status, said)


def _run(command: Sequence[str]) -> tuple[int, str]:
    process = _started(command)
    said = process.communicate()[1]
    return process.returncode, said


def _started(command: Sequence[str]) -> subprocess.Popen[str]:
    english = {**os.environ, "LC_ALL": "C"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=english)  # noqa: S603 - no word of a request
    with contextlib.suppress(ProcessLookupError):  # what it starts has the limit too
        resource.prlimit(process.pid, resource.RLIMIT_DATA, (_MOST_BYTES, _MOST_BYTES))
    return process


def _refusal(status: int, said: str) -> CannotCompileError:
    if status < 0:
        return MomentaryTroubleError(f"the compiler was ended by {signal.Signals(-status).name}")
    if any(each in said for each in _OUT_OF_MEMORY):
        return CannotCompileError(f"the compiler needs more than {_MOST_BYTES >> 20} MiB for it")
    if any(each in said for each in _MOMENTARY):
        return MomentaryTroubleError(f"the compiler could not end its work: {_first_error(said)}")
    return CannotCompileError(f"the compiler refuses it: {_first_error(said)}")


def _first_error(said: str) -> str:
    return next((line for line in said.splitlines() if "error" in line), said[:200] or "it does not say why")
