"""Runs a command for as long as the process that wants it lives, and removes its folder with it.

A signal at a parent's death (prctl) would come when the *thread* that started the command ends, and nobody
would remove the folder. So this small process stands between: whatever ends its parent, SIGKILL included,
the kernel tells it by a pidfd, and it ends the command and removes the folder.

    python watchdog.py PARENT_ID FOLDER COMMAND...

It is run as a file and takes nothing but the standard library, so that it starts quickly wherever gridgrad lies.
What the command writes goes to FOLDER/log. A line on standard input, or its end, stops it as well.
"""

from __future__ import annotations

import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["main"]

STOP_TIMEOUT_S = 10.0
_PR_SET_PDEATHSIG = 1


def main(arguments: Sequence[str]) -> int:
    """Runs the command until it ends, is no longer wanted, or the parent dies.

    Args:
        arguments: the parent's process id, the folder, and the command.

    Returns:
        The command's exit status.
    """
    parent_id, folder, *command = arguments
    try:
        parent = os.pidfd_open(int(parent_id))
        if os.getppid() != int(parent_id):
            raise ProcessLookupError  # its id has been given to another
    except ProcessLookupError:
        shutil.rmtree(folder, ignore_errors=True)
        return 0
    try:
        return _run(command, Path(folder), parent)
    finally:
        if _readable([parent], 0):
            shutil.rmtree(folder, ignore_errors=True)


def _run(command: Sequence[str], folder: Path, parent: int) -> int:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - what our own parent asks for
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=_end_with_parent,  # safe here, where there is one thread
        )
    _readable([sys.stdin.fileno(), parent, os.pidfd_open(process.pid)], None)
    process.terminate()
    try:
        return process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _readable(files: Sequence[int], timeout_s: float | None) -> bool:
    return bool(select.select(files, [], [], timeout_s)[0])


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
