"""Wrong tokens: who tries many is answered slowly, by the address that they come from.

It is the generic cell rate algorithm of ITU-T I.371: each wrong token moves the time by which its source is even
again, and beyond a second's worth of them the answer waits. Right tokens never wait, whatever comes beside them.
What is kept is bounded in number, and forgotten when a source is even.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import threading
import time
from collections.abc import Iterator
from urllib.parse import unquote

__all__ = ["MOST_SOURCES", "MOST_WAITING", "WRONG_A_SECOND", "WrongTokens", "source_of"]

WRONG_A_SECOND = 20
LONGEST_WAIT_S = 5.0
MOST_SOURCES = 4096
MOST_WAITING = 1024
"""Calls whose answer waits: of more, each would hold memory, and they are answered at once."""

_IPV6_BITS = 64


class WrongTokens:
    """Counts the wrong tokens of each source."""

    def __init__(self) -> None:
        self._even_at: dict[str, float] = {}
        self._waiting = 0
        self._lock = threading.Lock()  # the port of metrics has threads

    def __len__(self) -> int:
        return len(self._even_at)

    def wait_s(self, source: str) -> float:
        """Takes in a wrong token.

        Returns:
            How many seconds its answer is to wait.
        """
        now = time.monotonic()
        if source not in self._even_at and len(self._even_at) >= MOST_SOURCES:
            self._forget(now)
        even_at = max(self._even_at.get(source, now), now) + 1 / WRONG_A_SECOND
        self._even_at[source] = min(even_at, now + 1.0 + LONGEST_WAIT_S)
        return max(0.0, self._even_at[source] - now - 1.0)

    async def wait(self, source: str) -> bool:
        """Takes in a token that is not known, and waits as long as its answer is to.

        Returns:
            Whether it waited, or had not to: else too many do, and it is to be answered at once.
        """
        with self._place(self.wait_s(source)) as wait_s:
            await asyncio.sleep(wait_s or 0.0)
        return wait_s is not None

    def wait_in_thread(self, source: str) -> bool:
        """The same in a thread."""
        with self._place(self.wait_s(source)) as wait_s:
            time.sleep(wait_s or 0.0)
        return wait_s is not None

    def was_right(self, source: str) -> None:
        """Takes back a token that was taken in as wrong."""
        self._even_at[source] = self._even_at.get(source, 0.0) - 1 / WRONG_A_SECOND

    @contextlib.contextmanager
    def _place(self, wait_s: float) -> Iterator[float | None]:
        with self._lock:
            has_place = self._waiting < MOST_WAITING or not wait_s
            self._waiting += 1
        try:
            yield wait_s if has_place else None
        finally:
            with self._lock:
                self._waiting -= 1

    def _forget(self, now: float) -> None:
        """Forgets who is even, or else who came first."""
        self._even_at = {source: at for source, at in self._even_at.items() if at > now}
        if len(self._even_at) >= MOST_SOURCES:
            del self._even_at[next(iter(self._even_at))]


def source_of(peer: str) -> str:
    """The address of a peer as gRPC names it, without its port; of IPv6 the network, which is one party's."""
    kind, _, rest = unquote(peer).partition(":")
    if not kind.startswith("ipv"):
        return kind
    host = rest.rpartition(":")[0].strip("[]").partition("%")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and not address.ipv4_mapped:
        return str(ipaddress.ip_network((int(address) >> _IPV6_BITS << _IPV6_BITS, _IPV6_BITS)))
    return str(getattr(address, "ipv4_mapped", None) or address)
