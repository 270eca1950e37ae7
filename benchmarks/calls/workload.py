"""What the callers ask for: the bilinear function, its value and both first partials; and a damped wave."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["EXPRESSION", "WAVE", "answer_bytes", "axes", "request_bytes", "wave_axes"]

EXPRESSION = "t*k + 2*t*k**2"
WAVE = "exp(-0.1*x)*sin(x*y) + log1p(x**2 + y**2)"

_ANSWER_HEADER_BYTES = 120
_REQUEST_HEADER_BYTES = 90


def axes(side: int) -> dict[str, NDArray[np.float64]]:
    """Two axes of `side` values each."""
    return {"t": np.linspace(1.0, 2.0, side), "k": np.linspace(2.0, 3.0, side)}


def wave_axes(side: int) -> dict[str, NDArray[np.float64]]:
    """Two axes of `side` values each for the damped wave."""
    return {"x": np.linspace(0.1, 3.0, side), "y": np.linspace(0.2, 2.0, side)}


def answer_bytes(side: int) -> int:
    """The length of the answer: three float64 grids and a header."""
    return 3 * 8 * side * side + _ANSWER_HEADER_BYTES


def request_bytes(side: int) -> int:
    """The length of the request: two float64 axes, the text, names and tags."""
    return 2 * 8 * side + _REQUEST_HEADER_BYTES
