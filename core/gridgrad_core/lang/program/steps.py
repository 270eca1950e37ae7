"""Work in steps: generators that yield in between, so that a server's loop can do other things."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

__all__ = ["finished"]

T = TypeVar("T")


def finished(steps: Generator[None, None, T]) -> T:
    """Takes all steps at once, and returns what they come to."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            result: T = stop.value
            return result
