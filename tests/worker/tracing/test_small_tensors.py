"""Operations on small tensors: what they were traced to beside torch, ties and zeros among the points."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from gridgrad_worker.devices.cpu import CpuDevice
from tests.worker.tracing.comparing import differing, together


def vector(*numbers: Tensor) -> Tensor:
    return torch.stack(numbers)


def matrix(x: Tensor, y: Tensor) -> Tensor:
    return torch.outer(vector(x, y), vector(y, x * y))


FUNCTIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "logsumexp": lambda x, y: torch.logsumexp(vector(x, y), 0),
    "softmax": lambda x, y: torch.softmax(vector(x, y, x * y), 0)[1],
    "log_softmax": lambda x, y: functional.log_softmax(vector(x, y), 0)[0],
    "softmin": lambda x, y: functional.softmin(vector(x, y), 0)[0],
    "amax": lambda x, y: vector(x, y, x * y).amax() * vector(x, y).max(),
    "amin": lambda x, y: vector(x, y).amin(0) + vector(x, y).min(),
    "norm": lambda x, y: vector(x, y).norm() + torch.linalg.vector_norm(vector(x, y, x * y), 1),
    "var": lambda x, y: vector(x, y, x * y).var() + vector(x, y, x * y).var(correction=0),
    "std": lambda x, y: vector(x, y, x * y).std(),
    "mean": lambda x, y: vector(x, y).mean() + matrix(x, y).mean(1)[0],
    "prod": lambda x, y: vector(x * x + 1, y * y + 1).prod(0),  # at zeros torch is wrong from order 2 on
    "cumsum": lambda x, y: vector(x, y, x * y).cumsum(0)[2],
    "mm": lambda x, y: (matrix(x, y) @ matrix(y, x)).sum(1, keepdim=True)[1, 0],
    "mv": lambda x, y: (matrix(x, y) @ vector(x, y))[1] + (vector(x, y) @ matrix(x, y))[0],
    "bmm": lambda x, y: torch.bmm(matrix(x, y)[None], matrix(y, x)[None]).sum(),
    "einsum": lambda x, y: torch.einsum("i,ij,j->", vector(x, y), matrix(x, y), vector(y, y)),
    "linear": lambda x, y: functional.linear(vector(x, y), torch.ones(3, 2).to(x), torch.ones(3).to(x)).tanh().sum(),
    "addmm": lambda x, y: torch.addmm(matrix(x, y), matrix(x, y), matrix(y, x), beta=0.5, alpha=2)[0, 1],
    "parts": lambda x, y: (
        torch.cat([vector(x, y), vector(y)])[2] * vector(x, y).chunk(2)[1][0] * matrix(x, y)[1:, 0][0]
    ),
    "moved": lambda x, y: vector(x, y).flip(0)[0] * vector(x, y).roll(1)[1] * matrix(x, y).T[0, 1],
    "shaped": lambda x, y: (x.expand(3) * vector(x, y, y)).reshape(3, 1).squeeze(1).unsqueeze(0).repeat(2, 1).sum(),
    "diagonals": lambda x, y: (
        torch.diagonal(matrix(x, y)).sum() * torch.trace(matrix(x, y)) + matrix(x, y).tril().sum()
    ),
    "layer_norm": lambda x, y: functional.layer_norm(vector(x, x * x, 3 * y), (3,))[1],
    "rms_norm": lambda x, y: functional.rms_norm(vector(x, y), (2,), eps=1e-5)[0],
    "unbound": lambda x, y: vector(x, y).unbind()[0] * vector(y, x).unbind()[1],
    "made": lambda x, y: torch.full_like(x, 2) * x + y.new_ones(()) + torch.zeros_like(x) + x.new_full((2,), 3)[0] * y,
    "trapezoid": lambda x, y: torch.trapezoid(vector(x, y, x * y)),
}
POINTS = np.array([(x, y) for x in (0.0, 1.0, -1.3, 2.0, 30.0) for y in (0.0, 1.0, 0.7, -2.0)])


@pytest.mark.parametrize("order", [2, pytest.param(4, marks=pytest.mark.long)])
def test_small_tensors_are_computed_as_torch_does(cpu: CpuDevice, order: int) -> None:
    assert differing(together(FUNCTIONS, "xy"), cpu, POINTS, order) == {}
