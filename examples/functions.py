"""Functions to serve: `gridgrad-server --functions examples.functions` from the root of the project."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from gridgrad_worker import function


@function
def bilinear(t: Tensor, k: Tensor) -> Tensor:
    """The README's first example, t*k + 2*t*k**2, as a Python function."""
    return t * k + 2 * t * k**2


def weights() -> tuple[Tensor, Tensor, Tensor]:
    """Those of a network with 2 inputs, 16 hidden units and 1 output; the same each time."""
    random = torch.Generator().manual_seed(2)
    W = torch.randn(16, 2, generator=random, dtype=torch.float64)
    b = torch.randn(16, generator=random, dtype=torch.float64)
    v = torch.randn(16, generator=random, dtype=torch.float64) / 4
    return W, b, v


# In both dtypes that are computed in, so that a call converts nothing.
WEIGHTS = {dtype: tuple(w.to(dtype) for w in weights()) for dtype in (torch.float32, torch.float64)}


@function(name="small_network")
def network(x: Tensor, y: Tensor) -> Tensor:
    """A neural network with one hidden layer of 16 tanh units and fixed weights."""
    W, b, v = (w.to(x.device) for w in WEIGHTS[x.dtype])
    return v @ torch.tanh(W @ torch.stack([x, y]) + b)


@function(outputs=("u", "v"), samples={"x": [0.3, 2.0, -1.2], "y": [1.1, -0.4, 2.5], "strength": [1.0, 2.0, -3.0]})
def vortex(
    x: Annotated[Tensor, "m"],
    y: Annotated[Tensor, "m"],
    strength: Annotated[Tensor | float, "m²/s"] = 1.0,
    core: Annotated[Tensor | float, "m"] = 0.5,
) -> tuple[Annotated[Tensor, "m/s"], Annotated[Tensor, "m/s"]]:
    """The velocity of a Lamb-Oseen vortex at the origin."""
    r2 = x**2 + y**2 + 1e-30  # keeps the quotient finite at the centre, where the velocity is 0
    swirl = strength / (2 * torch.pi) * -torch.expm1(-r2 / core**2) / r2
    return -y * swirl, x * swirl
