"""What benchmarks measure, and how they print it: a line for each case, with its goal beside it."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

__all__ = ["Cost", "Costs", "Row", "Sample", "block", "interleave", "print_rows", "processor_s", "timed"]

HEAD = (
    "case", "raw p50", "p99", "rate", "ours p50", "p99", "rate", "ratio", "goal", "",
    "raw µs", "client", "server", "worker", "server MiB", "worker",
)  # fmt: skip

T = TypeVar("T")
Call = Callable[[], object]
Cost = Callable[[], dict[str, float]]
"""The processor time that has been used by now, in seconds, by a name for each side."""


class Sample(NamedTuple):
    """What was measured of one server in one case: seconds."""

    latencies: list[float]
    elapsed_s: float

    @property
    def p50(self) -> float:
        """The median call, in milliseconds."""
        return 1e3 * statistics.median(self.latencies)

    @property
    def p99(self) -> float:
        """The 99th percentile of the calls, in milliseconds."""
        return 1e3 * sorted(self.latencies)[int(0.99 * (len(self.latencies) - 1))]

    @property
    def rate(self) -> float:
        """Calls per second."""
        return len(self.latencies) / self.elapsed_s

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> Sample:
        """Several as one."""
        taken = list(samples)
        return cls([each for one in taken for each in one.latencies], sum(one.elapsed_s for one in taken))


class Costs:
    """Adds up the processor time of blocks of calls.

    Args:
        read: gives what was used by now.
    """

    def __init__(self, read: Cost) -> None:
        self._read = read
        self._used: dict[str, float] = {}
        self._calls = 0

    def block(self, run: Callable[[T, int], Sample], what: T, calls: int) -> Sample:
        """Runs a block of calls and counts what it uses."""
        before = self._read()
        sample = run(what, calls)
        for name, now in self._read().items():
            self._used[name] = self._used.get(name, 0.0) + now - before[name]
        self._calls += len(sample.latencies)
        return sample

    def per_call_us(self) -> dict[str, float]:
        """Microseconds of a processor for each call, by name."""
        return {name: 1e6 * used / max(1, self._calls) for name, used in self._used.items()}


class Row(NamedTuple):
    """One line of the table.

    Args:
        ratio: what the goal is about.
        costs: microseconds of processor time for each call: "raw" for the floor, both of its sides together,
            and "client", "server" and "worker" for ours; empty where calls of a neighbour are among them.
        peaks: the largest memory of the server and of its workers, in MiB.
    """

    case: str
    floor: Sample
    ours: Sample
    ratio: float
    goal: str
    met: bool
    costs: dict[str, float]
    peaks: tuple[float, float]


def interleave(calls: int, rounds: int, *kinds: tuple[Call, Costs]) -> list[Sample]:
    """Blocks of calls of each kind in turn, so that what the machine does besides meets all of them.

    Args:
        calls: in a block.
        rounds: blocks of each kind, without a first one that warms up.
        kinds: what to call, and what adds up its processor time.
    """
    for call, _ in kinds:
        block(call, calls)
    taken: list[list[Sample]] = [[] for _ in kinds]
    for _ in range(rounds):
        for (call, costs), samples in zip(kinds, taken, strict=True):
            samples.append(costs.block(block, call, calls))
    return [Sample.of(samples) for samples in taken]


def block(call: Call, calls: int) -> Sample:
    """Calls so many times, one after the other."""
    latencies = [timed(call) for _ in range(calls)]
    return Sample(latencies, sum(latencies))


def timed(call: Call) -> float:
    """The seconds that a call takes."""
    start_at = time.perf_counter()
    call()
    return time.perf_counter() - start_at


def processor_s(pids: Iterable[int]) -> float:
    """The processor time that processes have used, in seconds; of threads that live."""
    used_ns = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):  # the thread has ended since
                used_ns += int((task / "schedstat").read_text().split()[0])
    return used_ns / 1e9


def print_rows(rows: Sequence[Row]) -> None:
    """Prints the table."""
    table = [HEAD, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for cells in table:
        print("  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True)))


def _cells(row: Row) -> tuple[str, ...]:
    times = [
        text
        for sample in (row.floor, row.ours)
        for text in (f"{sample.p50:.2f}", f"{sample.p99:.2f}", f"{sample.rate:.0f}")
    ]
    costs = [f"{row.costs[name]:.0f}" if row.costs else "" for name in ("raw", "client", "server", "worker")]
    verdict = "met" if row.met else "missed"
    return (row.case, *times, f"{row.ratio:.2f}", row.goal, verdict, *costs, *(f"{peak:.0f}" for peak in row.peaks))
