"""The token that a client shows to servers that ask for one, in the header `authorization` of RFC 6750."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import TypeAlias

from gridgrad_core.errors import RequestError

__all__ = ["HEADER", "Token", "bearer", "token_of"]

Token: TypeAlias = str | Callable[[], str]
"""A token, or what is called before each call and returns one, where tokens change."""

HEADER = "authorization"
VARIABLE = "GRIDGRAD_TOKEN"

_TEXT = re.compile(r"[A-Za-z0-9._~+/=-]+")
_IN_CLEAR = "connect by TLS with credentials=, or say token_in_clear=True where nobody listens to the network"


def token_of(given: Token | None, *, is_default: bool, is_closed: bool, in_clear: bool) -> Token | None:
    """The token of a client.

    Args:
        given: what its caller gave.
        is_default: whether he gave none, so that the environment's GRIDGRAD_TOKEN counts.
        is_closed: whether nobody can read it on its way: by TLS, or since it stays on this machine.
        in_clear: whether it may go all the same.

    Raises:
        RequestError: it is no token, or would go over a network in the clear.
    """
    name, token = "token", given
    if is_default:
        name, token = VARIABLE, os.environ.get(VARIABLE) or None
    if token is None:
        return None
    if not callable(token):
        bearer(token, name)
    if not (is_closed or in_clear):
        raise RequestError(name, "a token for another host, and no TLS", _IN_CLEAR)
    return token


def bearer(token: object, name: str = "token") -> tuple[str, str]:
    """The header of a token.

    Raises:
        RequestError: it is none; the message does not show it.
    """
    if not isinstance(token, str) or not _TEXT.fullmatch(token.strip()):
        remedy = "give the text that gridgrad-server token add printed, or another bearer token"
        raise RequestError(name, f"a {type(token).__name__} that is no token", remedy)
    return HEADER, f"Bearer {token.strip()}"
