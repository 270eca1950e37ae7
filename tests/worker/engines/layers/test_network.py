"""Networks read from graphs: values by mpmath at 40 digits, and what is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from gridgrad_worker.engines.layers.network import Network, NotLayersError

from .networks import assert_close, by_torch, partials, traced

FIRST = torch.tensor([[0.7, -0.4], [0.2, 0.9]], dtype=torch.float64)
BIAS = torch.tensor([0.1, -0.3], dtype=torch.float64)
COUNT = torch.zeros((), dtype=torch.float64)
SECOND = torch.tensor([[1.5, -0.8]], dtype=torch.float64)


def network(activation: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """1.5*s(0.7x - 0.4y + 0.1) - 0.8*s(0.2x + 0.9y - 0.3) + 0.25."""
    return lambda x, y: (
        functional.linear(activation(functional.linear(torch.stack([x, y]), FIRST, BIAS)), SECOND) + 0.25
    )[0]


# By mpmath at 40 digits, at (0.5, -0.25)
EXPECTED: dict[str, tuple[Callable[[Tensor], Tensor], dict[tuple[int, ...], float]]] = {
    "tanh": (
        torch.tanh,
        {
            (): 1.32168774474371,
            (0,): 0.6526988884292984,
            (1,): -1.053833436430346,
            (0, 0): -0.5729822307876737,
            (0, 1): 0.2181714778071599,
            (1, 1): -0.6162806449258901,
            (0, 0, 0): -0.1860436850080638,
            (0, 0, 1, 1): 0.5464994435052467,
            (1, 1, 1, 1): 2.288305302553192,
        },
    ),
    "softplus": (
        functional.softplus,
        {
            (): 1.355792802056766,
            (0,): 0.6025910241155822,
            (1,): -0.6651124136123937,
            (0, 0): 0.1628762645146247,
            (0, 1): -0.1318652998023319,
            (0, 0, 1, 1): -0.008005992195993875,
        },
    ),
    "gelu": (
        functional.gelu,
        {
            (): 0.9488354931054719,
            (0,): 0.9134509183045018,
            (1,): -0.6684423508698179,
            (0, 0): 0.4066574708607305,
            (1, 1, 1, 1): 0.5036106435183085,
        },
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_values_and_partials_are_those_of_mpmath(name: str) -> None:
    activation, expected = EXPECTED[name]
    found = Network(traced(network(activation), 2), list(expected), torch.float64)
    got = found([torch.tensor([0.5], dtype=torch.float64), torch.tensor([-0.25], dtype=torch.float64)])
    assert [each.item() for each in got] == pytest.approx([*expected.values()], rel=1e-13)


def test_a_residual_layer() -> None:
    found = Network(
        traced(lambda x: x + 0.5 * torch.tanh(1.3 * x - 0.2), 1), [(0,) * n for n in range(5)], torch.float64
    )
    got = [each.item() for each in found([torch.tensor([0.6], dtype=torch.float64)])]
    expected = [0.8613327148429104, 1.472433551597369, -0.6420041816334563, -0.2881671777302833, 5.123146381044859]
    assert got == pytest.approx(expected, rel=1e-13)


def test_modules_of_several_inputs_and_components() -> None:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Linear(3, 8), nn.ReLU(inplace=True), nn.Linear(8, 8), nn.SiLU(), nn.Linear(8, 2)).double()

    def function(x: Tensor, y: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        first, second = layers(torch.stack([x, y, z]))
        return first, second * x, torch.ones_like(x)

    wanted = partials(3, 2)
    points = list(torch.randn(3, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(1)))
    got = Network(traced(function, 3), wanted, torch.float64)(points)
    assert_close(got, by_torch(function, wanted, points), 1e-12, 1e-14)


def test_what_is_the_same_at_all_points_is_given_once() -> None:
    found = Network(traced(lambda x, y: x * y, 2), [(), (0,), (0, 1)], torch.float64)
    value, slope, mixed = found([torch.tensor([2.0], dtype=torch.float64), torch.ones(5, dtype=torch.float64)])
    assert value.shape == slope.shape == (5,)
    assert mixed.shape == (1,)


REFUSED: dict[str, tuple[Callable[..., Any], str]] = {
    "sort": (lambda x: torch.sort(torch.stack([x, x * x])).values[0], "aten.sort"),
    "single precision": (lambda x: (torch.ones(2) * x.float()).sum().double(), "torch.float32"),
    "a power of what varies": (lambda x: x**x, "aten.pow.Tensor_Tensor"),
    "what changes what is used again": (lambda x: _changed(x), "relu_.default writes in place"),
    "what changes a part where nothing shows it": (lambda x: _clamped(x), "clamp_.default writes in place"),
    "what changes a number of the function's own": (lambda x: x * COUNT.add_(1), "add_.Tensor writes in place"),
}


def _clamped(x: Tensor) -> Tensor:
    u = torch.stack([x, x * 2])
    u[0].clamp_(max=1e6)
    return u.sum()


def _changed(x: Tensor) -> Tensor:
    u = x * 2
    v = u.view(1)
    v.relu_()
    return u + v[0]


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_rule_is_named(name: str) -> None:
    function, said = REFUSED[name]
    with pytest.raises(NotLayersError, match=said):
        Network(traced(function, 1), [(), (0,)], torch.float64)
