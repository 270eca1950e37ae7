"""What the tests of layers share: functions traced as graphs, and torch's own derivatives of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx

from gridgrad_worker.engines.functional.partials import Derivative, walk

Function = Callable[..., Any]

POINTS = torch.tensor(
    [0.0, 1, -1, 0.5, -0.3, 2, -2, 3, -3, 6, -6, 0.1, -7.3, 20, 25, -25, 500, -500], dtype=torch.float64
)
"""Ties, thresholds and large arguments among them."""


def traced(function: Function, inputs: int, dtype: torch.dtype = torch.float64) -> GraphModule:
    """The graph of a function of numbers."""
    return make_fx(lambda *arguments: function(*arguments))(
        *[torch.tensor(0.3 + place / 8, dtype=dtype) for place in range(inputs)]
    )


def partials(inputs: int, order: int) -> list[Derivative]:
    """All to an order, the value first."""
    counts = range(order + 1)
    return [each for n in counts for each in itertools.combinations_with_replacement(range(inputs), n)]


def by_torch(function: Function, wanted: Sequence[Derivative], points: Sequence[Tensor]) -> list[Tensor]:
    """The planes of a function by nested torch.func.jacfwd."""

    def components(*arguments: Tensor) -> tuple[Tensor, ...]:
        found = function(*arguments)
        return found if isinstance(found, tuple) else (found,)

    found = torch.func.vmap(walk(components, wanted, "forward"))(*points)
    return [each.detach() + 0 for each in found]  # a slope may be a ZeroTensor


def assert_close(got: Sequence[Tensor], expected: Sequence[Tensor], rtol: float, atol: float = 0.0) -> None:
    """Compares planes, of which those that are the same at all points may have one."""
    assert len(got) == len(expected)
    for mine, other in zip(got, expected, strict=True):
        torch.testing.assert_close(mine.expand_as(other), other, rtol=rtol, atol=atol, equal_nan=True)
