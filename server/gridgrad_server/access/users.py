"""The users of this machine who are principals at the socket of sessions."""

from __future__ import annotations

from collections.abc import Iterable

from gridgrad_server.access.grants import Grant
from gridgrad_server.access.token_file import TokenEntry

__all__ = ["Users"]


class Users:
    """The users that a file of tokens names, each with its grant."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[TokenEntry, Grant]] = {}

    def replace(self, entries: Iterable[TokenEntry]) -> None:
        """Takes these and no others. Grants of users who are gone, or may do something else now, are revoked."""
        before, self._known = self._known, {}
        for entry in entries:
            if entry.user is None:
                continue
            known, grant = before.get(entry.user, (None, None))
            if grant is None or known is None or not known.has_access_of(entry):
                grant = Grant(entry.principal, entry.roles, entry.expires_at)
            self._known[entry.user] = entry, grant
        valid = {id(grant) for _, grant in self._known.values()}
        for _, grant in before.values():
            grant.is_revoked = id(grant) not in valid

    def find(self, uid: int) -> Grant | None:
        """The grant of a user, by number; None for one who is not known."""
        known = self._known.get(uid)
        return known[1] if known else None
