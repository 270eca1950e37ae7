"""Pace: how quickly grids of a plan are computed, by which pieces are cut where memory doesn't bound them."""

from __future__ import annotations

__all__ = ["PIECE_S", "Pace"]

PIECE_S = 0.002
"""How long a piece may take where it may be large: short for who waits, long beside what a piece costs by itself."""

_FORGET = 1.02
"""By how much the quickest piece counts less with each that comes after it."""

_LEAST_COST = 1 << 16
"""Of pieces that tell the pace; less is all overhead."""


class Pace:
    """What was measured of a plan, in the tier that was used last."""

    def __init__(self) -> None:
        self._tier = ""
        self._unit_s = 0.0

    def note(self, tier: str, cost: int, compute_s: float) -> None:
        """Takes in how long a piece took that was computed alone."""
        if cost < _LEAST_COST:
            return
        unit_s = compute_s / cost
        # Whoever else wants the processors makes pieces take longer, and none makes them take less
        self._unit_s = min(unit_s, _FORGET * self._unit_s) if self._unit_s and tier == self._tier else unit_s
        self._tier = tier

    def cost(self, tier: str = "") -> int:
        """The cost of what is computed in PIECE_S; 0 while that is not known.

        Args:
            tier: that it is to be computed in; empty for the one used last.
        """
        return int(PIECE_S / self._unit_s) if self._unit_s and tier in ("", self._tier) else 0
