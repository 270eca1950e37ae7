"""Both tiers of an expression, as one engine.

One grid is computed in one tier. A piece that is a whole entry takes what is ready. The pieces of an entry
that was cut get the tier that its first one got here; where they are spread over several workers, who spreads
them says which tier to take.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from gridgrad.errors import InternalError
from gridgrad_worker.compiled.compiled import CompiledEngine
from gridgrad_worker.compiled.tier import CompiledTier
from gridgrad_worker.functional import Array
from gridgrad_worker.pieces import Piece
from gridgrad_worker.structured.engine import StructuredEngine

__all__ = ["TieredEngine"]

_MOST_REMEMBERED = 256


class TieredEngine:
    """Computes an expression in the best tier that there is.

    Args:
        direct: the direct tier.
        tier: finds the compiled one.
        key: of the expression there.

    Attributes:
        tier: what the last batch was computed in; "direct" if any of its pieces was.
    """

    name = "structured"

    def __init__(self, direct: StructuredEngine, tier: CompiledTier, key: str) -> None:
        self.tier = "direct"
        self._direct = direct
        self._compiled = tier
        self._key = key
        self._decided: dict[Hashable, bool] = {}

    def compute(self, pieces: Sequence[Piece], outs: Sequence[Array], tiers: Sequence[str] | None = None) -> None:
        """Computes pieces together.

        Args:
            pieces: what to compute.
            outs: for each of them, where its results go: [planes, points], of the computing dtype.
            tiers: for each of them "direct", "compiled" or, to leave it to the worker, "".

        Raises:
            InternalError: a piece must be compiled, and there is no compiled code here.
        """
        ready = self._compiled.lookup(self._key)
        asked = tiers or [""] * len(pieces)
        chosen = [self._takes_compiled(piece, wish, ready) for piece, wish in zip(pieces, asked, strict=True)]
        left = [position for position, taken in enumerate(chosen) if not taken]
        compiled = [position for position, taken in enumerate(chosen) if taken]
        if ready is not None and compiled:
            ready.compute([pieces[i] for i in compiled], [outs[i] for i in compiled])
        if left:
            self._direct.compute([pieces[i] for i in left], [outs[i] for i in left])
        if ready is None:
            self._compiled.note(self._key, sum(piece.box.points for piece in pieces), len(pieces))
        self.tier = "direct" if left else "compiled"

    def _takes_compiled(self, piece: Piece, wish: str, ready: CompiledEngine | None) -> bool:
        if wish == "compiled" and ready is None:
            raise InternalError("batch.pieces.tier", "compiled, which is not ready here", "compute the grid again")
        shape = entry_shape(piece)
        if wish or piece.box.shape == shape:
            return ready is not None and wish != "direct"
        entry = (shape, *(values.content for values in piece.inputs))
        if entry not in self._decided:
            if len(self._decided) >= _MOST_REMEMBERED:
                self._decided.pop(next(iter(self._decided)))
            self._decided[entry] = ready is not None
        return self._decided[entry]


def entry_shape(piece: Piece) -> tuple[int, ...]:
    """The shape of the whole grid that a piece belongs to."""
    shape = piece.inputs[0].lengths if piece.inputs else ()
    for values in piece.inputs[1:]:
        shape = tuple(b if a == 1 else a for a, b in zip(shape, values.lengths, strict=True))
    return shape
