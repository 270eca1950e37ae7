"""Derivations: what is done for a function before a worker meets it, so that no worker is held up by it.

Helpers derive it. A small expression its worker derives at once, which takes less time than a helper's answer would.
And the library of special functions is compiled, where it needs that.
"""

from __future__ import annotations

from cachetools import LRUCache

from gridgrad_core.shared_cache import SharedCache
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.deriving.helpers import Helpers
from gridgrad_server.deriving.special_library import SpecialLibrary
from gridgrad_server.requests.function_key import FunctionKey
from gridgrad_server.requests.throughput import FEW_DERIVED

__all__ = ["Derivations"]

_MOST_BYTES = 64 << 20
_MOST_BYTES_FOR_TABLES = 8 << 20


class Derivations:
    """Has functions derived. What is dropped, of the caller who has most, is derived again when it is wanted.

    Args:
        helpers: do it; None where workers do all.
        most_bytes: of what they have made and is kept.
        library: of special functions; None where workers look after that.
    """

    def __init__(
        self,
        helpers: Helpers | None = None,
        most_bytes: int = _MOST_BYTES,
        library: SpecialLibrary | None = None,
    ) -> None:
        self._helpers = helpers
        self._library = library
        self._kept: SharedCache[FunctionKey, FunctionKey] = SharedCache(most_bytes, _derived_bytes)
        self._for_tables: LRUCache[bytes, bytes] = LRUCache(_MOST_BYTES_FOR_TABLES, len)

    def is_complete(self, function: FunctionKey) -> bool:
        """Whether a worker may meet a function now."""
        is_derived = self._helpers is None or bool(function.derived) or _is_small(function)
        return is_derived and not self._lacks_library(function)

    def _lacks_library(self, function: FunctionKey) -> bool:
        return self._library is not None and not self._library.is_settled and function.needs_library

    async def complete(self, function: FunctionKey, caller: str) -> None:
        """Has a function derived unless it is, or needs no help, and what it needs compiled.

        Args:
            function: what is to be computed.
            caller: for whom.

        Raises:
            GridgradError: why it can't be.
        """
        if self._library is not None and self._lacks_library(function):
            await self._library.settle()
        if self._helpers is None or _is_small(function):
            return
        if not function.derived:
            plan = function.plan
            # Of tables a plan has no numbers, and what is derived is the same for all that they may have
            alike = plan.SerializeToString(deterministic=True) if function.key.tables else b""
            function.derived = self._for_tables.get(alike, b"")
            if not function.derived:
                job = wpb.HelperJob(derive=plan)
                function.derived = (await self._helpers.ask(job, _described(function), caller)).derived
                if alike and len(function.derived) <= _MOST_BYTES_FOR_TABLES:
                    self._for_tables[alike] = function.derived
        for dropped in self._kept.put(function, function, caller):
            dropped.derived = b""

    async def explanation(self, function: FunctionKey, caller: str) -> wpb.Explanation | None:
        """What is computed for a function; None for a small one, which a worker can say.

        Raises:
            GridgradError: why it can't be said.
        """
        if self._helpers is None or _is_small(function):
            return None
        job = wpb.HelperJob(explain=function.plan)
        return (await self._helpers.ask(job, _described(function), caller)).explanation


def _derived_bytes(function: FunctionKey) -> int:
    return max(1, len(function.derived))


def _is_small(function: FunctionKey) -> bool:
    return function.is_pullback or function.derived_operations <= FEW_DERIVED


def _described(function: FunctionKey) -> str:
    count = len(function.key.derivatives)
    return f"an expression of {function.operations:,} operations with {count} derivative{'' if count == 1 else 's'}"
