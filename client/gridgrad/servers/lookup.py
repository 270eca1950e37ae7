"""Names of servers, looked up to the one target that gRPC takes for all of them."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from gridgrad.servers.addresses import HostAndPort, target_of

__all__ = ["NameLookup", "NamesUnknown", "numbers_of_names"]

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
AT_ONCE = 16


class NamesUnknown(Exception):  # noqa: N818 - never leaves the client: `error_mapping.of` makes it an error
    """None of the names has an address now. Says why."""


def numbers_of_names(names: Sequence[HostAndPort]) -> list[HostAndPort]:
    """All addresses of all names, each once and in their order; waits for the system's resolver.

    Args:
        names: hosts by name or number.

    Raises:
        NamesUnknown: there is none.
    """
    if not names:
        raise NamesUnknown("its DNS is another than this machine's")
    with ThreadPoolExecutor(min(len(names), AT_ONCE), "gridgrad-lookup") as threads:
        found = list(threads.map(_looked_up, names))
    numbers = [each for one in found if not isinstance(one, str) for each in one]
    if not numbers:
        raise NamesUnknown(next(one for one in found if isinstance(one, str)))
    return list(dict.fromkeys(numbers))


def _looked_up(name: HostAndPort) -> Iterable[HostAndPort] | str:
    """Its addresses; a text that says why there are none."""
    try:
        found = socket.getaddrinfo(name.host, name.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # a label of more than 63 letters is no Unicode to Python
        return f"{name.host}: {getattr(error, 'strerror', None) or 'no name that can be looked up'}"
    return [HostAndPort(str(number), name.port) for _, _, _, _, (number, *_) in found]


class NameLookup:
    """When to look names up: before the first call, and with longer and longer pauses when no server answers.

    Args:
        names: hosts by name or number; none where gRPC looks up itself.
    """

    def __init__(self, names: Sequence[HostAndPort]) -> None:
        self._names = names
        self._lock = threading.Lock()
        self._is_due = False
        self._not_before = 0.0
        self._pause_s = FIRST_PAUSE_S

    def suspect(self) -> None:
        """Notes that a server did not answer where it was."""
        self._is_due = bool(self._names)

    def take_turn(self) -> bool:
        """Whether to look now; says so to one caller of all that ask."""
        if not self._is_due:
            return False
        with self._lock:
            now = time.monotonic()
            if not self._is_due or now < self._not_before:
                return False
            self._is_due = False
            self._not_before, self._pause_s = now + self._pause_s, min(2 * self._pause_s, LONGEST_PAUSE_S)
            return True

    def target(self) -> str:
        """What gRPC takes for all that the names stand for now; waits.

        Raises:
            NamesUnknown: they stand for nothing.
        """
        return target_of(numbers_of_names(self._names))

    def moved(self) -> None:
        """Notes that they stand for something else than before."""
        self._pause_s = FIRST_PAUSE_S
