"""How many threads torch computes with: one where numbers are few.

torch divides no operation of few numbers among threads, but the mathematical library below it may, from some hundred
on. On processors that others want too one thread then waits for the other, for longer than both compute.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

__all__ = ["SHORT", "one_thread", "one_thread_where_short"]

SHORT = 1 << 12
"""Numbers: of a sine one thread computes as many in 10 µs, and two on idle processors in 9."""


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Has torch compute with one thread, here and as long as this lasts; to change it takes 0.1 µs."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def one_thread_where_short(numbers: int) -> contextlib.AbstractContextManager[None]:
    """Has torch compute with one thread where its operations have so few numbers that others are not worth waiting for.

    Args:
        numbers: that an operation has.
    """
    return one_thread() if numbers <= SHORT else contextlib.nullcontext()
