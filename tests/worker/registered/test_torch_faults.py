"""What torch differentiates wrongly without a word, and what it has right: the check tells these apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from gridgrad_worker import FunctionError, function
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.registered.derivative_check import check
from gridgrad_worker.registered.registry import load

pytestmark = pytest.mark.usefixtures("clean_registry")

SAMPLES = {"x": [1.0, 2.0]}


def matrix(x: Tensor) -> Tensor:
    return torch.stack([x + 3, torch.ones_like(x), torch.ones_like(x), x * x + 2]).reshape(2, 2)


@pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")  # torch's own, under vmap
@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: torch.nn.functional.instance_norm(torch.stack([x, x * x, 3 * x]).reshape(1, 1, 3))[0, 0, 1],
        lambda x: torch.linalg.det(matrix(x)),
        lambda x: torch.linalg.slogdet(matrix(x))[1],
        lambda x: torch.linalg.solve(matrix(x), torch.stack([x, x * x]))[0],
        lambda x: torch.linalg.householder_product(matrix(x), torch.stack([x, 1 / x]))[0, 1],
        lambda x: torch.cholesky_inverse(torch.linalg.cholesky(matrix(x)))[0, 0],
        lambda x: torch.special.airy_ai(x),
        lambda x: torch.special.chebyshev_polynomial_t(x, 3),
        lambda x: torch.special.erfcx(1e5 * x),
    ],
    ids=["instance_norm", "det", "slogdet", "solve", "householder", "cholesky_inverse", "airy", "chebyshev", "erfcx"],
)
def test_what_torch_has_wrong_without_a_word_is_refused(cpu: CpuDevice, wrong: Callable[..., Any]) -> None:
    function(name="subject", samples=SAMPLES)(wrong)
    with pytest.raises(FunctionError, match="by torch but"):
        check(load([])["subject"], cpu)


@pytest.mark.parametrize(
    "right",
    [
        lambda x: torch.linalg.slogdet(matrix(x))[1],
        lambda x: torch.linalg.solve(matrix(x), torch.stack([x, x * x]))[0],
        lambda x: torch.linalg.inv(matrix(x))[0, 0],
        lambda x: torch.linalg.cholesky(matrix(x))[1, 1],
    ],
    ids=["slogdet", "solve", "inv", "cholesky"],
)
def test_linear_algebra_is_served_to_order_four_in_reverse_mode(cpu: CpuDevice, right: Callable[..., Any]) -> None:
    function(name="subject", samples=SAMPLES, mode="reverse")(right)
    assert check(load([])["subject"], cpu).order == 4
