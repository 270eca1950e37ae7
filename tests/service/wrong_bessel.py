"""A function that torch derives wrongly, without a word: at 0.7 it gives 0.881 instead of 0.651."""

from __future__ import annotations

import torch
from torch import Tensor

from gridgrad_worker import function


@function(samples={"x": [0.7]})
def wrong_bessel(x: Tensor) -> Tensor:
    """x·J₀(x)."""
    result: Tensor = x * torch.special.bessel_j0(x)
    return result
