"""What goes with every call: the metadata of a client, and the token of the moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gridgrad.arguments.bearer_token import Token, bearer

__all__ = ["CallMetadata"]

Pairs = tuple[tuple[str, str | bytes], ...]


class CallMetadata:
    """The metadata of the next call.

    Args:
        pairs: the names and values of every call.
        token: the token, or what returns it; None for none.
        make: makes of names and values what gRPC takes.
    """

    def __init__(self, pairs: Pairs, token: Token | None, make: Callable[[Pairs], Any]) -> None:
        self._pairs = pairs
        self._make = make
        self._source = token if callable(token) else None
        self._token = token
        own = () if self._source or token is None else (bearer(token),)
        self._made = make((*self._pairs, *own))

    def get(self) -> Any:
        """What gRPC takes.

        Raises:
            RequestError: the client's callable returned no token.
            Exception: whatever it raised.
        """
        if self._source is None:
            return self._made
        token = self._source()
        if token != self._token:
            self._made = self._make((*self._pairs, bearer(token)))
            self._token = token
        return self._made
