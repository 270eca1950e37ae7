"""What one block of calls showed, and how a block is run inside the process that makes the calls."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

__all__ = ["Block", "Order", "Run", "in_turn", "percentile", "timed"]

Order: TypeAlias = Mapping[str, Any]
"""What a block is to do: {"calls": n}, or {"seconds": s, "least": n, "most": n}; and "round", its number."""


class Block(NamedTuple):
    """What one block of calls showed.

    Args:
        latencies: seconds of each call.
        elapsed_s: seconds from the first call to the last answer.
        figures: what else was measured, by a name with its unit.
    """

    latencies: list[float]
    elapsed_s: float
    figures: dict[str, float] = {}  # noqa: RUF012 - never changed

    @classmethod
    def of(cls, blocks: Iterable[Block]) -> Block:
        """Blocks one after another as one; of each figure the median."""
        taken = list(blocks)
        latencies = [each for block in taken for each in block.latencies]
        return cls(latencies, sum(block.elapsed_s for block in taken), _medians(taken))

    @classmethod
    def at_once(cls, blocks: Iterable[Block]) -> Block:
        """Blocks that several processes ran at the same time as one."""
        taken = list(blocks)
        latencies = [each for block in taken for each in block.latencies]
        return cls(latencies, max(block.elapsed_s for block in taken), _medians(taken))


Run: TypeAlias = Callable[[Order], Block]


def _medians(blocks: list[Block]) -> dict[str, float]:
    names = {name for block in blocks for name in block.figures}
    return {name: statistics.median(b.figures[name] for b in blocks if name in b.figures) for name in sorted(names)}


def percentile(values: Iterable[float], share: float) -> float:
    """The value that a share of all are at or below, 0 to 1."""
    ordered = sorted(values)
    return ordered[int(share * (len(ordered) - 1))]


def in_turn(call: Callable[[], object], pause_s: float = 0.0) -> Run:
    """Runs blocks of one caller in a loop.

    Args:
        call: what is timed.
        pause_s: seconds between calls, which do not count.

    Returns:
        What runs a block: so many calls, or as many as take so long.
    """

    def run(order: Order) -> Block:
        latencies: list[float] = []
        while not _is_done(latencies, order):
            latencies.append(timed(call))
            if pause_s:
                time.sleep(pause_s)
        return Block(latencies, sum(latencies))

    return run


def _is_done(latencies: list[float], order: Order) -> bool:
    if "calls" in order:
        return len(latencies) >= int(order["calls"])
    if len(latencies) < order["least"]:
        return False
    return sum(latencies) >= float(order["seconds"]) or len(latencies) >= float(order.get("most", "inf"))


def timed(call: Callable[[], object]) -> float:
    """The seconds that a call takes."""
    start_at = time.perf_counter()
    call()
    return time.perf_counter() - start_at
