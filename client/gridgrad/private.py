"""A server of our own for one command, in a process that ends with it."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from gridgrad.errors import UnavailableError

__all__ = ["private_server"]

START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 10.0
POLL_S = 0.02
INSTALL = "pip install 'gridgrad[server,worker]', or name a server with --server or GRIDGRAD_SERVER"
_PR_SET_PDEATHSIG = 1


@contextlib.contextmanager
def private_server() -> Iterator[str]:
    """Serves on a unix socket in a temporary folder, on one CPU worker, until the block ends.

    Returns:
        Its address.

    Raises:
        UnavailableError: it is not installed, or did not start; says what it wrote.
    """
    for package in ("gridgrad_server", "gridgrad_worker", "torch"):
        if importlib.util.find_spec(package) is None:
            raise UnavailableError("", f"no server was named, and {package} is not installed for one here", INSTALL)
    with tempfile.TemporaryDirectory(prefix="gridgrad-") as name:
        folder = Path(name)
        with (folder / "log").open("wb") as log, _start(folder, log.fileno()) as process:
            # Whoever terminates us wants the folder gone as well
            before = signal.signal(signal.SIGTERM, signal.default_int_handler)
            try:
                yield _await_address(process, folder)
            finally:
                _stop(process)
                signal.signal(signal.SIGTERM, before)


def _start(folder: Path, log: int) -> subprocess.Popen[bytes]:
    flags = ["--listen", f"unix:{folder}/socket", "--device", "cpu", "--workers", "1"]
    return subprocess.Popen(  # noqa: S603 - our own interpreter and flags
        [sys.executable, "-m", "gridgrad_server", *flags, "--address-file", f"{folder}/address"],
        env={**os.environ, "GRIDGRAD_LOG_LEVEL": "warning"},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,  # Ctrl-C is ours to handle; we stop the server then
        preexec_fn=_end_with_parent,  # safe here, where the process has no other threads yet
    )


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _await_address(process: subprocess.Popen[bytes], folder: Path) -> str:
    give_up_at = time.monotonic() + START_TIMEOUT_S
    file = folder / "address"
    while not file.exists():  # it appears, whole, when the worker is warm
        if process.poll() is not None:
            raise UnavailableError("", f"the private server did not start: {_last_words(folder)}", INSTALL)
        if time.monotonic() > give_up_at:
            raise UnavailableError("", f"the private server was not ready within {START_TIMEOUT_S:g} s", INSTALL)
        time.sleep(POLL_S)
    return file.read_text().split()[0]


def _last_words(folder: Path) -> str:
    lines = (folder / "log").read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
