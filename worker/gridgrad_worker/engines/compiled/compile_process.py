"""The process that makes one package."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import BinaryIO, Protocol

from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.native.cache import Cache

__all__ = ["CompileProcess", "Launch", "Running", "launch_python"]

_MOST_SAID = 2000


class Running(Protocol):
    """A process that was started, and leads a session of its own."""

    @property
    def pid(self) -> int:
        """Its number."""

    def poll(self) -> int | None:
        """Its exit status once it has ended. Never waits."""

    def wait(self) -> int:
        """Waits until it has ended."""


Launch = Callable[[Sequence[str], BinaryIO, BinaryIO], Running]
"""Starts a compile process with such arguments, input and output of errors."""


def launch_python(arguments: Sequence[str], stdin: BinaryIO, stderr: BinaryIO) -> Running:
    """Starts a Python of its own, which has to load torch."""
    return subprocess.Popen(  # noqa: S603 - this Python, and nothing from a request
        [sys.executable, "-m", "gridgrad_worker.engines.compiled", *arguments],
        stdin=stdin,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        start_new_session=True,  # so that the compiler's own processes end with it
    )


class CompileProcess:
    """Starts it.

    Args:
        job: what to compile.
        cache: where to.
        timeout_s: seconds after which it is given up.
        launch: how it is started.

    Raises:
        OSError: there can be no further process, or no file.

    Attributes:
        said: the last line of what it has said, once it has ended.
        was_given_up: whether its time was over.
    """

    def __init__(self, job: CompileJob, cache: Cache, timeout_s: float, launch: Launch = launch_python) -> None:
        self.said = ""
        self.was_given_up = False
        self._give_up_at = time.monotonic() + timeout_s
        self._output = tempfile.TemporaryFile(dir=cache.root)  # noqa: SIM115 - closed when it has been read
        with tempfile.TemporaryFile(dir=cache.root) as described:
            described.write(job.to_json().encode())
            described.seek(0)
            arguments = ["--root", str(cache.root), "--cache-bytes", str(cache.most_bytes)]
            self._process = launch(arguments, described, self._output)

    def poll(self) -> int | None:
        """Its exit status once it has ended; ends it when its time is over. Never waits."""
        status = self._process.poll()
        if status is None and time.monotonic() > self._give_up_at:
            self.was_given_up = True
            self.end()
            status = self._process.poll()
        if status is not None:
            self._read()
        return status

    def end(self) -> None:
        """Ends it, with all that it started."""
        if self._process.poll() is None:
            _kill_session(self._process)
            self._process.wait()
        self._read()

    def _read(self) -> None:
        if not self._output.closed:
            self._output.seek(0)
            lines = self._output.read().decode(errors="replace").strip().splitlines()
            self.said = lines[-1][:_MOST_SAID] if lines else ""
            self._output.close()


def _kill_session(process: Running) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
