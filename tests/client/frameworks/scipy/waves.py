"""A function of two axes with its partials, as a fake server has them."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["GRIDS", "WAVE", "K", "T"]

WAVE = "exp(-a*t)*sin(k)"
T, K = np.linspace(0, 2, 9), np.linspace(0, 3, 13)
GRIDS: dict[Any, Any] = {
    WAVE: {
        (): lambda t, k, a: np.exp(-a * t) * np.sin(k),
        "t": lambda t, k, a: -a * np.exp(-a * t) * np.sin(k),
        "k": lambda t, k, a: np.exp(-a * t) * np.cos(k),
        ("t", "k"): lambda t, k, a: -a * np.exp(-a * t) * np.cos(k),
    },
    "t": {(): lambda t: t, "t": 1.0},
}
