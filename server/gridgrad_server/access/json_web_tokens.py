"""JSON Web Tokens (RFC 7519) of an issuer that the operator trusts, by keys in a file (RFC 7517). Nothing is fetched.

The algorithm of a token is that of its key, and one of ALGORITHMS: what its header says chooses neither. A token that
was verified once is known by its digest until it expires.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jwt
from cachetools import LRUCache

from gridgrad_server.access.grants import Grant
from gridgrad_server.access.roles import PrincipalRoles
from gridgrad_server.access.token_file import check_principal, digest_of
from gridgrad_server.config.access_error import AccessError

__all__ = ["ALGORITHMS", "SKEW_S", "JsonWebTokens", "Keys", "read_keys"]

ALGORITHMS = ("RS256", "ES256", "EdDSA")
SKEW_S = 30
"""How far clocks may differ."""

_LEAST_RSA_BITS = 2048
_MOST_KNOWN = 4096
_MOST_BYTES = 1 << 13
_CLAIMS = ("exp", "nbf", "aud", "iss", "sub")

Keys = Mapping[str, jwt.PyJWK]
"""By their ids."""


class _Known(NamedTuple):
    """A token that was verified."""

    grant: Grant
    key: str


class JsonWebTokens:
    """The tokens of an issuer.

    Args:
        issuer: the claim iss.
        audience: one of the claim aud.
        roles: what principals may do.
    """

    def __init__(self, issuer: str, audience: str, roles: PrincipalRoles) -> None:
        self._issuer = issuer
        self._audience = audience
        self._roles = roles
        self._keys: Keys = {}
        self._known: LRUCache[bytes, _Known] = LRUCache(_MOST_KNOWN)

    def replace(self, keys: Keys) -> None:
        """Trusts these keys and no others. Grants by keys that are gone, or whose roles have changed, are revoked."""
        for digest, (grant, key) in list(self._known.items()):
            if _material(keys.get(key)) != _material(self._keys.get(key)) or not self._roles.are_those_of(grant):
                grant.is_revoked = True
                del self._known[digest]
        self._keys = keys

    def known(self, token: str) -> Grant | None:
        """The grant of a token that was verified before."""
        known = self._known.get(digest_of(token))
        return known.grant if known else None

    def verify(self, token: str) -> Grant | None:
        """The grant of a token; None for one that is wrong or no longer valid."""
        if len(token) > _MOST_BYTES:
            return None
        try:
            key = self._key_of(jwt.get_unverified_header(token))
            if key is None:
                return None
            claims = jwt.decode(
                token,
                key.key,
                algorithms=[key.algorithm_name],
                audience=self._audience,
                issuer=self._issuer,
                leeway=SKEW_S,
                options={"require": [*_CLAIMS]},
            )
            check_principal(claims["sub"])
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            return None
        grant = Grant(claims["sub"], self._roles.of(claims["sub"]), float(claims["exp"]) + SKEW_S)
        self._known[digest_of(token)] = _Known(grant, key.key_id or "")
        return grant

    def _key_of(self, header: Mapping[str, Any]) -> jwt.PyJWK | None:
        name = header.get("kid")
        if name is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(name) if isinstance(name, str) else None


def _material(key: jwt.PyJWK | None) -> object:
    return key and key._jwk_data


def read_keys(path: Path) -> Keys:
    """Reads a JSON Web Key Set.

    Raises:
        AccessError: it can't be read, or a key of it is none that signatures are verified by.
    """
    try:
        given = json.loads(path.read_bytes())["keys"]
        keys = [(position, each) for position, each in enumerate(given) if each.get("use", "sig") == "sig"]
    except OSError as error:
        raise AccessError(f"{path} can't be read ({error.strerror}): mend it, or give another path") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise AccessError(f'{path} is no JSON Web Key Set: it has the form {{"keys": [...]}}') from None
    read = {}
    for position, each in keys:
        key = _key(path, position, each)
        read[key.key_id or ""] = key
    if not read or len(read) < len(keys):
        raise AccessError(f"{path}: keys need an id of their own each, where there is more than one; mend the file")
    return read


def _key(path: Path, position: int, given: Mapping[str, Any]) -> jwt.PyJWK:
    try:
        key = jwt.PyJWK(dict(given))
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
        raise AccessError(f"{path}, key {position}: {error}; take it out or mend it") from None
    if key.algorithm_name not in ALGORITHMS:
        remedy = f"there are {', '.join(ALGORITHMS)}"
        raise AccessError(f"{path}, key {position}: of the algorithm {key.algorithm_name}; {remedy}: take it out")
    if key.algorithm_name == "RS256" and key.key.key_size < _LEAST_RSA_BITS:
        raise AccessError(
            f"{path}, key {position}: {key.key.key_size} bits; {_LEAST_RSA_BITS} are the least: take it out"
        )
    return key
