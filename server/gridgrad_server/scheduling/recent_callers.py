"""Recent callers: whether a caller has the server to himself, so that nobody else is held up by what he has it do."""

from __future__ import annotations

import math

__all__ = ["RecentCallers"]

_RECENT_S = 60.0


class RecentCallers:
    """Tells one caller from several."""

    def __init__(self) -> None:
        self._last = ""
        self._last_at = self._other_at = -math.inf

    def came(self, caller: str, now: float) -> None:
        """Takes in a call.

        Args:
            caller: who calls.
            now: by time.monotonic.
        """
        if caller != self._last:
            self._last, self._other_at = caller, self._last_at
        self._last_at = now

    def are_several(self, now: float) -> bool:
        """Whether somebody else than the last caller has called within a minute."""
        return now - self._other_at < _RECENT_S
