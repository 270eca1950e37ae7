"""What the callers ask for: the bilinear function, its value and both first partials."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["EXPRESSION", "answer_bytes", "axes", "request_bytes"]

EXPRESSION = "t*k + 2*t*k**2"

_ANSWER_HEADER_BYTES = 120
_REQUEST_HEADER_BYTES = 90


def axes(side: int) -> dict[str, NDArray[np.float64]]:
    """Two axes of `side` values each."""
    return {"t": np.linspace(1.0, 2.0, side), "k": np.linspace(2.0, 3.0, side)}


def answer_bytes(side: int) -> int:
    """The length of the answer: three float64 grids and a header."""
    return 3 * 8 * side * side + _ANSWER_HEADER_BYTES


def request_bytes(side: int) -> int:
    """The length of the request: two float64 axes, the text, names and tags."""
    return 2 * 8 * side + _REQUEST_HEADER_BYTES
