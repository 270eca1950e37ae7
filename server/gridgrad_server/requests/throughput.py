"""Throughput: how quickly grids of a function are computed, by which tiles are cut.

Where memory doesn't bound them they are larger than usual if they are quick, and they are never so large that others
would have to wait for long. Nor are they so small that a worker would do little but call the operations of a long
expression for one tile after another: of 24,000 sines it calls as long for one point as for a thousand.
"""

from __future__ import annotations

__all__ = ["FEW_DERIVED", "MOST_TILE_S", "TILE_S", "Throughput"]

TILE_S = 0.002
"""How long a tile may take where it may be large: short for whoever waits behind it, long beside its fixed cost."""

MOST_TILE_S = 0.05
"""How long a tile, or a batch of them, may take at most, as far as that is known."""

_FEW_OPERATIONS = 1024
_MOST_OPERATIONS = 1 << 25
"""What is done for a tile of a function of more than a few operations while nothing is known of it."""

FEW_DERIVED = 1000
"""Operations, with those of derivatives, that a worker plans and calls within some milliseconds."""

_OPERATION_S = 1e-5
"""What calling an operation takes a worker, on however few points."""

_LEAST_POINTS = 1 << 8
"""Of a tile of an expression whose operations are called: calling one takes longer than to compute it on so few points.
What is measured says so too, but not on a machine that is too busy."""

_FORGET_FACTOR = 1.02
"""By how much the quickest tile counts less with each that comes after it."""

_LEAST_COST = 1 << 16
"""Of tiles that tell the throughput; less is all overhead, but where tiles of what nobody knows are smaller."""


class Throughput:
    """What was measured of a function, in the tier that was used last, by batches that had its plan.

    Args:
        operations: that the function has, as it is written; None for one that is not written in operations.
        derived: about how many it has with all derivatives.
        planes: of its results.
    """

    def __init__(self, operations: int | None = 1, derived: int = 1, planes: int = 1) -> None:
        self._operations = operations
        self._floor_cost = 1 if operations is None else _LEAST_POINTS * planes
        self._guessed_s = _OPERATION_S * derived if derived > FEW_DERIVED else 0.0
        self._least_s, self._least_tier = self._guessed_s, ""
        self._tier = ""
        self._unit_s = 0.0
        self._quick_cost = 0  # the largest of what has not taken long

    def note(self, tier: str, cost: int, compute_s: float) -> None:
        """Takes in how long a batch took, all of it in one tier."""
        self._least_s = min(compute_s, self._least_s if tier == self._least_tier else self._guessed_s)
        if tier != self._least_tier:
            self._quick_cost = 0
        self._least_tier = tier
        if compute_s < MOST_TILE_S:
            self._quick_cost = max(self._quick_cost, cost)
        takes_long = compute_s >= MOST_TILE_S and cost > self._quick_cost  # else it was held up by the machine
        unit_s = max(compute_s - self._calls_s(tier), compute_s / 2) / max(1, cost)
        is_telling = cost >= self._least_telling or takes_long or unit_s < self._unit_s
        if not is_telling:
            return
        # Whoever else wants the processors makes tiles take longer, and none makes them take less
        self._unit_s = min(unit_s, _FORGET_FACTOR * self._unit_s) if self._unit_s and tier == self._tier else unit_s
        self._tier = tier

    def expected_s(self, cost: int) -> float:
        """How long something of a cost takes, as far as is known: of long expressions that is guessed at first."""
        return max(self._least_s, self._calls_s(self._tier) + self._unit_s * cost)

    def cost(self, tier: str = "") -> int:
        """The cost of what is computed in TILE_S; 0 while that is not known.

        Args:
            tier: that it is to be computed in; empty for the one used last.
        """
        return self._cost_within(TILE_S) if self._unit_s and tier in ("", self._tier) else 0

    @property
    def most_cost(self) -> int:
        """The largest cost of a tile, and of a batch of several, for which nobody has to wait for long."""
        if self._unit_s:
            return max(1 if self._tier == "compiled" else self._floor_cost, self._cost_within(MOST_TILE_S))
        return self._unknown_cost

    @property
    def _least_telling(self) -> int:
        """Of a tile: the least cost that tells the throughput. Those of what nobody knows must, or none ever would."""
        return min(_LEAST_COST, self._unknown_cost // 2)  # a grid is cut into equal tiles, which may be smaller

    @property
    def _unknown_cost(self) -> int:
        """The largest cost of a tile while nothing is known."""
        if self._operations is None:
            return _LEAST_COST
        if self._operations <= _FEW_OPERATIONS:
            return _MOST_OPERATIONS
        return max(self._floor_cost, _MOST_OPERATIONS // self._operations)

    def _cost_within(self, seconds: float) -> int:
        """The cost of what takes so long, or half of whose time goes into calling operations."""
        calls_s = self._calls_s(self._tier)
        return int(max(seconds - calls_s, calls_s) / self._unit_s)

    def _calls_s(self, tier: str) -> float:
        """What of a tile's time is the same for any: in compiled code, which calls nothing, none."""
        return 0.0 if tier == "compiled" else self._least_s
