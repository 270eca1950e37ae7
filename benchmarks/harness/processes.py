"""The servers that a benchmark measures: started, found by the address they write, and stopped."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

__all__ = ["Served", "serve"]

HELPERS = "gridgrad_worker.deriving"
START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 30.0


class Served:
    """A running server.

    Attributes:
        addresses: where it listens, as gRPC targets, in the order of its --listen flags.
        process: the server's own process; its workers are that one's children.
    """

    def __init__(self, addresses: Sequence[str], process: subprocess.Popen[bytes]) -> None:
        self.addresses = list(addresses)
        self.process = process

    @property
    def address(self) -> str:
        """The first of its addresses."""
        return self.addresses[0]

    def workers(self) -> list[int]:
        """The process ids of its workers, but for the one aside."""
        return [pid for pid in self._children() if not _has_word(pid, HELPERS) and not _has_word(pid, "--aside")]

    def aside(self) -> list[int]:
        """The process id of its worker aside, while there is one."""
        return [pid for pid in self._children() if _has_word(pid, "--aside")]

    def helpers(self) -> list[int]:
        """The process id of what its helpers are forks of, once there is one."""
        return [pid for pid in self._children() if _has_word(pid, HELPERS)]

    def _children(self) -> list[int]:
        pids: list[str] = []
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            with contextlib.suppress(OSError):  # the thread has ended since
                pids += (task / "children").read_text().split()
        return list(map(int, pids))

    def forget_peaks(self) -> None:
        """Starts the peaks of memory anew from what is in use now."""
        for pid in (self.process.pid, *self.workers()):
            Path(f"/proc/{pid}/clear_refs").write_text("5")  # see proc(5)

    def peaks(self) -> tuple[float, float]:
        """The largest resident memory since `forget_peaks` of the server, and of its workers together, in MiB."""
        return _peak(self.process.pid), sum(map(_peak, self.workers()))


def _has_word(pid: int, word: str) -> bool:
    """Whether the command line of a process has a word."""
    with contextlib.suppress(OSError):  # it has ended since
        return word in Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return False


@contextlib.contextmanager
def serve(
    module: str,
    arguments: Sequence[str] = (),
    *,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
    own_group: bool = False,
) -> Iterator[Served]:
    """Runs `python -m module --address-file ...` until the block ends.

    Args:
        module: what to run.
        arguments: its further flags.
        environment: variables beside those of this process.
        log: the file that takes what it writes; by default it writes where this process does.
        own_group: whether it gets a session and so a process group of its own.

    Raises:
        RuntimeError: it ended, or wrote no address in time.
    """
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="gridgrad-bench-"))
        output = stack.enter_context(log.open("ab")) if log else None
        file = Path(folder) / "address"
        command = [sys.executable, "-m", module, *arguments, "--address-file", str(file)]
        # Its log would only interleave with the table; what goes wrong is seen by the calls.
        variables = {**os.environ, "GRIDGRAD_LOG_LEVEL": "warning", **(environment or {})}
        with subprocess.Popen(
            command, env=variables, stdout=output, stderr=output, start_new_session=own_group
        ) as process:
            try:
                yield Served(_await_addresses(process, file), process)
            finally:
                _stop(process)


def _await_addresses(process: subprocess.Popen[bytes], file: Path) -> list[str]:
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < give_up_at:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with status {process.returncode} before it served")
        if file.exists() and (lines := file.read_text().split()):
            return lines
        time.sleep(0.02)
    raise RuntimeError(f"{process.args!r} wrote no address within {START_TIMEOUT_S:g} s")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()


def _peak(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return float("nan")
