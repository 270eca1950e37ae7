"""The roles of principals whose credentials do not name any: JSON Web Tokens and certificates.

They may call, unless the file of tokens has a line for the principal, with - in the place of the digest.
"""

from __future__ import annotations

from collections.abc import Iterable

from gridgrad_server.access.grants import CALL, Grant
from gridgrad_server.access.token_file import TokenEntry

__all__ = ["PrincipalRoles"]


class PrincipalRoles:
    """What principals may do."""

    def __init__(self) -> None:
        self._by_name: dict[str, frozenset[str]] = {}

    def replace(self, entries: Iterable[TokenEntry]) -> None:
        """Takes the lines of a file."""
        self._by_name = {entry.principal: frozenset(entry.roles) for entry in entries if not entry.digest}

    def of(self, principal: str) -> frozenset[str]:
        """The roles of a principal."""
        return self._by_name.get(principal, frozenset({CALL}))

    def are_those_of(self, grant: Grant) -> bool:
        """Whether a grant still says them."""
        return self.of(grant.principal) == grant.roles
