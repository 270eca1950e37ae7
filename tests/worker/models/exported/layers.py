"""Modules of one number whose derivatives somebody gets wrong, with right ones by mpmath at 40 digits."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Layer(nn.Module):
    """Of points [points, 1]."""

    def at(self, x: Tensor) -> Tensor:
        """What it makes of numbers [points]."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """What it makes of a batch."""
        return self.at(x[:, 0])


class LogSigmoid(Layer):
    """Whose second derivative at 0 is lost when torch decomposes it."""

    def at(self, x: Tensor) -> Tensor:
        """Log(1/(1 + e^-x))."""
        return nn.functional.logsigmoid(x)


class Celu(Layer):
    """Whose slope has its alpha in single precision."""

    def at(self, x: Tensor) -> Tensor:
        """With an alpha of 0.3."""
        return nn.functional.celu(x, 0.3)


class HardSwish(Layer):
    """Whose slope at 3 is 1 by torch, and 1.5 once it is decomposed."""

    def at(self, x: Tensor) -> Tensor:
        """torch's."""
        return nn.functional.hardswish(x)


class Softplus(Layer):
    """Which is x from 20 on."""

    def at(self, x: Tensor) -> Tensor:
        """torch's, with its threshold."""
        return nn.functional.softplus(x)


class NormOfThree(Layer):
    """Whose second forward derivative is wrong by torch."""

    def at(self, x: Tensor) -> Tensor:
        """The second of three normalised numbers."""
        return nn.functional.layer_norm(torch.stack([x, x**2, 3 * x], 1), (3,))[:, 1]


class SoftmaxOfTwo(Layer):
    """The first of x and x**2."""

    def at(self, x: Tensor) -> Tensor:
        """torch's."""
        return torch.softmax(torch.stack([x, x**2], 1), 1)[:, 0]


class Known(NamedTuple):
    """A layer at a point, with its value and derivatives."""

    layer: Layer
    x: float
    right: list[float]


KNOWN = {
    "logsigmoid": Known(LogSigmoid(), 0.0, [-0.6931471805599453, 0.5, -0.25, 0, 0.125]),
    "logsigmoid far below": Known(LogSigmoid(), -800.0, [-800, 1, 0]),
    "celu": Known(Celu(), -0.1, [-0.08504060682786322, 0.7165313105737893, 2.388437701912631, 7.961459006375436]),
    "hardswish": Known(HardSwish(), 3.0, [3, 1]),
    "softplus": Known(Softplus(), 25.0, [25, 1, 0, 0]),
    "layer_norm": Known(
        NormOfThree(), 0.5, [-0.925804228978946, 0.3526329125749855, 0.3026575268376808, 0.2275736285187679]
    ),
    "softmax": Known(
        SoftmaxOfTwo(), 0.3, [0.5523079095743253, 0.09890555303838568, -0.4986665993717128, 0.05442986097051842]
    ),
}
