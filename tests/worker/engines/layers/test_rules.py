"""Rules of operations: torch's values and derivatives, at ties too."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from gridgrad_worker.engines.layers.network import Network

from .networks import POINTS, assert_close, by_torch, partials, traced

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": functional.relu,
    "relu6": functional.relu6,
    "leaky_relu": functional.leaky_relu,
    "prelu": lambda u: functional.prelu(u.reshape(1), torch.tensor([0.2], dtype=u.dtype))[0],
    "elu": lambda u: functional.elu(u, 0.3),
    "selu": functional.selu,
    "softplus": lambda u: functional.softplus(u, 2.0, 5.0),
    "logsigmoid": functional.logsigmoid,
    "softsign": functional.softsign,
    "tanhshrink": functional.tanhshrink,
    "softshrink": functional.softshrink,
    "hardshrink": functional.hardshrink,
    "threshold": lambda u: functional.threshold(u, 0.5, 7.0),
    "hardtanh": functional.hardtanh,
    "hardswish": functional.hardswish,
    "clamp": lambda u: torch.clamp(u, -1, 2),
    "clamp_min": lambda u: torch.clamp_min(u, 0.5) * torch.clamp_max(u, 3.0),
    "abs": torch.abs,
    "square": lambda u: torch.square(u) + u**3 + u**0,
    "power": lambda u: 2.5**u,
    "rational": lambda u: (u**3 - 2 * u) / (1 + u**2),
    "divided": lambda u: u / 3.0 - 1 / (2 + u * u),
    "where": lambda u: torch.where((u > 1) | (u < -6), u * u, 0.5 * u),
    "round": lambda u: torch.round(u) * u,
    "maximum": lambda u: torch.maximum(u, u * u),
    "minimum": lambda u: torch.minimum(u, -u),
    "lerp": lambda u: torch.lerp(u, u * u, 0.3),
    "detach": lambda u: u * (u * u).detach(),
    "addcmul": lambda u: torch.addcmul(u, u, u * u, value=0.5),
    "softmax": lambda u: torch.softmax(torch.stack([u / 9, u]), 0)[0],
    "log_softmax": lambda u: torch.log_softmax(torch.stack([u / 9, u]), 0)[1],
    "logsumexp": lambda u: torch.logsumexp(torch.stack([u / 9, u]), 0),
    "variance": lambda u: torch.var(torch.stack([u, u * u, 3 * u])),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_first_derivatives_are_torch_s(name: str) -> None:
    _compare(FUNCTIONS[name], 1)


@pytest.mark.filterwarnings("ignore:An output with one or more elements")  # torch's logsigmoid, of itself
@pytest.mark.long
@pytest.mark.parametrize("name", FUNCTIONS)
def test_high_derivatives_are_torch_s(name: str) -> None:
    _compare(FUNCTIONS[name], 4)


def _compare(function: Callable[[Tensor], Tensor], order: int) -> None:
    wanted = partials(1, order)
    expected = by_torch(function, wanted, [POINTS])
    scale = max(float(each.abs().max()) for each in expected)
    assert_close(Network(traced(function, 1), wanted, torch.float64)([POINTS]), expected, 1e-9, 1e-15 * scale)


@pytest.mark.long
def test_mixed_derivatives_of_two_inputs_are_torch_s() -> None:
    def function(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        both = torch.stack([x * y, x - y, torch.sin(y)])
        return torch.softmax(both, 0)[1] / (1 + x**2), torch.maximum(x, y) * functional.silu(both[2])

    wanted = partials(2, 4)
    points = [POINTS[:8], POINTS[4:12]]
    got = Network(traced(function, 2), wanted, torch.float64)(points)
    assert_close(got, by_torch(function, wanted, points), 1e-9, 1e-10)
