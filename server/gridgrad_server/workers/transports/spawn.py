"""The operating system's side of a worker: its process and socket, its exit, and whether it was stopped."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

__all__ = ["is_stopped", "spawn", "watch_exit"]


def spawn(command: Sequence[str]) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Starts a worker.

    Args:
        command: to which the descriptor of the worker's socket is appended.

    Returns:
        The process, and our end of the socket.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with theirs:
        # Blocked signals stay blocked across exec: a Ctrl-C for the process group can't end a worker
        # in the moment before it ignores them.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
        try:
            process = subprocess.Popen(  # noqa: S603 - our own worker
                [*command, "--fd", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=2,  # what functions print is log, and must not mix with what the server's caller reads
            )
        except BaseException:
            ours.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    return process, ours


def watch_exit(process: subprocess.Popen[bytes], gone: Callable[[], None]) -> None:
    """Calls back in the running loop when a process has ended."""
    loop = asyncio.get_running_loop()

    def wait() -> None:
        process.wait()
        with contextlib.suppress(RuntimeError):  # the loop may be closed when the server was stopped by force
            loop.call_soon_threadsafe(gone)

    threading.Thread(target=wait, name=f"exit-of-{process.pid}", daemon=True).start()


def is_stopped(pid: int) -> bool:
    """Whether a process was stopped by a signal."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except (OSError, IndexError):
        return False
