"""Blocks of which a plan's products of exponentials are not right: computed by another plan, in the direct tier."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from gridgrad_worker.engines.functional.functional_engine import Array
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import Tile
from gridgrad_worker.pullbacks.grid_pullback import BlockGradients, Compute, PulledBlock

__all__ = ["UnseparatedBlock"]

Floats = NDArray[np.float64]

Made = Callable[[], tuple[BlockGradients, StructuredEngine]]
"""Makes what computes blocks by a plan, and the engine of its stage of all points."""


class UnseparatedBlock:
    """Computes gradients of blocks as they were written.

    Args:
        made: makes what does, when there is the first of such blocks.
    """

    def __init__(self, made: Made) -> None:
        self._made = functools.cache(made)

    def of_block(self, run: Compute, block: PulledBlock, tier: str) -> tuple[float, Sequence[Floats | None], str]:  # noqa: ARG002 - a BlockGradients takes it
        """The sum, its gradient, and the direct tier."""
        gradients, engine = self._made()

        def directly(tiles: Sequence[Tile], outs: Sequence[Array], _: Sequence[str]) -> list[str]:
            engine.compute(tiles, outs)
            return [engine.tier] * len(tiles)

        return gradients.of_block(directly, block, engine.tier)
