"""A process with torch loaded, of which the compile processes of a worker are forks.

To load torch takes a compile process a second, as long as to compile a formula. So a worker forks once, after torch is
loaded and before there are threads, which no fork would have. What comes of that waits, in the memory that it shares
with the worker, and forks once more for each job.

Invariants:
* It never computes, so no fork of it meets a lock of torch's that a thread held.
* It dies with its worker, and what it forked dies with it.
* A compile process that has ended stays a zombie until the next one is asked for, so that its number is nobody else's
  while the worker may still want to kill it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from typing import BinaryIO, NoReturn

from gridgrad_worker.engines.compiled.__main__ import main
from gridgrad_worker.engines.compiled.compile_process import Running, launch_python
from gridgrad_worker.runtime import process

__all__ = ["CompileTemplate", "Forked"]

_log = logging.getLogger(__name__)

_MOST_BYTES = 1 << 16
_FORKS_WITHIN_S = 10.0
_STANDARD = 3  # descriptors that every process has


class Forked:
    """A compile process that was forked; asked like one of `subprocess`.

    Args:
        pid: its number.
        connection: says how it ended.
    """

    def __init__(self, pid: int, connection: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._connection = connection

    def poll(self) -> int | None:
        """Its exit status once it has ended, the negative number of the signal that killed it. Never waits."""
        with contextlib.suppress(BlockingIOError):
            self._hear(0.0)
        return self.returncode

    def wait(self) -> int:
        """Waits until it has ended."""
        return self._hear(None)

    def _hear(self, timeout_s: float | None) -> int:
        if self.returncode is None:
            self._connection.settimeout(timeout_s)
            # Nothing is said only where the template has been killed, and so what it has forked
            self.returncode = int(self._connection.recv(_MOST_BYTES) or -signal.SIGKILL)
        return self.returncode


class CompileTemplate:
    """Forks, and has the fork wait for jobs; to be made before there are threads."""

    def __init__(self) -> None:
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if not self.pid:
            _wait_for_jobs(theirs)
        theirs.close()

    def launch(self, arguments: Sequence[str], stdin: BinaryIO, stderr: BinaryIO) -> Running:
        """Starts a compile process, as a fork or, should that fail, as a Python of its own from then on.

        Args:
            arguments: its command line.
            stdin: a file with the job.
            stderr: a file for what it says.

        Raises:
            OSError: there can be no further process.
        """
        if self._connection.fileno() >= 0:
            try:
                return self._forked(arguments, stdin, stderr)
            except OSError as error:
                _log.warning("compile processes load torch from now on, and take a second longer: %s", error)
                self.close()
        stdin.seek(0)
        return launch_python(arguments, stdin, stderr)

    def _forked(self, arguments: Sequence[str], stdin: BinaryIO, stderr: BinaryIO) -> Forked:
        self._connection.settimeout(_FORKS_WITHIN_S)
        socket.send_fds(self._connection, [json.dumps(arguments).encode()], [stdin.fileno(), stderr.fileno()])
        pid = int(self._connection.recv(_MOST_BYTES) or 0)
        if not pid:
            raise OSError("there can be no further fork")
        return Forked(pid, self._connection)

    def close(self) -> None:
        """Ends it, with what it has forked."""
        self._connection.close()
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def _wait_for_jobs(connection: socket.socket) -> NoReturn:
    """What the template does until it is killed."""
    try:
        process.die_with_parent()
        keep = connection.fileno()
        os.closerange(_STANDARD, keep)
        os.closerange(keep + 1, os.sysconf("SC_OPEN_MAX"))
        ended: int | None = None
        while True:
            said, files, *_ = socket.recv_fds(connection, _MOST_BYTES, 2)
            if not said:
                os._exit(0)
            if ended is not None:
                os.waitpid(ended, 0)
            ended = _forked(json.loads(said), files, connection)
    finally:
        os._exit(1)


def _forked(arguments: Sequence[str], files: Sequence[int], connection: socket.socket) -> int | None:
    """Forks a compile process, waits until it has ended, and says how."""
    try:
        pid = os.fork()
    except OSError:
        pid = -1
    if not pid:
        _compile(arguments, files, connection)
    for each in files:
        os.close(each)
    if pid < 0:
        connection.send(b"0")
        return None
    found = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert found is not None, "it was waited for"  # noqa: S101 - narrows the type
    status = found.si_status if found.si_code == os.CLD_EXITED else -found.si_status
    connection.send(str(status).encode())
    return pid


def _compile(arguments: Sequence[str], files: Sequence[int], connection: socket.socket) -> NoReturn:
    """What a compile process does."""
    status = 1
    try:
        process.die_with_parent()
        os.setsid()  # so that the compiler's own processes end with it
        connection.send(str(os.getpid()).encode())
        connection.close()
        nothing = os.open(os.devnull, os.O_WRONLY)
        for descriptor, standard in zip((files[0], nothing, files[1]), range(_STANDARD), strict=True):
            os.dup2(descriptor, standard)
        sys.stdin = os.fdopen(0, closefd=False)
        status = main(arguments)
    except BaseException:  # noqa: BLE001 - whatever it is, the process ends here and not in the template's loop
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)
