"""Statistics of an array, of a large one from a sample: its range, and how much of it is not finite."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from gridgrad.arguments.inputs import FloatArray

__all__ = ["Summary", "sampled", "summarize"]

MOST_POINTS = 1 << 18
"""The size of the sample that is taken of a larger array."""


class Summary(NamedTuple):
    """An array in few numbers.

    Args:
        low: the least finite value; nan if there is none.
        high: the greatest finite value; nan if there is none.
        nan: how many are nan.
        inf: how many are infinite.
        seen: the size of the sample.
        size: how many there are.
    """

    low: float
    high: float
    nan: int
    inf: int
    seen: int
    size: int

    @property
    def range(self) -> str:
        """Such as "-1.5 to 3"; "about ..." for a sample."""
        if not self.seen:
            return "empty"
        if math.isnan(self.low):
            return "nothing finite"
        about = "about " if self.seen < self.size else ""
        return f"{about}{self.low:.4g}" + (f" to {self.high:.4g}" if self.low < self.high else "")

    @property
    def oddities(self) -> str:
        """Such as "2 nan, 1 inf", with the size of the sample if it is one; empty if all is finite."""
        counts = [f"{count:,} {what}" for count, what in ((self.nan, "nan"), (self.inf, "inf")) if count]
        if self.seen < self.size and counts:
            counts[-1] += f" among {self.seen:,} points"
        return ", ".join(counts)


def summarize(array: FloatArray, most: int = MOST_POINTS) -> Summary:
    """The statistics of an array, or of a sample of `most` points of a larger one."""
    seen = sampled(array, most)
    finite = np.isfinite(seen)
    if finite.all():
        low, high, nan = (float(seen.min()), float(seen.max()), 0) if seen.size else (math.nan, math.nan, 0)
        return Summary(low, high, nan, 0, seen.size, array.size)
    kept, nan = seen[finite], int(np.isnan(seen).sum())
    low, high = (float(kept.min()), float(kept.max())) if kept.size else (math.nan, math.nan)
    return Summary(low, high, nan, seen.size - kept.size - nan, seen.size, array.size)


def sampled(array: FloatArray, most: int) -> FloatArray:
    """At most `most` numbers of an array, evenly spread over every dim."""
    flat = array.reshape(-1)
    step = -(-flat.size // most)
    # A step that shares a factor with a dim would see only some of its rows or columns
    while step > 1 and any(math.gcd(step, length) > 1 for length in array.shape):
        step += 1
    return flat[::step] if step > 1 else flat
