"""The functions of the language on torch tensors: their values, and which of them torch differentiates rightly."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gridgrad_worker import operations_basic, operations_special

__all__ = ["NATIVE", "VALUES"]

VALUES: dict[str, Callable[..., Tensor]] = operations_basic.VALUES | operations_special.VALUES
"""The value of every function of the language, by name: of tensors of one dtype, integer parameters as ints."""


def _maximum(x: Tensor, y: Tensor) -> Tensor:
    return torch.where((x > y) | x.isnan(), x, _tied(x, y))


def _minimum(x: Tensor, y: Tensor) -> Tensor:
    return torch.where((x < y) | x.isnan(), x, _tied(x, y))


def _fmax(x: Tensor, y: Tensor) -> Tensor:
    return torch.where((x > y) | y.isnan(), x, _tied(x, y))


def _fmin(x: Tensor, y: Tensor) -> Tensor:
    return torch.where((x < y) | y.isnan(), x, _tied(x, y))


def _tied(x: Tensor, y: Tensor) -> Tensor:
    """The mean of both where they are equal, else y: derivatives are the mean of both sides."""
    return torch.where(x == y, 0.5 * x + 0.5 * y, y)


def _clip(x: Tensor, low: Tensor, high: Tensor) -> Tensor:
    raised = torch.where(x < low, low, x)
    return torch.where((raised > high) | (low > high), high, raised)


def _relu(x: Tensor) -> Tensor:
    return torch.where(x <= 0, torch.zeros_like(x), x)


def _heaviside(x: Tensor, h: Tensor) -> Tensor:
    step = (x > 0).to(x.dtype).masked_fill(x.isnan(), torch.nan)
    return torch.where(x == 0, h, step)


def _nan_to_num(x: Tensor) -> Tensor:
    largest = torch.finfo(x.dtype).max
    replacement = torch.zeros_like(x).masked_fill(x.isposinf(), largest).masked_fill(x.isneginf(), -largest)
    return torch.where(x.isfinite(), x, replacement)


_BY_TORCH = (
    "add", "sub", "mul", "div", "neg", "lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not", "logical_xor",
    "isnan", "isinf", "isposinf", "isneginf", "isfinite", "signbit", "where", "positive", "sign",
    "floor", "ceil", "trunc", "rint", "abs", "sqrt", "square", "reciprocal", "exp", "exp2", "log", "log2", "log10",
    "log1p", "sin", "cos", "tan", "arctan", "sinh", "cosh", "radians", "degrees",
    "erf", "erfc", "norm_pdf", "norm_cdf", "gelu",
)  # fmt: skip

NATIVE: dict[str, Callable[..., Tensor]] = {name: VALUES[name] for name in _BY_TORCH} | {
    "maximum": _maximum,
    "minimum": _minimum,
    "fmax": _fmax,
    "fmin": _fmin,
    "clip": _clip,
    "relu": _relu,
    "heaviside": _heaviside,
    "nan_to_num": _nan_to_num,
}
"""Those whose derivatives torch takes as the table has them, nested to any order and at awkward points too.

What selects is written with `where`, which drops the other side's tangent, infinite or not.
"""
