"""The functions of the language on torch tensors: their values, and which of them torch differentiates rightly."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import torch
from torch import Tensor

from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.loops.pick import Pick
from gridgrad_worker.native import library_functions
from gridgrad_worker.torch_ops import elementary, lookups, quotients, special
from gridgrad_worker.torch_ops.looped_value import LoopedValue, SumOverArrays
from gridgrad_worker.torch_ops.scalars import SCALAR_SECOND

__all__ = ["NATIVE", "VALUES"]


class _Values(dict[str, Callable[..., Tensor]]):
    """The values of functions, of what texts make for themselves, and of look-ups; only the first are listed."""

    def __missing__(self, op: str) -> Callable[..., Tensor]:
        if isinstance(op, LocalOperation):
            return SumOverArrays(op, self) if op.arrays else LoopedValue(op, self)
        if isinstance(op, Pick):
            return functools.partial(_picked, op)
        return lookups.VALUES[op]


VALUES: dict[str, Callable[..., Tensor]] = _Values(
    elementary.VALUES | quotients.VALUES | special.VALUES | library_functions.VALUES
)
"""The value of every function of the language, by name: of tensors of one dtype, integer parameters as ints."""


def _picked(operation: Pick, place: Tensor) -> Tensor:
    numbers = torch.tensor(operation.numbers, dtype=torch.float64).to(place.device, place.dtype)
    return numbers[place.long().clamp(0, len(numbers) - 1)]


def _times(x: Tensor, number: float) -> Tensor:
    return SCALAR_SECOND["mul"](x, number)


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
    return torch.where(x == y, _times(x, 0.5) + _times(y, 0.5), y)


def _clip(x: Tensor, low: Tensor, high: Tensor) -> Tensor:
    return torch.where((low < high) | x.isnan(), _minimum(_maximum(x, low), high), high)


def _relu(x: Tensor) -> Tensor:
    return torch.where(x == 0, _times(x, 0.5), torch.where(x < 0, torch.zeros_like(x), x))


def _heaviside(x: Tensor, h: Tensor) -> Tensor:
    step = (x > 0).to(x.dtype).masked_fill(x.isnan(), torch.nan)
    return torch.where(x == 0, h, step)


def _nan_to_num(x: Tensor) -> Tensor:
    largest = torch.finfo(x.dtype).max
    replacement = torch.zeros_like(x).masked_fill(x.isposinf(), largest).masked_fill(x.isneginf(), -largest)
    return torch.where(x.isfinite(), x, replacement)


def _norm_pdf(x: Tensor) -> Tensor:
    return _times(_times(x * x, -0.5).exp(), 1 / math.sqrt(2 * math.pi))


def _norm_cdf(x: Tensor) -> Tensor:
    return _times(_times(x, -math.sqrt(0.5)).erfc(), 0.5)


def _gelu(x: Tensor) -> Tensor:
    return x * _norm_cdf(x)


_BY_TORCH = (
    "add", "sub", "mul", "div", "neg", "lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not", "logical_xor",
    "isnan", "isinf", "isposinf", "isneginf", "isfinite", "signbit", "where", "positive", "sign",
    "floor", "ceil", "trunc", "rint", "abs", "sqrt", "square", "reciprocal", "exp", "exp2", "log", "log2", "log10",
    "log1p", "sin", "cos", "tan", "arctan", "radians", "degrees",
    "erf", "erfc",
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
    "norm_pdf": _norm_pdf,
    "norm_cdf": _norm_cdf,
    "gelu": _gelu,
}
"""Those whose derivatives torch takes as the table has them, nested to any order and at awkward points too.

What selects is written with `where`, which drops the other side's tangent, infinite or not.
"""
