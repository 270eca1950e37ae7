"""Evenly spaced values that travel as three numbers."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridgrad_core.errors import RequestError

__all__ = ["Linspace", "linspace"]


@dataclass(frozen=True, slots=True)
class Linspace:
    """num evenly spaced values from start to stop, both included; `linspace` makes one.

    Args:
        start: the first value.
        stop: the last value.
        num: how many values.
    """

    start: float
    stop: float
    num: int

    def values(self) -> NDArray[np.float64]:
        """The values themselves, float64 of shape [num]: those of numpy.linspace, which the server computes on."""
        return np.linspace(self.start, self.stop, self.num)


def linspace(start: float, stop: float, num: int) -> Linspace:
    """Evenly spaced values of an input: three numbers on the wire, expanded at the server.

    Args:
        start: the first value.
        stop: the last value, included.
        num: how many values, 0 or more.

    Returns:
        What `Client.gradient` takes as an input.

    Raises:
        RequestError: num is no whole number of 0 or more, or an end is not a finite number.
    """
    return Linspace(_end("start", start), _end("stop", stop), _count(num))


def _end(field: str, value: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise RequestError(f"linspace {field}", f"{value!r}", "give a finite number")
    return number


def _count(num: int) -> int:
    try:
        count = operator.index(num)
    except TypeError:
        count = -1
    if count < 0:
        raise RequestError("linspace num", f"{num!r}", "give a whole number of values, 0 or more")
    return count
