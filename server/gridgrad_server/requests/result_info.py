"""How a grid was computed and how long that took, as each result says of itself; see the message Info of the schema.

`Scheduler.done` knows it, `FunctionKey.info` writes it, and the client reads it in `gridgrad.results.info`.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ComputedBy", "ResultInfo"]


class ComputedBy(NamedTuple):
    """What computed a grid: how many grids went together, in which engine and tier, on which device."""

    batch_size: int = 0
    engine: str = ""
    tier: str = ""
    device: str = ""

    def in_larger_batch(self, other: ComputedBy) -> ComputedBy:
        """The same with the larger of two batches."""
        return self if self.batch_size >= other.batch_size else self._replace(batch_size=other.batch_size)


class ResultInfo(NamedTuple):
    """What computed a grid, how long it waited for that, and how long it took."""

    queue_s: float = 0.0
    compute_s: float = 0.0
    computed_by: ComputedBy = ComputedBy()
