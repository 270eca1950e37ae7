"""How much a principal may take, or where there are none a host: what can be limited, and how that is written.

    requests=64 bytes=256MiB cost-rate=1e9 sessions=8 lanes=2 preparations=2 array-bytes=64MiB cache-bytes=64MiB
    weight=0.1

It stands so in `--quota`, for everyone, and in the file of tokens behind a line, for its principal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

from gridgrad_server.config.flag_types import Bytes

__all__ = ["LIMITS", "UNLIMITED", "QuotaLimits", "limits_of"]


class QuotaLimits(NamedTuple):
    """How much one may take.

    Args:
        requests: under way at once.
        bytes: held for these.
        cost_rate: points x components x (1 + derivatives) a second; what was not used is kept for one second.
        sessions: open at once.
        lanes: of these; 0 for none.
        preparations: calls of Prepare at once, each of which may be a compilation.
        array_bytes: of arrays that are kept.
        cache_bytes: of compiled code that is kept on disk.
        weight: of its turns, where others wait too.
    """

    requests: float = math.inf
    bytes: float = math.inf
    cost_rate: float = math.inf
    sessions: float = math.inf
    lanes: float = math.inf
    preparations: float = math.inf
    array_bytes: float = math.inf
    cache_bytes: float = math.inf
    weight: float = 1.0


UNLIMITED = QuotaLimits()

_MOST_WEIGHT = 1000.0


def _count(text: str) -> float:
    if not text.isdecimal() or int(text) < 1:
        raise ValueError("a whole number, 1 or more")
    return float(int(text))


def _count_or_none(text: str) -> float:
    if not text.isdecimal():
        raise ValueError("a whole number")
    return float(int(text))


def _bytes(text: str) -> float:
    parsed = Bytes().parsed(text)
    if parsed is None:
        raise ValueError(Bytes.takes)
    return float(parsed)


def _rate(text: str) -> float:
    rate = float(text) if text[:1].isdecimal() else math.nan
    if not 0 < rate < math.inf:
        raise ValueError("a number over 0, such as 1e9")
    return rate


def _weight(text: str) -> float:
    weight = _rate(text)
    if not 1 / _MOST_WEIGHT <= weight <= _MOST_WEIGHT:
        raise ValueError(f"a number from {1 / _MOST_WEIGHT:g} to {_MOST_WEIGHT:g}")
    return weight


LIMITS: dict[str, Callable[[str], float]] = {
    "requests": _count,
    "bytes": _bytes,
    "cost-rate": _rate,
    "sessions": _count,
    "lanes": _count_or_none,
    "preparations": _count,
    "array-bytes": _bytes,
    "cache-bytes": _bytes,
    "weight": _weight,
}
"""By the name that each is written with, what reads its value."""


def limits_of(words: Iterable[str], others: QuotaLimits = UNLIMITED) -> QuotaLimits:
    """Reads limits.

    Args:
        words: such as "requests=64".
        others: those that no word names.

    Raises:
        ValueError: a word is none, or comes twice.
    """
    read: dict[str, float] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name not in LIMITS:
            raise ValueError(f"{name!r} is nothing that can be limited; there are {', '.join(LIMITS)}")
        field = name.replace("-", "_")
        if field in read:
            raise ValueError(f"{name} comes twice; write it once")
        try:
            read[field] = LIMITS[name](value)
        except ValueError as error:
            raise ValueError(f"{word!r}: {name} takes {error}") from None
    return others._replace(**read)
