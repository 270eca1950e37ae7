"""Access control: the grant of a call by its credentials, which are read again when the operator says so."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from gridgrad_core.errors import ForbiddenError, RefusedError
from gridgrad_server.access.grants import Grant
from gridgrad_server.access.rules import Rule
from gridgrad_server.access.token_file import TokenEntry, read_tokens
from gridgrad_server.access.tokens import Tokens
from gridgrad_server.access.wrong_tokens import WrongTokens
from gridgrad_server.config.settings import ServerSettings

__all__ = ["AccessControl", "check_allowed", "check_valid", "unknown_token"]

_HEADER, _BEARER = "authorization", "bearer"
_GIVE = "give Client(token=...) or GRIDGRAD_TOKEN one that the operator made by gridgrad-server token add"


class AccessControl:
    """Who may call, and what.

    Args:
        settings: of the server.

    Attributes:
        is_on: whether calls need credentials at all.
        wrong_tokens: who tries them.

    Raises:
        AccessError: a file that says who may call can't be used.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self._token_file: Path | None = settings.auth_tokens
        self._tokens = Tokens()
        self.is_on = settings.has_auth
        self.wrong_tokens = WrongTokens()
        self.take(self.read())

    def read(self) -> list[TokenEntry]:
        """What the files say now. Blocks, and may be called in a thread.

        Raises:
            AccessError: one of them can't be used.
        """
        return read_tokens(self._token_file).entries if self._token_file else []

    def take(self, entries: list[TokenEntry]) -> None:
        """Lets these call from now on, and revokes the grants of others."""
        self._tokens.replace(entries)

    def __len__(self) -> int:
        return len(self._tokens)

    def grant_of(self, authorization: Sequence[str | bytes]) -> Grant | None:
        """The grant of a call.

        Args:
            authorization: the values of the header of that name.

        Returns:
            None for a token that is not known.

        Raises:
            RefusedError: there are no credentials, or they hold no longer.
        """
        grant = self._tokens.find(_token_of(authorization))
        if grant:
            check_valid(grant)
        return grant


def check_allowed(grant: Grant, rule: Rule) -> None:
    """Refuses what a grant does not allow.

    Raises:
        ForbiddenError: it has none of the roles that the rule asks for.
    """
    if rule and grant.allows(rule):
        return
    found = f"{grant.principal} with the role {', '.join(sorted(grant.roles))}"
    needed = f"this call needs the role {' or '.join(sorted(rule))}" if rule else "nobody here may make this call"
    raise ForbiddenError(_HEADER, found, f"{needed}: ask the operator for another token")


def check_valid(grant: Grant) -> None:
    """Refuses a grant that holds no longer.

    Raises:
        RefusedError: it was revoked, or has expired.
    """
    if not grant.is_valid(time.time()):
        found = "a token that was revoked" if grant.is_revoked else "a token that has expired"
        raise RefusedError(_HEADER, found, _GIVE)


def unknown_token() -> RefusedError:
    """The error of a call with a token that is not known."""
    return RefusedError(_HEADER, "a token that is not known here", _GIVE)


def _token_of(authorization: Sequence[str | bytes]) -> str:
    if not authorization:
        raise RefusedError(_HEADER, "no token", _GIVE)
    if len(authorization) > 1:
        raise RefusedError(_HEADER, "several of these headers", "send one, with the token")
    (value,) = authorization
    scheme, _, token = (value if isinstance(value, str) else value.decode("latin-1")).partition(" ")
    if scheme.lower() != _BEARER or not token:
        raise RefusedError(_HEADER, "no bearer token", f"write Bearer and the token; {_GIVE}")
    return token.strip()
