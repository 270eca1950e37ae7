"""A function that keeps memory and a descriptor of each call, for the soak to find."""

from __future__ import annotations

import os

from torch import Tensor

from gridgrad_worker import function

KEPT: list[object] = []


@function
def leaking(x: Tensor) -> Tensor:
    """x², which leaves 256 KiB and a descriptor behind."""
    KEPT.append((bytearray(b"x" * (1 << 18)), os.open(os.devnull, os.O_RDONLY)))
    return x * x
