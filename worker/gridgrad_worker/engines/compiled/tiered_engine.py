"""Both tiers of an expression, as one engine.

One grid is computed in one tier. A tile that is a whole request takes what is ready; for the tiles of a request
that was cut, who cut it says which tier to take.
"""

from __future__ import annotations

from collections.abc import Sequence

from gridgrad_core.errors import NotPreparedError
from gridgrad_worker.engines.compiled.runtime.compiled_engine import CompiledEngine
from gridgrad_worker.engines.compiled.runtime.request_template import TileTemplate
from gridgrad_worker.engines.compiled.tier import Tier, TierState
from gridgrad_worker.engines.functional.functional_engine import Array
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import Tile

__all__ = ["TieredEngine"]


class TieredEngine:
    """Computes an expression in the best tier that there is.

    Args:
        direct: the direct tier.
        tier: finds the compiled one.
        key: of the expression there.
    """

    name = "structured"

    def __init__(self, direct: StructuredEngine, tier: Tier, key: str) -> None:
        self._direct = direct
        self._tier = tier
        self._key = key

    def compute(self, tiles: Sequence[Tile], outs: Sequence[Array], tiers: Sequence[str] | None = None) -> list[str]:
        """Computes tiles together.

        Args:
            tiles: what to compute.
            outs: for each of them, where its results go: [planes, points], of the computing dtype.
            tiers: for each of them "direct", "compiled" or, to leave it to the worker, "".

        Returns:
            For each of them the tier that it was computed in.

        Raises:
            NotPreparedError: a tile must be compiled, and there is no compiled code here.
        """
        ready = self._tier.lookup(self._key)
        if ready is None and tiers is not None and "compiled" in tiers:
            raise self._not_prepared()
        asked = tiers or [""] * len(tiles)
        took = ["direct" if ready is None or wish == "direct" else "compiled" for wish in asked]
        for engine, tier in ((ready, "compiled"), (self._direct, "direct")):
            chosen = [i for i, each in enumerate(took) if each == tier]
            if engine is not None and chosen:
                engine.compute([tiles[i] for i in chosen], [outs[i] for i in chosen])
        if ready is None:
            points = sum(tile.subgrid.points for tile in tiles)
            self._tier.count_use(self._key, points, len(tiles), tiles[-1] if tiles else None)
        return took

    def template(self, tile: Tile, out: Array) -> TileTemplate | None:
        """How compiled code computes tiles like one, which it has just computed; None where that can't be said."""
        ready = self._tier.lookup(self._key)
        return ready.template(tile, out) if isinstance(ready, CompiledEngine) else None

    @property
    def is_ready(self) -> bool:
        """Whether there is compiled code, which is loaded then."""
        return self._tier.lookup(self._key) is not None

    @property
    def state(self) -> TierState:
        """Whether there is compiled code."""
        return self._tier.state(self._key)

    def look(self) -> None:
        """Loads compiled code, if there is some on disk."""
        self._tier.lookup(self._key)

    def prepare(self) -> None:
        """Asks for compiled code to be made."""
        self._tier.prepare(self._key)

    def close(self) -> None:
        """Gives the expression up."""
        self._tier.forget(self._key)

    def _not_prepared(self) -> NotPreparedError:
        why = self.state.why
        found = "'compiled', for which there is no compiled code" + (f": {why}" if why else " yet")
        return NotPreparedError("tier", found, "ask for tier='auto'" if why else "call prepare first and wait for it")
