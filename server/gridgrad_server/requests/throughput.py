"""Throughput: how quickly grids of a function are computed, by which tiles are cut where memory doesn't bound them."""

from __future__ import annotations

__all__ = ["TILE_S", "Throughput"]

TILE_S = 0.002
"""How long a tile may take where it may be large: short for whoever waits behind it, long beside its fixed cost."""

_FORGET_FACTOR = 1.02
"""By how much the quickest tile counts less with each that comes after it."""

_LEAST_COST = 1 << 16
"""Of tiles that tell the throughput; less is all overhead."""


class Throughput:
    """What was measured of a function, in the tier that was used last."""

    def __init__(self) -> None:
        self._tier = ""
        self._unit_s = 0.0

    def note(self, tier: str, cost: int, compute_s: float) -> None:
        """Takes in how long a tile took that was computed alone."""
        if cost < _LEAST_COST:
            return
        unit_s = compute_s / cost
        # Whoever else wants the processors makes tiles take longer, and none makes them take less
        self._unit_s = min(unit_s, _FORGET_FACTOR * self._unit_s) if self._unit_s and tier == self._tier else unit_s
        self._tier = tier

    def cost(self, tier: str = "") -> int:
        """The cost of what is computed in TILE_S; 0 while that is not known.

        Args:
            tier: that it is to be computed in; empty for the one used last.
        """
        return int(TILE_S / self._unit_s) if self._unit_s and tier in ("", self._tier) else 0
