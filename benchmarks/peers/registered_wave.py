"""The function of `benchmarks.functions` as one registers it: for the server's flag --functions."""

from __future__ import annotations

import torch
from torch import Tensor

from gridgrad_worker import function

__all__ = ["wave"]


@function
def wave(x: Tensor, y: Tensor) -> Tensor:
    """A damped wave on a slope."""
    return torch.exp(-0.1 * x) * torch.sin(x * y) + torch.log1p(x**2 + y**2)
