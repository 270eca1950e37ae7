"""The functions of `benchmarks.registered` as one registers them: for the server's flag --functions."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from benchmarks.peers.network import layers
from gridgrad_worker import function

__all__ = ["bilinear", "black_scholes", "network"]


@function(samples={"t": [1.0, 1.7], "k": [2.0, 2.6]})
def bilinear(t: Tensor, k: Tensor) -> Tensor:
    """A bilinear form and a quadratic one."""
    return t * k + 2 * t * k**2


def normal_cdf(z: Tensor) -> Tensor:
    """The cumulative normal distribution."""
    return 0.5 * torch.erfc(-z / math.sqrt(2))


@function(samples={"spot": [90.0, 110.0], "v": [0.2, 0.35]})
def black_scholes(spot: Tensor, v: Tensor) -> Tensor:
    """The price of a call with strike 100 in a year at 3 %."""
    d1 = (torch.log(spot / 100) + 0.03 + 0.5 * v**2) / v
    return spot * normal_cdf(d1) - 100 * math.exp(-0.03) * normal_cdf(d1 - v)


_LAYERS = [(torch.from_numpy(weights), torch.from_numpy(bias)) for weights, bias in layers()]


@function(order=2, samples={"x": [0.3, -0.7], "y": [1.1, -0.4]})
def network(x: Tensor, y: Tensor) -> Tensor:
    """A network of tanh with two hidden layers of 64."""
    features = torch.stack([x, y])
    for weights, bias in _LAYERS[:-1]:
        features = torch.tanh(torch.nn.functional.linear(features, weights.to(x.dtype), bias.to(x.dtype)))
    weights, bias = _LAYERS[-1]
    return torch.nn.functional.linear(features, weights.to(x.dtype), bias.to(x.dtype))[0]
