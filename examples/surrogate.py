"""A surrogate to serve as a model, by `gridgrad-server --functions examples.surrogate:Surrogate` from the root.

Its settings are beside it, in Surrogate.toml: what its inputs are called, and points at which it is checked.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Surrogate(nn.Module):
    """A small network as one trains it: batches of points in, [points, 2], and batches of results out, [points, 1]."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, width), nn.Tanh(), nn.Linear(width, 1)).double()
        random = torch.Generator().manual_seed(2)  # where `state` would name a file with weights
        for each in self.parameters():
            nn.init.normal_(each, std=0.5, generator=random)

    def forward(self, x: Tensor) -> Tensor:
        """The results of a batch."""
        found: Tensor = self.layers(x)
        return found
