"""What random tests draw: in `make test` a little, the same each time; in `make test-long` more, of another seed."""

from __future__ import annotations

import os

__all__ = ["SHARE", "VARIABLE", "examples", "seed"]

VARIABLE = "GRIDGRAD_TEST_SEED"
"""Set by `make test-long`, which prints it."""
SHARE = "GRIDGRAD_TEST_SHARE"
"""How much of what they would draw random tests draw in `make test-long`: 0.1 where it runs on every change."""
LONGER = 10


def seed(own: int) -> int:
    """The seed of a test.

    Args:
        own: what tells it from others; its seed in `make test`.
    """
    return own + int(os.environ.get(VARIABLE, "0"))


def examples(count: int, longer: int = LONGER) -> int:
    """How many examples a test draws.

    Args:
        count: how many in `make test`, and at least.
        longer: how many times as many in `make test-long`, where it is not to draw a share of them alone.
    """
    if VARIABLE not in os.environ:
        return count
    return max(count, round(count * longer * float(os.environ.get(SHARE, "1"))))
