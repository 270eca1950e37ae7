"""The tokens that are accepted now.

They are found by a part of their digest and compared as a whole in constant time: how long it takes says nothing of
how much of a wrong one is right.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable

from gridgrad_server.access.grants import Grant
from gridgrad_server.access.token_file import TokenEntry, digest_of

__all__ = ["Tokens"]

_FOUND_BY = 8

_ByPart = dict[bytes, tuple[tuple[TokenEntry, Grant], ...]]


class Tokens:
    """The tokens of a file, each with its grant."""

    def __init__(self) -> None:
        self._by_part: _ByPart = {}

    def __len__(self) -> int:
        return sum(map(len, self._by_part.values()))

    def replace(self, entries: Iterable[TokenEntry]) -> None:
        """Accepts these and no others. Grants of tokens that are gone, or may do something else now, are revoked."""
        before, after = self._by_part, _ByPart()
        for entry in entries:
            if not entry.digest:
                continue
            part = entry.digest[:_FOUND_BY]
            kept = [grant for known, grant in before.get(part, ()) if known.has_access_of(entry)]
            grant = kept[0] if kept else Grant(entry.principal, entry.roles, entry.expires_at)
            after[part] = (*after.get(part, ()), (entry, grant))
        self._by_part = after
        valid = {id(grant) for found in after.values() for _, grant in found}
        for found in before.values():
            for _, grant in found:
                grant.is_revoked = id(grant) not in valid

    def find(self, token: str) -> Grant | None:
        """The grant of a token, expired or not; None for one that is not known."""
        digest, found = digest_of(token), None
        for entry, grant in self._by_part.get(digest[:_FOUND_BY], ()):
            if hmac.compare_digest(entry.digest, digest):
                found = grant
        return found
