"""The engines of all stages of a pull-back as one: compiled code is used once every stage has it.

So within a tier the bits do not depend on which of the stages was compiled first.
"""

from __future__ import annotations

from collections.abc import Sequence

from gridgrad_worker.engines.compiled.tier import TierState
from gridgrad_worker.engines.compiled.tiered_engine import TieredEngine

__all__ = ["StagedEngine"]


class StagedEngine(TieredEngine):
    """The engine of the stage of all points, which speaks for the others.

    Args:
        whole: the engine of that stage by itself.
        others: the engines of the other stages.
    """

    def __init__(self, whole: TieredEngine, others: Sequence[TieredEngine]) -> None:
        super().__init__(whole._direct, whole._tier, whole._key)
        self._others = others

    @property
    def is_ready(self) -> bool:
        """Whether there is compiled code of all."""
        return super().is_ready and all(each.is_ready for each in self._others)

    @property
    def state(self) -> TierState:
        """Whether there is compiled code of all; else what is to be said of the first that has none."""
        states = [super().state, *(each.state for each in self._others)]
        return next((state for state in states if state.compiled != "ready"), states[0])

    def look(self) -> None:
        """Loads compiled code, if there is some on disk."""
        super().look()
        for each in self._others:
            each.look()

    def prepare(self) -> None:
        """Asks for compiled code to be made."""
        super().prepare()
        for each in self._others:
            each.prepare()

    def close(self) -> None:
        """Gives them up."""
        super().close()
        for each in self._others:
            each.close()
