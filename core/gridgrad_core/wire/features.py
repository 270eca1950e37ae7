"""Features: what servers know beyond the methods and fields of 0.1.0, by name.

What is new on the wire is a method of its own, which older servers refuse, or a field of a feature in this list. 0.1.0
ignores fields that it does not know, and would answer as if they weren't there. So who uses one asks GetServerInfo once
whether the server has it, and lists it in the request, for servers that refuse what they do not know.
"""

from __future__ import annotations

from collections.abc import Collection

from gridgrad_core.errors import UnsupportedError
from gridgrad_core.version import __version__

__all__ = [
    "ARRAYS",
    "BOUND",
    "FEATURES",
    "IGNORE_UNUSED",
    "KEPT_ARRAYS",
    "LANES",
    "PACKS",
    "PULLBACKS",
    "REDUCTIONS",
    "RESTS",
    "TABLES",
    "check_features",
]

ARRAYS = "arrays"
"""Tables without arguments, over which expressions sum."""
BOUND = "bound"
"""GridGradientRequest.bind and bound. Servers of 0.1.0 ignore bind and give no number, so nobody has to ask first."""
IGNORE_UNUSED = "ignore_unused"
"""GridGradientRequest.ignore_unused."""
TABLES = "tables"
"""Input.table."""
KEPT_ARRAYS = "kept_arrays"
"""Array.sha256 without data."""

PULLBACKS = "pullbacks"
"""Reduction.kind "pullback"."""

REDUCTIONS = "reductions"
"""GridGradientRequest.reduction."""

RESTS = "rests"
"""GridGradientRequest.first_row."""

LANES = "lanes"
"""SessionRequest.lane_slots. OpenSessionResponse.lanes says whether there are any, so that nobody has to ask first."""

PACKS = "packs"
"""SessionRequest.pack. OpenSessionResponse.packs says whether there are any, so that nobody has to ask first."""

FEATURES = frozenset({ARRAYS, BOUND, IGNORE_UNUSED, KEPT_ARRAYS, LANES, PACKS, PULLBACKS, REDUCTIONS, RESTS, TABLES})
"""All that this version knows."""


def check_features(asked: Collection[str], known: Collection[str] = FEATURES, server: str = __version__) -> None:
    """Refuses what a server does not know.

    Args:
        asked: the features of a request.
        known: those of the server.
        server: its version.

    Raises:
        UnsupportedError: there is one that it does not know.
    """
    missing = [feature for feature in asked if feature not in known]
    if missing:
        named = ", ".join(map(repr, missing))
        remedy = "update the server, or do without; GetServerInfo.features has what it knows"
        raise UnsupportedError("features", f"{named}, which the server's version {server} does not know", remedy)
