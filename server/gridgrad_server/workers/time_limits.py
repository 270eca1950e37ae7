"""Time limits of a worker: how long it may take for what, and what is said of one that takes longer."""

from __future__ import annotations

__all__ = [
    "PING_AFTER_S",
    "PONG_WITHIN_S",
    "START_WITHIN_S",
    "late_batch",
    "late_introspection",
    "late_pong",
    "late_start",
]

PING_AFTER_S = 5.0
"""How long an idle worker may say nothing before it is pinged."""
PONG_WITHIN_S = 10.0
START_WITHIN_S = 600.0


def late_start(took_s: float) -> str:
    """What is wrong with a worker that has started for so long and is not ready; empty while nothing is."""
    return f"it was not ready within {START_WITHIN_S:g} s" if took_s > START_WITHIN_S else ""


def late_batch(took_s: float, piece_timeout: float) -> str:
    """The same for one that computes a batch for so long."""
    return f"a batch took longer than --piece-timeout, {piece_timeout:g} s" if took_s > piece_timeout else ""


def late_introspection(took_s: float, piece_timeout: float) -> str:
    """The same for one that is asked about a function for so long."""
    is_late = took_s > piece_timeout
    return f"an introspection call took longer than --piece-timeout, {piece_timeout:g} s" if is_late else ""


def late_pong(took_s: float) -> str:
    """The same for one that has not answered a ping for so long."""
    return f"it did not answer a ping within {PONG_WITHIN_S:g} s" if took_s > PONG_WITHIN_S else ""
