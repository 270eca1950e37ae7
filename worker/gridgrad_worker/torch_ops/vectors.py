"""How long a tensor has to be for torch's bits to be the same wherever a number stands in it.

torch computes most of a tensor with vector instructions and the rest, less than one of its loops takes at a time,
number by number; for exp, pow and such the two differ in the last digit.
"""

from __future__ import annotations

__all__ = ["GRAIN", "VECTOR", "padded"]

VECTOR = 64
"""Numbers: a multiple of what torch's vector loops take at a time, whatever the instruction set."""

GRAIN = 1 << 15
"""Numbers: torch divides no less among threads, but what its mathematical library computes (`devices/threads.py`)."""


def padded(count: int, threads: int) -> int:
    """The least length of at least `count` that torch cuts into whole vectors for its threads."""
    length = -(-count // VECTOR) * VECTOR
    while length > GRAIN:
        parts = min(threads, -(-length // GRAIN)) * VECTOR
        if length % parts == 0:
            break
        length = -(-length // parts) * parts
    return length
