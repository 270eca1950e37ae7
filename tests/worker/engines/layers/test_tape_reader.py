"""Tapes read from networks: the same numbers as torch, in every activation and to order 4."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gridgrad_worker.engines.functional.partials import Derivative
from gridgrad_worker.engines.layers.network import Network
from gridgrad_worker.engines.layers.tape_library import tape_runner
from gridgrad_worker.engines.layers.tape_reader import tape_of
from gridgrad_worker.engines.layers.tape_writer import NoTapeError

from . import test_matrix_products, test_rules, test_structure
from .networks import POINTS, assert_close, partials, traced

pytestmark = pytest.mark.processor

TAPELESS = {"cumsum", "columns"}


def compare(function: Callable[..., Any], wanted: list[Derivative], points: list[Tensor], dtype: torch.dtype) -> None:
    network = Network(traced(function, len(points), dtype), wanted, dtype)
    got = tape_runner(tape_of(network, len(points), dtype), dtype)(points, len(points[0]))
    expected = [each.expand(len(points[0])) for each in network(points)]
    scale = max(1.0, *(float(each[each.isfinite()].abs().max()) for each in expected))
    eps = torch.finfo(dtype).eps
    assert_close(got, expected, 1e4 * eps, 8 * eps * scale)


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    **{name: getattr(torch, name) for name in ("tanh", "sigmoid", "exp", "expm1", "log", "log1p", "log2", "log10")},
    **{name: getattr(torch, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "asin", "acos", "atan", "asinh")},
    **{name: getattr(torch, name) for name in ("acosh", "atanh", "erf", "erfc", "sqrt", "rsqrt", "exp2", "neg")},
    **{name: getattr(nn.functional, name) for name in ("softplus", "silu", "gelu", "mish", "elu", "selu")},
    "gelu by tanh": lambda u: nn.functional.gelu(u, approximate="tanh"),
    "floor and ceil": lambda u: torch.floor(u) * u + torch.ceil(u) - torch.trunc(u) + torch.sign(u),
    "logic": lambda u: torch.where(torch.isnan(u) | ~(u > 1) & (u != 2), u, u * u),
    "powers": lambda u: u**-2 + u**0.5 + u**1.5,
}


OF_ONE: dict[str, Callable[..., Any]] = {**ACTIVATIONS, **test_rules.FUNCTIONS}
OF_TWO: dict[str, Callable[..., Any]] = {**test_matrix_products.FUNCTIONS, **test_structure.FUNCTIONS}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_have_torch_s_numbers(name: str) -> None:
    compare(ACTIVATIONS[name], partials(1, 2), [POINTS], torch.float64)


@pytest.mark.long
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", OF_ONE)
def test_high_derivatives_have_torch_s_numbers(name: str, dtype: torch.dtype) -> None:
    points = POINTS[POINTS.abs() < 30].to(dtype)
    if name in ("log_softmax", "logsumexp", "variance", "rational", "tan") and dtype == torch.float32:
        points = points[points.abs() < 2]  # what cancels there is all that is left
    compare(OF_ONE[name], partials(1, 4), [points], dtype)


@pytest.mark.long
@pytest.mark.parametrize("name", OF_TWO)
def test_matrix_products_and_moves_have_torch_s_numbers(name: str) -> None:
    function = OF_TWO[name]
    points = [torch.tensor([0.3, -1.2], dtype=torch.float64), torch.tensor([1.1, 0.4], dtype=torch.float64)]
    if name in TAPELESS:
        with pytest.raises(NoTapeError):
            compare(function, partials(2, 2), points, torch.float64)
    else:
        compare(function, partials(2, 2), points, torch.float64)
