"""Each operation of torch that the language has: what it was traced to beside torch, at zeros, ties, large numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from gridgrad_worker.devices.cpu import CpuDevice
from tests.worker.tracing.comparing import differing, together

OF_ONE: dict[str, Callable[[Tensor], Tensor]] = {
    **{
        name: getattr(torch, name)
        for name in (
            "neg",
            "exp",
            "exp2",
            "expm1",
            "log",
            "log2",
            "log10",
            "log1p",
            "sqrt",
            "rsqrt",
            "reciprocal",
            "sin",
            "cos",
            "tan",
            "asin",
            "acos",
            "atan",
            "sinh",
            "cosh",
            "tanh",
            "asinh",
            "acosh",
            "atanh",
            "deg2rad",
            "rad2deg",
            "sigmoid",
            "erf",
            "erfc",
            "erfinv",
            "digamma",
            "lgamma",
            "floor",
            "ceil",
            "trunc",
            "round",
            "frac",
            "sign",
            "abs",
            "relu",
            "square",
            "nan_to_num",
            "logit",
            "positive",
        )
    },
    **{
        name: getattr(functional, name)
        for name in (
            "silu",
            "mish",
            "gelu",
            "relu6",
            "hardtanh",
            "hardswish",
            "hardsigmoid",
            "leaky_relu",
            "elu",
            "selu",
            "celu",
            "softplus",
            "softsign",
            "softshrink",
            "tanhshrink",
            "logsigmoid",
        )
    },
    **{name: getattr(torch.special, name) for name in ("ndtr", "ndtri", "erfcx", "entr", "expit")},
    "gelu_tanh": lambda x: functional.gelu(x, approximate="tanh"),
    "elu_half": lambda x: functional.elu(x, 0.5),
    "celu_third": lambda x: functional.celu(x, 0.3),
    "softplus_steep": lambda x: functional.softplus(x, 2.0, 4.0),
    "softshrink_one": lambda x: functional.softshrink(x, 1.0),
    "hardshrink_one": lambda x: functional.hardshrink(x, 1.0),
    "threshold": lambda x: functional.threshold(x, 1.0, 3.0),
    "prelu": lambda x: functional.prelu(x.reshape(1), torch.full((1,), 0.25, dtype=x.dtype))[0],
    "logit_clamped": lambda x: torch.logit(x, 0.1),
    "powers": lambda x: x**2 + x**3 - x**-1 + 2.0**x + x**0,
    "broken_power": lambda x: x**0.5 + x**3.5,
    "clamp": lambda x: torch.clamp(x, -1, 2),
    "clamp_below": lambda x: x.clamp(min=1.0),
    "clamp_above": lambda x: x.clamp(max=1),
    "where": lambda x: torch.where(x > 0, x * x, torch.sin(x)),
    "where_number": lambda x: torch.where(x >= 1, x, 0.0),
    "remainder": lambda x: torch.remainder(x, 1.5) + torch.fmod(x, 0.7),
    "divided": lambda x: torch.div(x, 1.5, rounding_mode="trunc") * x,
    "booleans": lambda x: ((x > 0) & (x < 2)) * x + torch.where((x < 0) | ~(x < 2), x, x * x) + (x > 1),
    "lerp": lambda x: torch.lerp(x, x * x, 0.3) + torch.lerp(x, x * x, 0.7),
    "addcmul": lambda x: torch.addcmul(x, x, x, value=0.5) + torch.addcdiv(x, x, x + 3, value=0.5),
    "rsub": lambda x: torch.rsub(x, 1.0, alpha=2),
    "copysign": lambda x: torch.copysign(3 * torch.ones_like(x), x) * x,
    "within_others": lambda x: torch.cos(x.abs()) + torch.relu(x) ** 2,
    "ldexp": lambda x: torch.ldexp(x, torch.tensor(2)),
    "own_slope": lambda x: torch.func.grad(torch.sigmoid)(x),
}
OF_TWO: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    **{
        name: getattr(torch, name)
        for name in (
            "mul", "div", "pow", "atan2", "hypot", "maximum", "minimum", "fmax", "fmin", "logaddexp",
            "logaddexp2", "copysign", "fmod", "remainder",
        )
    },
    "xlogy": lambda x, y: torch.xlogy(x, y * y),
    "xlog1py": lambda x, y: torch.special.xlog1py(x, y * y),
    "square_of_larger": lambda x, y: torch.maximum(x, y) ** 2,
    "clamp_between": lambda x, y: torch.clamp(x, y, y + 1),
    "clamp_by_nan": lambda x, y: torch.clamp(x, min=torch.log(y)) * torch.clamp(x, max=torch.log(y)),
    "clamp_between_nan": lambda x, y: torch.clamp(x, torch.log(y), y + 1),
    "clamp_above_other": lambda x, y: torch.clamp(x, min=y) * torch.clamp(x, max=2 * y),
    "larger": lambda x, y: torch.where(x > y, x, y),
}  # fmt: skip
NUMBERS = np.array([0.0, 0.1, 0.3, 0.5, 0.9, 1.0, 1.7, 2.0, 2.5, 3.0, 6.0, 20.0, 25.0, 500.0, np.nan])
POINTS = np.concatenate([NUMBERS, -NUMBERS])[:, None]
MOST = 60  # components of one function
PAIRS = np.array(
    [(x, y) for x in (0.0, 0.7, 1.0, -1.0, 2.0, -500.0, 40.0) for y in (0.0, 0.7, 1.0, -1.3, 2.0, 40.0)], np.float64
)


@pytest.mark.filterwarnings("ignore:An output with one or more elements was resized")  # torch's own, of logsigmoid
@pytest.mark.parametrize("order", [2, pytest.param(4, marks=pytest.mark.long)])
def test_operations_of_one_number_are_torchs(cpu: CpuDevice, order: int) -> None:
    listed = list(OF_ONE.items())
    for start in range(0, len(listed), MOST):
        assert differing(together(dict(listed[start : start + MOST]), "x"), cpu, POINTS, order) == {}


@pytest.mark.parametrize("order", [2, pytest.param(4, marks=pytest.mark.long)])
def test_operations_of_two_numbers_are_torchs(cpu: CpuDevice, order: int) -> None:
    assert differing(together(OF_TWO, "xy"), cpu, PAIRS, order) == {}
