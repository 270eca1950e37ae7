"""What a compiled tier is, whatever compiles and wherever it computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from gridgrad_worker.engines.compiled.codegen.job import Order
from gridgrad_worker.engines.functional.functional_engine import Array
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import Piece

__all__ = ["Compiled", "State", "Tier"]


class State(NamedTuple):
    """Whether there is compiled code of an expression.

    Args:
        compiled: "ready", "pending" while there may be some later, or "never".
        why: why there never will be; else empty.
    """

    compiled: Literal["ready", "pending", "never"]
    why: str = ""


class Compiled(Protocol):
    """Compiled code of an expression."""

    def compute(self, pieces: Sequence[Piece], outs: Sequence[Array]) -> None:
        """Computes pieces together."""


class Tier(Protocol):
    """Which expressions are hot, which are being compiled, and which are ready. Nothing of it waits."""

    def add(self, order: Order, direct: StructuredEngine) -> str:
        """Tells of an expression, and returns its key."""

    def forget(self, key: str) -> None:
        """Drops an expression that was added once."""

    @property
    def is_waiting(self) -> bool:
        """Whether `attend` has something to do."""

    def attend(self) -> None:
        """Takes in what has been compiled, and has the next one compiled."""

    def state(self, key: str) -> State:
        """Whether there is compiled code of an expression, as far as is known by now."""

    def lookup(self, key: str) -> Compiled | None:
        """The compiled code of an expression, if it is ready; to be called between batches."""

    def note(self, key: str, points: int, pieces: int = 1) -> None:
        """Counts what was computed by the direct tier."""

    def prepare(self, key: str) -> None:
        """Asks for an expression to be compiled, if it is not yet and can be."""

    def close(self) -> None:
        """Leaves nothing behind."""
