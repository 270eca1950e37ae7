"""Addresses of servers: one as gRPC takes it, or a list of hosts that calls are spread over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from gridgrad_core.errors import RequestError

__all__ = ["Address", "HostAndPort", "ServerAddresses", "addresses_of", "target_of"]

Address: TypeAlias = str | Iterable[str]
"""What callers give: one address, several with commas between them, or several as a list."""

_SCHEMES = re.compile(r"(unix|unix-abstract|dns|ipv4|ipv6|vsock|xds):")
_HOST_AND_PORT = re.compile(r"(\[[0-9a-fA-F:.%]+\]|[^\s:/,\[\]]+):(\d{1,5})")
_NUMBERS = re.compile(r"ipv[46]:(.+)")
# gRPC asks the DNS itself, unless another one is named to be asked
_DNS = re.compile(r"dns:(?:///)?([^/,]+)")
# Where the server can only be on this machine, unless its port is forwarded
_NEAR = re.compile(r"unix:|unix-abstract:|(ipv[46]:)?(localhost|127\.[\d.]+|\[::1\])(:|$)")
_ONE = 'write host:port such as "localhost:50051", or unix:/path'
_LIST = 'write host:port for each, such as "a:50051,b:50051", or dns:///name:port alone for all that a name stands for'


class HostAndPort(NamedTuple):
    """A host by name or number, and its port."""

    host: str
    port: int


class ServerAddresses(NamedTuple):
    """The servers of a client.

    Args:
        text: all of them, as messages name them.
        listed: each for itself.
        target: what gRPC takes; empty where names in a list have to be looked up first.
        names: what has to be looked up, or may be, to know how many servers there are.
        several: whether calls are spread, since there may be more than one.
    """

    text: str
    listed: tuple[str, ...]
    target: str
    names: tuple[HostAndPort, ...] = ()
    several: bool = False

    @property
    def is_near(self) -> bool:
        """Whether it is one server, which may well be on this machine."""
        return not self.several and _NEAR.match(self.target) is not None

    @property
    def are_near(self) -> bool:
        """Whether all of them are addresses of this machine."""
        return self.is_near or (self.several and all(_NEAR.match(each) for each in self.listed))


def addresses_of(given: Address) -> ServerAddresses:
    """Reads what a caller gave.

    Args:
        given: one address, several with commas between them, or several as a list.

    Raises:
        RequestError: gRPC would misread it, or a list of it names nothing, or something twice or not as a host.
    """
    if isinstance(given, str) and ("," not in given or _SCHEMES.match(given)):
        return _one(given)
    if not isinstance(given, Iterable):
        raise RequestError("address", f"a {type(given).__name__}", f"{_ONE}, or a list of them")
    listed = [each.strip() if isinstance(each, str) else each for each in _items(given)]
    if len(listed) == 1 and isinstance(listed[0], str):
        return _one(listed[0])
    return _several(listed)


def _items(given: Address) -> Sequence[object]:
    return given.split(",") if isinstance(given, str) else [*given]


def _one(address: str) -> ServerAddresses:
    numbers, name = _NUMBERS.fullmatch(address), _DNS.fullmatch(address)
    if numbers and "," in numbers[1]:
        return ServerAddresses(address, tuple(numbers[1].split(",")), address, several=True)
    if address.startswith("dns:"):
        found = _HOST_AND_PORT.fullmatch(name[1]) if name else None
        names = (HostAndPort(found[1].strip("[]"), int(found[2])),) if found else ()
        return ServerAddresses(address, (address,), address, names, several=True)
    if _SCHEMES.match(address) or _HOST_AND_PORT.fullmatch(address):
        return ServerAddresses(address, (address,), address)
    raise RequestError("address", f"{address!r}", f"{_ONE}, or several with commas between them")


def _several(listed: Sequence[object]) -> ServerAddresses:
    if not listed:
        raise RequestError("address", "an empty list", _LIST)
    names, texts = list(map(_listed, listed)), tuple(map(str, listed))
    for text in texts:
        if texts.count(text) > 1:
            raise RequestError("address", f"{text!r} twice in the list", "name each server once")
    whole = ",".join(texts)
    if all(_is_number(name.host) for name in names):
        return ServerAddresses(whole, texts, target_of(names), several=True)
    return ServerAddresses(whole, texts, "", tuple(names), several=True)


def _listed(item: object) -> HostAndPort:
    if not isinstance(item, str):
        raise RequestError("address", f"a {type(item).__name__} in the list", _LIST)
    found = _HOST_AND_PORT.fullmatch(item)
    if found is None or not 0 < int(found[2]) < 1 << 16:
        raise RequestError("address", f"{item!r} in the list", _LIST)
    return HostAndPort(found[1].strip("[]"), int(found[2]))


def _is_number(host: str) -> bool:
    import ipaddress  # where there is one address, as mostly, nobody asks

    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def target_of(servers: Iterable[HostAndPort]) -> str:
    """The target by which gRPC connects to all of these.

    gRPC takes a list of addresses of one kind only, so beside IPv6 ones IPv4 ones are written as such, ::ffff:1.2.3.4.

    Args:
        servers: their numbers and ports.
    """
    import ipaddress

    each = [(ipaddress.ip_address(host), port) for host, port in servers]
    if all(address.version == 4 for address, _ in each):
        return "ipv4:" + ",".join(f"{address}:{port}" for address, port in each)
    mapped = [(f"::ffff:{address}" if address.version == 4 else str(address), port) for address, port in each]
    # A zone such as %eth0 is escaped, as in every URI
    return "ipv6:" + ",".join(f"[{address.replace('%', '%25')}]:{port}" for address, port in mapped)
