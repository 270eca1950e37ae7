"""Rules of what moves features and adds them up."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gridgrad_worker.engines.layers.network import Network

from .networks import assert_close, by_torch, partials, traced


def grid(x: Tensor, y: Tensor) -> Tensor:
    return torch.stack([torch.stack([x, y, x * y]), torch.stack([y * y, x + y, x.sin()])])


FUNCTIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "view": lambda x, y: grid(x, y).reshape(3, 2)[1, 1],
    "transpose": lambda x, y: grid(x, y).T[2, 1] + grid(x, y).transpose(-1, 0)[0, 1],
    "permute": lambda x, y: grid(x, y)[None].permute(2, -3, 1)[2, 0, 1],
    "squeeze": lambda x, y: grid(x, y)[:, None].squeeze(1)[0, 2] + grid(x, y)[:1].squeeze()[1],
    "expand": lambda x, y: (x * y).expand(2, 3)[1, 2] + grid(x, y).expand(4, 2, 3)[3, 1, 0],
    "slice": lambda x, y: grid(x, y)[:, ::2][1].sum() + grid(x, y)[:, -1][0],
    "index": lambda x, y: grid(x, y)[:, torch.tensor([2, 0])][1, 0] + grid(x, y).flip(1)[0, 0],
    "index_select": lambda x, y: grid(x, y).index_select(-1, torch.tensor([1, 1])).sum(),
    "cat": lambda x, y: torch.cat([grid(x, y), torch.ones(2, 1, dtype=x.dtype)], -1).pow(2).sum(),
    "split": lambda x, y: torch.split(grid(x, y), 2, 1)[1][0, 0] * torch.split(grid(x, y), [1, 2], -1)[1][1, 1],
    "unbind": lambda x, y: grid(x, y).unbind(1)[2][1] * grid(x, y).unbind()[0][0],
    "sum": lambda x, y: grid(x, y).sum(0, keepdim=True)[0, 1] + grid(x, y).sum(),
    "mean": lambda x, y: grid(x, y).mean(-1)[1] + grid(x, y).mean() + x.mean(),
    "cumsum": lambda x, y: grid(x, y).cumsum(1)[1, 2],
    "cast": lambda x, y: grid(x, y).clone().to(x.dtype).contiguous()[0, 2],
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_features_go_where_torch_has_them(name: str) -> None:
    function, wanted = FUNCTIONS[name], partials(2, 2)
    points = [torch.tensor([0.3, -1.2], dtype=torch.float64), torch.tensor([1.1, 0.4], dtype=torch.float64)]
    got = Network(traced(function, 2), wanted, torch.float64)(points)
    assert_close(got, by_torch(function, wanted, points), 1e-14, 1e-15)
