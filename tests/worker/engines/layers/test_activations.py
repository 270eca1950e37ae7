"""Activations and their derivatives to order 4: mpmath's where they are smooth, torch's at ties and thresholds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import pytest
import torch
from torch.nn import functional

from gridgrad_worker.engines.layers import activations
from gridgrad_worker.engines.layers.activations import ELEMENTARY, Activation

from .networks import POINTS, by_torch

SMOOTH: dict[str, tuple[Activation, Callable[[Any], Any], tuple[float, ...]]] = {
    **{
        name: (ELEMENTARY[name], getattr(mpmath, name), (-1.3, 0.4, 2.5))
        for name in ("tanh", "exp", "expm1", "erf", "erfc")
    },
    **{
        name: (ELEMENTARY[name], getattr(mpmath, name), (-1.3, 0.4, 2.5))
        for name in ("sin", "cos", "tan", "sinh", "cosh")
    },
    **{
        name: (ELEMENTARY[name], getattr(mpmath, name), (-0.6, 0.4))
        for name in ("asin", "acos", "atan", "asinh", "atanh")
    },
    **{name: (ELEMENTARY[name], getattr(mpmath, name), (0.3, 2.5)) for name in ("log", "log1p", "sqrt")},
    "acosh": (ELEMENTARY["acosh"], mpmath.acosh, (1.5, 4.0)),
    "sigmoid": (ELEMENTARY["sigmoid"], lambda u: 1 / (1 + mpmath.exp(-u)), (-1.3, 0.4)),
    "exp2": (ELEMENTARY["exp2"], lambda u: mpmath.mpf(2) ** u, (-1.3, 0.4)),
    "log2": (ELEMENTARY["log2"], lambda u: mpmath.log(u, 2), (0.3,)),
    "log10": (ELEMENTARY["log10"], mpmath.log10, (0.3,)),
    "rsqrt": (ELEMENTARY["rsqrt"], lambda u: 1 / mpmath.sqrt(u), (0.3,)),
    "reciprocal": (ELEMENTARY["reciprocal"], lambda u: 1 / u, (-0.7, 3.0)),
    "silu": (ELEMENTARY["silu"], lambda u: u / (1 + mpmath.exp(-u)), (-1.3, 0.4, 3.0)),
    "mish": (ELEMENTARY["mish"], lambda u: u * mpmath.tanh(mpmath.log(1 + mpmath.exp(u))), (-1.3, 0.4)),
    "gelu": (activations.gelu, lambda u: u * mpmath.ncdf(u), (-1.3, 0.4, 2.0)),
    "gelu by tanh": (
        lambda u, order: activations.gelu(u, order, "tanh"),
        lambda u: u / 2 * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (u + mpmath.mpf("0.044715") * u**3))),
        (-1.3, 0.4),
    ),
    "softplus": (
        lambda u, order: activations.softplus(u, order, 2.0),
        lambda u: mpmath.log(1 + mpmath.exp(2 * u)) / 2,
        (-1.3, 0.4),
    ),
    "log_sigmoid": (activations.log_sigmoid, lambda u: -mpmath.log(1 + mpmath.exp(-u)), (-1.3, 0.4)),
    "power": (lambda u, order: activations.power(u, order, 1.7), lambda u: u ** mpmath.mpf("1.7"), (0.4, 3.0)),
    "exponential": (lambda u, order: activations.exponential(u, order, 1.7), lambda u: mpmath.mpf("1.7") ** u, (-1.3,)),
    "elu": (lambda u, order: activations.elu(u, order, 0.3), lambda u: mpmath.mpf("0.3") * mpmath.expm1(u), (-1.3,)),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_derivatives_are_those_of_mpmath(name: str) -> None:
    activation, function, points = SMOOTH[name]
    got = activation(torch.tensor(points, dtype=torch.float64), 4)
    for place, point in enumerate(points):
        with mpmath.workdps(40):
            expected = [float(mpmath.diff(function, mpmath.mpf(point), order)) for order in range(5)]
        mine = [0.0 if each is None else each[place].item() for each in got]
        assert mine == pytest.approx(expected, rel=2e-13, abs=1e-14)


def test_lower_orders_are_the_same() -> None:
    for name, (activation, _, points) in SMOOTH.items():
        u = torch.tensor(points, dtype=torch.float64)
        whole = activation(u, 4)
        for order in range(4):
            lower = activation(u, order)
            assert len(lower) == order + 1, name
            for one, other in zip(lower, whole, strict=False):
                assert one is None or other is None or torch.equal(one, other), name
                assert (one is None) == (other is None), name


TORCH: dict[str, Callable[..., Any]] = {
    "tanh": torch.tanh,
    "softplus": functional.softplus,
    "silu": functional.silu,
    "gelu": functional.gelu,
    "mish": functional.mish,
    "elu": functional.elu,
    "logsigmoid": functional.logsigmoid,
    "hardswish": functional.hardswish,
}


@pytest.mark.filterwarnings("ignore:An output with one or more elements")  # torch's logsigmoid, of itself
@pytest.mark.long
@pytest.mark.parametrize("name", TORCH)
def test_ties_and_large_arguments_are_torch_s(name: str) -> None:
    rows: dict[str, Activation] = {
        **ELEMENTARY,
        **{name: getattr(activations, name) for name in ("softplus", "gelu", "elu")},
        "logsigmoid": activations.log_sigmoid,
        "hardswish": activations.hard_swish,
    }
    got = rows[name](POINTS, 4)
    expected = by_torch(TORCH[name], [(0,) * order for order in range(5)], [POINTS])
    for mine, other in zip(got, expected, strict=True):
        mine = torch.zeros_like(POINTS) if mine is None else mine
        torch.testing.assert_close(mine, other, rtol=1e-11, atol=1e-13)
