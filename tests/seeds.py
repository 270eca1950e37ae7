"""What random tests draw: in `make test` a little, the same each time; in `make test-long` more, of another seed."""

from __future__ import annotations

import os

__all__ = ["SHARE", "VARIABLE", "examples", "longest", "seed"]

VARIABLE = "GRIDGRAD_TEST_SEED"
"""Set by `make test-long`, which prints it."""
SHARE = "GRIDGRAD_TEST_SHARE"
"""Set to 0.1, as what runs on every change does: the longest of the long random tests draw a tenth."""
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
        count: how many in `make test`.
        longer: how many times as many in `make test-long`.
    """
    return count * longer if VARIABLE in os.environ else count


def longest(count: int, longer: int) -> int:
    """How many examples one of the longest tests draws.

    Args:
        count: how many in `make test`.
        longer: how many times as many in `make test-long`, where it is not to draw a share of them alone.
    """
    return max(count, round(examples(count, longer) * float(os.environ.get(SHARE, "1"))))
