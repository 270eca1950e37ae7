"""How many threads compiled code runs in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

__all__ = ["FOR_ONE_THREAD", "threads_for"]

FOR_ONE_THREAD = 1 << 13
"""Numbers up to which waking another thread takes longer than they do."""


@contextlib.contextmanager
def threads_for(numbers: int) -> Iterator[None]:
    """Computes few numbers in one thread."""
    threads = torch.get_num_threads()
    if threads == 1 or numbers > FOR_ONE_THREAD:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
