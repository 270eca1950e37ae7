"""A private server for one command or for tests, in a process that ends with this one."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from gridgrad_core.errors import UnavailableError
from gridgrad_core.system import watchdog

__all__ = ["PrivateServer", "missing_package", "private_server"]

START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 15.0
POLL_S = 0.02
INSTALL = "pip install 'gridgrad[server,worker]'"
NAME_ONE = f"{INSTALL}, or name a server with --server or GRIDGRAD_SERVER"


class PrivateServer(NamedTuple):
    """A server that nobody else is told of.

    Args:
        address: where it listens, for `gridgrad.Client`.
        log: the file that it and its worker write to.
    """

    address: str
    log: Path


def missing_package() -> str:
    """The first package that a server here would need and that is not installed; empty if all are."""
    needed = ("gridgrad_server", "gridgrad_worker", "click", "cachetools", "torch")
    return next((package for package in needed if importlib.util.find_spec(package) is None), "")


@contextlib.contextmanager
def private_server(flags: Sequence[str] = (), remedy: str = NAME_ONE) -> Iterator[PrivateServer]:
    """Serves on a unix socket in a temporary folder, on one CPU worker, until the block ends or this process does.

    Args:
        flags: further flags of gridgrad-server.
        remedy: what to do where it is not installed.

    Yields:
        Where it is.

    Raises:
        UnavailableError: it is not installed, or did not start; says what it wrote.
    """
    if package := missing_package():
        raise UnavailableError("", f"no server was named, and {package} is not installed for one here", remedy)
    with tempfile.TemporaryDirectory(prefix="gridgrad-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with _start(folder, flags) as guard:
            try:
                yield PrivateServer(_await_address(guard, folder), folder / "log")
            finally:
                _stop(guard)


def _start(folder: Path, flags: Sequence[str]) -> subprocess.Popen[bytes]:
    own = ["--listen", f"unix:{folder}/socket", "--device", "cpu", "--workers", "1"]
    server = [sys.executable, "-m", "gridgrad_server", *own, *flags, "--address-file", f"{folder}/address"]
    return subprocess.Popen(  # noqa: S603 - our own interpreter and flags
        [sys.executable, "-IS", watchdog.__file__, str(os.getpid()), str(folder), *server],
        env={"GRIDGRAD_LOG_LEVEL": "warning", **os.environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # so that Ctrl-C reaches this process alone, which then stops the server
    )


def _await_address(guard: subprocess.Popen[bytes], folder: Path) -> str:
    give_up_at = time.monotonic() + START_TIMEOUT_S
    file = folder / "address"
    while not file.exists():  # it appears, whole, when the worker is warm
        if guard.poll() is not None:
            raise UnavailableError("", "the private server did not start", _last_words(folder))
        if time.monotonic() > give_up_at:
            found = f"the private server was not ready within {START_TIMEOUT_S:g} s"
            raise UnavailableError("", found, _last_words(folder))
        time.sleep(POLL_S)
    return file.read_text().split()[0]


def _last_words(folder: Path) -> str:
    try:
        lines = (folder / "log").read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    complaints = [line for line in lines if line.startswith("gridgrad-server: ")]
    return (complaints or lines or ["it said nothing"])[-1]


def _stop(guard: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(BrokenPipeError):  # it has ended already
        guard.communicate(b"stop\n", STOP_TIMEOUT_S)
