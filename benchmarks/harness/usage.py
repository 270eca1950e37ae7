"""What processes use: time of a processor, and memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

__all__ = ["forget_peak", "peak_mib", "processor_s"]


def processor_s(pids: Iterable[int]) -> float:
    """The time of a processor that processes have used, in seconds; of threads that live."""
    used_ns = 0
    for pid in pids:
        with contextlib.suppress(OSError):  # the process has ended since
            for task in Path(f"/proc/{pid}/task").iterdir():
                with contextlib.suppress(OSError):  # the thread has
                    used_ns += int((task / "schedstat").read_text().split()[0])
    return used_ns / 1e9


def forget_peak(pids: Iterable[int]) -> None:
    """Starts the peaks of memory anew from what is in use now."""
    for pid in pids:
        with contextlib.suppress(OSError):
            Path(f"/proc/{pid}/clear_refs").write_text("5")  # see proc(5)


def peak_mib(pids: Iterable[int]) -> float:
    """The largest resident memory since `forget_peak`, of all together, in MiB."""
    return sum(map(_peak, pids))


def _peak(pid: int) -> float:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0
