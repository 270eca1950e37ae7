"""The servers that a benchmark measures: started, found by the address they write, and stopped."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

__all__ = ["Served", "serve"]

START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 30.0


class Served:
    """A running server.

    Attributes:
        address: where it listens, as a gRPC target.
        process: the server's own process; its workers are that one's children.
    """

    def __init__(self, address: str, process: subprocess.Popen[bytes]) -> None:
        self.address = address
        self.process = process

    def workers(self) -> list[int]:
        """The process ids of its workers."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        return [int(pid) for task in tasks.iterdir() for pid in (task / "children").read_text().split()]

    def forget_peaks(self) -> None:
        """Starts the peaks of memory anew from what is in use now."""
        for pid in (self.process.pid, *self.workers()):
            Path(f"/proc/{pid}/clear_refs").write_text("5")  # see proc(5)

    def peaks(self) -> tuple[float, float]:
        """The largest resident memory since `forget_peaks` of the server, and of its workers together, in MiB."""
        return _peak(self.process.pid), sum(map(_peak, self.workers()))


@contextlib.contextmanager
def serve(module: str, arguments: Sequence[str] = ()) -> Iterator[Served]:
    """Runs `python -m module --address-file ...` until the block ends.

    Raises:
        RuntimeError: it ended, or wrote no address in time.
    """
    with tempfile.TemporaryDirectory(prefix="gridgrad-bench-") as folder:
        file = Path(folder) / "address"
        command = [sys.executable, "-m", module, *arguments, "--address-file", str(file)]
        # Its log would only interleave with the table; what goes wrong is seen by the calls.
        with subprocess.Popen(command, env={**os.environ, "GRIDGRAD_LOG_LEVEL": "warning"}) as process:
            try:
                yield Served(_await_address(process, file), process)
            finally:
                _stop(process)


def _await_address(process: subprocess.Popen[bytes], file: Path) -> str:
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < give_up_at:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args} ended with status {process.returncode} before it served")
        if file.exists() and (lines := file.read_text().split()):
            return lines[0]
        time.sleep(0.02)
    raise RuntimeError(f"{process.args} wrote no address within {START_TIMEOUT_S:g} s")


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
