"""Derivatives of ONNX's activations to order 4, against mpmath, at points on both sides of what joins them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import pytest
import torch
from numpy.testing import assert_allclose

from gridgrad_worker.models.onnx_graphs.elementwise import ELEMENTWISE
from gridgrad_worker.models.onnx_graphs.node import OnnxNode

mp = mpmath.mp
Formula = Callable[[Any], Any]


def softplus(x: Any) -> Any:
    return mp.log1p(mp.exp(x))


FORMULAS: dict[str, tuple[dict[str, Any], Formula]] = {
    "Softplus": ({}, softplus),
    "Softsign": ({}, lambda x: x / (1 + abs(x))),
    "Mish": ({}, lambda x: x * mp.tanh(softplus(x))),
    "HardSwish": ({}, lambda x: x if x > 3 else 0 * x if x < -3 else x * (x / 6 + 0.5)),
    "Elu": ({"alpha": 0.5}, lambda x: x if x > 0 else 0.5 * mp.expm1(x)),
    "Celu": ({"alpha": 0.25}, lambda x: x if x > 0 else 0.25 * mp.expm1(x / 0.25)),
    "Selu": ({"alpha": 1.5, "gamma": 1.25}, lambda x: 1.25 * (x if x > 0 else 1.5 * mp.expm1(x))),
    "LeakyRelu": ({"alpha": 0.125}, lambda x: x if x > 0 else 0.125 * x),
    "HardSigmoid": ({"alpha": 0.25}, lambda x: min(max(0.25 * x + 0.5, 0), 1)),
    "Gelu": ({}, lambda x: x * mp.ncdf(x)),
    "Swish": ({"alpha": 1.5}, lambda x: x / (1 + mp.exp(-1.5 * x))),
    "Tanh": ({}, mp.tanh),
    "Sigmoid": ({}, lambda x: 1 / (1 + mp.exp(-x))),
    "Relu": ({}, lambda x: x if x > 0 else 0 * x),
}
POINTS = (-4.5, -0.1, 0.3, 25.0)


def derivatives(function: Callable[..., Any], x: float) -> list[float]:
    point, found = torch.tensor(x, dtype=torch.float64), []
    for _ in range(5):
        found.append(float(function(point)))
        function = torch.func.jacfwd(function)
    return found


@pytest.mark.long
@pytest.mark.parametrize("name", FORMULAS)
def test_derivatives(name: str) -> None:
    attributes, formula = FORMULAS[name]
    built = ELEMENTWISE[name](OnnxNode(name, 22, attributes, [None], 1, lambda _: torch.float64))
    for x in POINTS:
        with mp.workdps(40):
            right = [float(c * mp.factorial(n)) for n, c in enumerate(mp.taylor(formula, mp.mpf(x), 4))]
        assert_allclose(derivatives(built, x), right, rtol=1e-12, atol=1e-13, err_msg=f"{name} at {x}")


def test_softplus_is_smooth_where_its_branches_join() -> None:
    built = ELEMENTWISE["Softplus"](OnnxNode("Softplus", 22, {}, [None], 1, lambda _: torch.float64))
    assert_allclose(derivatives(built, 0.0), [float(mp.log(2)), 0.5, 0.25, 0, -0.125], rtol=1e-14, atol=1e-16)
    assert derivatives(built, 800.0) == [800, 1, 0, 0, 0]
    assert derivatives(built, -800.0) == [0, 0, 0, 0, 0]
