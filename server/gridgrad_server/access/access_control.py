"""Access control: the grant of a call by its credentials, which are read again when the operator says so."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gridgrad_core.errors import ForbiddenError, RefusedError
from gridgrad_core.extras import optional
from gridgrad_server.access.grants import Grant
from gridgrad_server.access.quotas import Quotas
from gridgrad_server.access.roles import PrincipalRoles
from gridgrad_server.access.rules import Rule
from gridgrad_server.access.token_file import TokenEntry, limits_in, read_tokens
from gridgrad_server.access.tokens import Tokens
from gridgrad_server.access.users import Users
from gridgrad_server.access.wrong_tokens import WrongTokens
from gridgrad_server.config.quota_limits import limits_of
from gridgrad_server.config.settings import ServerSettings

if TYPE_CHECKING:
    from gridgrad_server.access.client_certificates import ClientCertificates
    from gridgrad_server.access.json_web_tokens import JsonWebTokens, Keys

__all__ = ["AccessControl", "Credentials", "FileContents", "check_allowed", "check_valid", "unknown_token"]

_HEADER, _BEARER = "authorization", "bearer"
_GIVE = "give Client(token=...) or GRIDGRAD_TOKEN one that the operator made by gridgrad-server token add"
_EXTRA = "auth"


class Credentials(NamedTuple):
    """What a call shows.

    Args:
        authorization: the values of the header of that name.
        certificate: that of its connection, PEM; None without one, or where it counts for nothing.
    """

    authorization: Sequence[str | bytes]
    certificate: bytes | None = None


class FileContents(NamedTuple):
    """What the files say who may call."""

    entries: Sequence[TokenEntry]
    keys: Keys | None


class AccessControl:
    """Who may call, and what.

    Args:
        settings: of the server.

    Attributes:
        quotas: what each caller takes.
        is_on: whether calls need credentials at all.
        by_certificate: whether client certificates are credentials.
        wrong_tokens: who tries them.

    Raises:
        AccessError: a file that says who may call can't be used.
        MissingExtraError: a package for it is not installed.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self._token_file: Path | None = settings.auth_tokens
        self._key_file: Path | None = settings.auth_jwt
        self._tokens = Tokens()
        self._roles = PrincipalRoles()
        self._users = Users()
        self._web_tokens = _web_tokens(settings, self._roles)
        self._certificates = _certificates(settings, self._roles)
        self.is_on = settings.has_auth
        self.quotas = Quotas(limits_of(settings.quota), is_on=self.is_on or bool(settings.quota))
        self.by_certificate = settings.auth_certificates
        self.wrong_tokens = WrongTokens()
        self.take(self.read())

    def read(self) -> FileContents:
        """What the files say now. Blocks, and may be called in a thread.

        Raises:
            AccessError: one of them can't be used.
        """
        entries, keys = read_tokens(self._token_file).entries if self._token_file else [], None
        if self._key_file:
            from gridgrad_server.access.json_web_tokens import read_keys

            keys = read_keys(self._key_file)
        return FileContents(entries, keys)

    def take(self, contents: FileContents) -> None:
        """Lets these call from now on, and revokes the grants of others."""
        self._tokens.replace(contents.entries)
        self._roles.replace(contents.entries)
        self._users.replace(contents.entries)
        self.quotas.replace(limits_in(contents.entries))
        if self._web_tokens and contents.keys is not None:
            self._web_tokens.replace(contents.keys)
        if self._certificates:
            self._certificates.changed()

    def __len__(self) -> int:
        return len(self._tokens)

    def grant_of(self, shown: Credentials, *, may_verify: bool = False) -> Grant | None:
        """The grant of a call.

        Args:
            shown: its credentials.
            may_verify: whether a token that is not known may take the time to be verified.

        Returns:
            None for a token that is not known.

        Raises:
            RefusedError: there are no credentials, or they hold no longer, or they are not of one principal.
        """
        certified = self._certificates.grant_of(shown.certificate) if self._certificates and shown.certificate else None
        if certified and not shown.authorization:
            check_valid(certified)
            return certified
        token = _token_of(shown.authorization)
        grant = self._tokens.find(token) or self._web_grant(token, may_verify)
        if grant and certified:
            grant = _joint(grant, certified)
        if grant:
            check_valid(grant)
        return grant

    def grant_of_user(self, uid: int) -> Grant | None:
        """The grant of a user of this machine; None for one who is no principal."""
        return self._users.find(uid)

    def _web_grant(self, token: str, may_verify: bool) -> Grant | None:
        if self._web_tokens is None:
            return None
        return self._web_tokens.known(token) or (self._web_tokens.verify(token) if may_verify else None)


def _web_tokens(settings: ServerSettings, roles: PrincipalRoles) -> JsonWebTokens | None:
    if not (settings.auth_jwt and settings.auth_jwt_issuer and settings.auth_jwt_audience):
        return None
    optional("jwt", _EXTRA)
    optional("cryptography", _EXTRA)
    from gridgrad_server.access.json_web_tokens import JsonWebTokens

    return JsonWebTokens(settings.auth_jwt_issuer, settings.auth_jwt_audience, roles)


def _certificates(settings: ServerSettings, roles: PrincipalRoles) -> ClientCertificates | None:
    if not settings.auth_certificates:
        return None
    optional("cryptography", _EXTRA)
    from gridgrad_server.access.client_certificates import ClientCertificates

    return ClientCertificates(roles)


def _joint(one: Grant, other: Grant) -> Grant:
    if one.principal != other.principal:
        found = f"a token of {one.principal} and a certificate of {other.principal}"
        raise RefusedError(_HEADER, found, "show credentials of one principal, or only one of them")
    return Grant(one.principal, one.roles | other.roles, of=(one, other))


def check_allowed(grant: Grant, rule: Rule) -> None:
    """Refuses what a grant does not allow.

    Raises:
        ForbiddenError: it has none of the roles that the rule asks for.
    """
    if rule and grant.allows(rule):
        return
    found = f"{grant.principal} with the role {', '.join(sorted(grant.roles))}"
    needed = f"this call needs the role {' or '.join(sorted(rule))}" if rule else "nobody here may make this call"
    raise ForbiddenError(_HEADER, found, f"{needed}: ask the operator for it")


def check_valid(grant: Grant) -> None:
    """Refuses a grant that holds no longer.

    Raises:
        RefusedError: it was revoked, or has expired.
    """
    if not grant.is_valid(time.time()):
        found = "credentials that were revoked" if grant.is_revoked else "credentials that have expired"
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
