"""Derivations: what helpers do of a function before a worker meets it, so that no worker is held up by it.

A small expression its worker derives at once, which takes less time than a helper's answer would.
"""

from __future__ import annotations

from cachetools import LRUCache

from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.deriving.helpers import Helpers
from gridgrad_server.requests.function_key import FunctionKey
from gridgrad_server.requests.throughput import FEW_DERIVED

__all__ = ["Derivations"]

_MOST_BYTES = 64 << 20


class _Kept(LRUCache[int, FunctionKey]):
    """Functions that are derived. What is dropped is derived again when it is wanted."""

    def popitem(self) -> tuple[int, FunctionKey]:
        """Drops the one that was used longest ago."""
        number, function = super().popitem()
        function.derived = b""
        return number, function


class Derivations:
    """Has functions derived.

    Args:
        helpers: do it; None where workers do all.
        most_bytes: of what they have made and is kept.
    """

    def __init__(self, helpers: Helpers | None = None, most_bytes: int = _MOST_BYTES) -> None:
        self._helpers = helpers
        self._kept = _Kept(most_bytes, lambda function: len(function.derived))

    def is_complete(self, function: FunctionKey) -> bool:
        """Whether a worker may meet a function now."""
        return self._helpers is None or bool(function.derived) or _is_small(function)

    async def complete(self, function: FunctionKey, caller: str) -> None:
        """Has a function derived unless it is, or needs no help.

        Args:
            function: what is to be computed.
            caller: for whom.

        Raises:
            GridgradError: why it can't be.
        """
        if self._helpers is None or _is_small(function):
            return
        if not function.derived:
            job = wpb.HelperJob(derive=function.plan)
            function.derived = (await self._helpers.ask(job, _described(function), caller)).derived
        self._kept[function.number] = function

    async def explanation(self, function: FunctionKey, caller: str) -> wpb.Explanation | None:
        """What is computed for a function; None for a small one, which a worker can say.

        Raises:
            GridgradError: why it can't be said.
        """
        if self._helpers is None or _is_small(function):
            return None
        job = wpb.HelperJob(explain=function.plan)
        return (await self._helpers.ask(job, _described(function), caller)).explanation


def _is_small(function: FunctionKey) -> bool:
    return function.derived_operations <= FEW_DERIVED


def _described(function: FunctionKey) -> str:
    count = len(function.key.derivatives)
    return f"an expression of {function.operations:,} operations with {count} derivative{'' if count == 1 else 's'}"
