"""What is recorded of a registered function, and what is not because a graph would not say all of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
import torch
from torch import Tensor

from gridgrad_worker.registered.registration import Registration, describe
from gridgrad_worker.tracing.graph import UntraceableError, graph_of


def registration(function: Callable[..., Any], **options: Any) -> Registration:
    return describe(function, "subject", {}, None, options.get("outputs"), "forward", {}, check=True)


class Straight(torch.autograd.Function):
    """Rounds, with the slope 1."""

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x.round()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        """Keeps nothing."""

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:  # noqa: ARG004 - torch's signature
        return grad


BOUND: Any = Straight.apply
OWN: Any = Straight
COUNTED: Iterator[int] = count(1)


def without_gradient(x: Tensor) -> Tensor:
    with torch.no_grad():
        half = 0.5 * x
    return half * x


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (lambda x: x if x > 0 else -x, "looks at the numbers of a tensor"),
        (lambda x: x * float(x), "looks at the numbers of a tensor"),
        (lambda x: x * x.detach().numpy(), r"\.numpy\(\) is not supported"),
        (lambda x: BOUND(x) * 2, "Straight is a torch.autograd.Function"),
        (lambda x: OWN.apply(x) * 2, "Straight is a torch.autograd.Function"),
        (without_gradient, "torch.no_grad"),
        (lambda x: x * next(COUNTED), "differ from call to call"),
        (lambda x: x * random.random(), "differ from call to call"),  # noqa: S311 - a number that is no secret
    ],
)
def test_what_a_graph_does_not_say_is_refused(function: Callable[..., Any], why: str) -> None:
    with pytest.raises(UntraceableError, match=why):
        graph_of(registration(function))


def test_operations_are_those_that_torch_differentiates() -> None:
    weights = torch.nn.Linear(2, 3).double()

    def layer(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        hidden = torch.nn.functional.softplus(weights(torch.stack([x, y])))
        return hidden.sum(), hidden[0]

    nodes = graph_of(registration(layer, outputs=("u", "v"))).graph.nodes
    names = [node.target.name() for node in nodes if node.op == "call_function"]
    assert "aten::softplus" in names
    assert "aten::detach" not in names  # kept for a backward pass that nobody makes
    assert [len(node.args[0]) for node in nodes if node.op == "output"] == [2]
