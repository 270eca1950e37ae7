"""Hosts and origins: a page in somebody's browser may not call a server that was not meant for it.

A page of another origin can have a browser send requests to any address that it reaches, and by a name that changes its
address it can read the answers too. So a request must name a host that is known, and come from no page or from one of
the same origin, or from an origin that the operator has named.
"""

from __future__ import annotations

from collections.abc import Iterable

from gridgrad_core.errors import ForbiddenError
from gridgrad_server.connections.listen import parts_of
from gridgrad_server.http.http_call import Scope

__all__ = ["KnownOrigins"]

_LOCAL = "localhost", "127.0.0.1", "[::1]"
_ANY = "0.0.0.0", "[::]"  # noqa: S104 - to be told from names, not listened on


class KnownOrigins:
    """The hosts and origins that may be named.

    Args:
        address: that is listened on; its host is known, and all names of this machine for itself.
        hosts: others.
        origins: of pages that may call.
    """

    def __init__(self, address: str, hosts: Iterable[str], origins: Iterable[str]) -> None:
        own = parts_of(address)[0].lower()
        self._hosts = {*_LOCAL, *map(str.lower, hosts), *(() if own in _ANY else (own,))}
        self._origins = frozenset(map(str.lower, origins))

    def check(self, scope: Scope) -> None:
        """Refuses a request that was not meant for this server.

        Raises:
            ForbiddenError: it was not.
        """
        hosts = _values(scope, b"host")
        host = hosts[0].lower() if len(hosts) == 1 else ""
        if _without_port(host) not in self._hosts:
            found = f"{hosts[0][:100]!r}, no host of this server" if hosts else "none"
            raise ForbiddenError("host", found, "call it by a name that it knows, or start it with --http-host NAME")
        for origin in _values(scope, b"origin"):
            if origin.lower() not in (f"{scope['scheme']}://{host}", *self._origins):
                found = f"{origin[:100]!r}, a page of another origin"
                raise ForbiddenError("origin", found, "start the server with --http-origin ORIGIN to let it call")


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _without_port(host: str) -> str:
    if host.endswith("]"):
        return host
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host
