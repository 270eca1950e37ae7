"""Grants: what a credential that was accepted lets its holder do."""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextvars import ContextVar

__all__ = ["ADMIN", "CALL", "GRANT", "METRICS", "ROLES", "Grant"]

CALL, ADMIN, METRICS = "call", "admin", "metrics"
ROLES = (CALL, ADMIN, METRICS)
"""call: compute and ask; metrics: see how the server does; admin: both, and whatever concerns others."""


class Grant:
    """What one credential lets its holder do, until it is revoked or expires.

    Args:
        principal: whose it is.
        roles: of ROLES.
        expires_at: by time.time; infinity for never.
        of: the grants of several credentials of one call, which hold only together.

    Attributes:
        is_revoked: whether it was taken back.
    """

    __slots__ = ("_of", "expires_at", "is_revoked", "principal", "roles")

    def __init__(
        self, principal: str, roles: Iterable[str], expires_at: float = math.inf, of: tuple[Grant, ...] = ()
    ) -> None:
        self.principal = principal
        self.roles = frozenset(roles)
        self.expires_at = expires_at
        self.is_revoked = False
        self._of = of

    def allows(self, roles: frozenset[str]) -> bool:
        """Whether it has one of these roles; an admin has all."""
        return ADMIN in self.roles or not roles.isdisjoint(self.roles)

    def is_valid(self, now: float) -> bool:
        """Whether it holds at a time by time.time."""
        return not self.is_revoked and now < self.expires_at and all(each.is_valid(now) for each in self._of)


GRANT: ContextVar[Grant | None] = ContextVar("GRANT", default=None)
"""That of the call at hand; None where callers need none."""
