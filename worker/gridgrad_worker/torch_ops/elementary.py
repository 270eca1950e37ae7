"""The values of the elementary functions on torch tensors.

`gridgrad_core.lang.functions` lists every place that a new function touches.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["VALUES", "cospi", "sinpi"]


_LAST_EXPONENT = {torch.float64: 709.0, torch.float32: 88.0}
"""The largest whole number whose exponential is finite."""


def sinpi(x: Tensor) -> Tensor:
    """sin(πx), exact to rounding for large x too, and 0 at integers."""
    nearest = x.round()
    return (math.pi * (x - nearest)).sin() * _parity(nearest)


def cospi(x: Tensor) -> Tensor:
    """cos(πx), exact to rounding for large x too, and 0 at the odd multiples of 1/2."""
    nearest = x.round()
    distance = (x - nearest).abs()
    near_zero = (math.pi * (0.5 - distance)).sin()
    return torch.where(distance < 0.25, (math.pi * distance).cos(), near_zero) * _parity(nearest)


def _parity(integer: Tensor) -> Tensor:
    return 1 - 2 * integer.remainder(2)


def _cbrt(x: Tensor) -> Tensor:
    root = x.abs().pow(1 / 3)
    # One step of Newton's method makes up for 1/3 being rounded
    better = root - (root - x.abs() / (root * root)) / 3
    return torch.where(better.isfinite(), better, root).copysign(x)


def _direction(x: Tensor, y: Tensor) -> Tensor:
    distance = torch.hypot(x, y)
    return torch.where(distance == 0, torch.zeros_like(distance), x / distance)


def _cosh(x: Tensor) -> Tensor:
    """torch's vector instructions overflow where eˣ does, one ln 2 too early."""
    half = (0.5 * x.abs()).exp()
    return torch.where(x.abs() > _LAST_EXPONENT[x.dtype], 0.5 * half * half, x.cosh())


def _sinh(x: Tensor) -> Tensor:
    half = (0.5 * x.abs()).exp()
    return torch.where(x.abs() > _LAST_EXPONENT[x.dtype], (0.5 * half * half).copysign(x), x.sinh())


def _sech(x: Tensor) -> Tensor:
    return 1 / x.cosh()


def _sinc(x: Tensor) -> Tensor:
    return torch.where(x == 0, torch.ones_like(x), sinpi(x) / (math.pi * x))


def _sinc_derivative(n: int, x: Tensor) -> Tensor:
    """∫ tⁿ cos(πx·t + nπ/2) dt from 0 to 1, times πⁿ: a power series near 0, else by parts."""
    near = max(3.5, 0.55 * n)
    z = math.pi * x
    inside = z.abs() <= near
    series = _sinc_series(n, near, torch.where(inside, z, torch.zeros_like(z)))
    by_parts = _sinc_by_parts(n, torch.where(inside, torch.ones_like(x), x))
    return torch.where(inside, series, by_parts) * math.pi**n


def _sinc_series(n: int, near: float, z: Tensor) -> Tensor:
    first = (n + 1) // 2
    last = first + int(8 + 2 * near)
    square = z * z
    total = torch.zeros_like(z)
    for m in range(last, first - 1, -1):
        # From the term of m + 1 to that of m, z² is left out: (2m + 2 - n)! / (2m - n)! is put into the total
        total = total * square / ((2 * m + 1 - n) * (2 * m + 2 - n)) + (-1) ** m / (2 * m + 1)
    return total * z if n % 2 else total


def _sinc_by_parts(n: int, x: Tensor) -> Tensor:
    z = math.pi * x
    sine, cosine = sinpi(x), cospi(x)
    turned = (sine, cosine, -sine, -cosine)
    value = sine / z
    for k in range(1, n + 1):
        value = (turned[k % 4] - k * value) / z
    return value


def _sign(x: Tensor) -> Tensor:
    return x.sign().masked_fill(x.isnan(), math.nan)


def _heaviside(x: Tensor, h: Tensor) -> Tensor:
    step = torch.where(x == 0, h, (x > 0).to(x.dtype))
    return torch.where(x.isnan(), x, step)


def _clip(x: Tensor, low: Tensor, high: Tensor) -> Tensor:
    return torch.minimum(torch.maximum(x, low), high)


def _fmod(x: Tensor, y: Tensor) -> Tensor:
    """torch's, which is nan where x/y overflows: there x is first reduced by a multiple of y."""
    largest = 2.0**1023 if x.dtype == torch.float64 else 2.0**127
    far = (x / y).isinf() & x.isfinite() & (y != 0)
    multiple = torch.where(far, y * largest, torch.full_like(y, math.inf))
    return torch.fmod(torch.fmod(x, multiple), y)


def _remainder(x: Tensor, y: Tensor) -> Tensor:
    """With the sign of y, as Python has it."""
    rest = _fmod(x, y)
    return torch.where((rest != 0) & ((y < 0) != (rest < 0)), rest + y, rest)


VALUES: dict[str, Callable[..., Tensor]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "floordiv": torch.floor_divide,
    "mod": _remainder,
    "pow": torch.pow,
    "neg": torch.neg,
    "lt": torch.lt,
    "le": torch.le,
    "gt": torch.gt,
    "ge": torch.ge,
    "eq": torch.eq,
    "ne": torch.ne,
    "and": torch.logical_and,
    "or": torch.logical_or,
    "not": torch.logical_not,
    "sqrt": torch.sqrt,
    "cbrt": _cbrt,
    "square": torch.square,
    "reciprocal": torch.reciprocal,
    "hypot": torch.hypot,
    "direction": _direction,
    "exp": torch.exp,
    "exp2": torch.exp2,
    "expm1": torch.expm1,
    "log": torch.log,
    "log2": torch.log2,
    "log10": torch.log10,
    "log1p": torch.log1p,
    "logaddexp": torch.logaddexp,
    "logaddexp2": torch.logaddexp2,
    "sin": torch.sin,
    "cos": torch.cos,
    "tan": torch.tan,
    "arcsin": torch.asin,
    "arccos": torch.acos,
    "arctan": torch.atan,
    "arctan2": torch.atan2,
    "sinc": _sinc,
    "sinc_derivative": _sinc_derivative,
    "radians": torch.deg2rad,
    "degrees": torch.rad2deg,
    "sinh": _sinh,
    "cosh": _cosh,
    "tanh": torch.tanh,
    "sech": _sech,
    "csch": lambda x: 1 / _sinh(x),
    "coth": lambda x: 1 / x.tanh(),
    "sec": lambda x: 1 / x.cos(),
    "csc": lambda x: 1 / x.sin(),
    "cot": lambda x: 1 / x.tan(),
    "arcsinh": torch.asinh,
    "arccosh": torch.acosh,
    "arctanh": torch.atanh,
    "where": torch.where,
    "logical_xor": torch.logical_xor,
    "isnan": torch.isnan,
    "isinf": torch.isinf,
    "isposinf": torch.isposinf,
    "isneginf": torch.isneginf,
    "isfinite": torch.isfinite,
    "signbit": torch.signbit,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "fmax": torch.fmax,
    "fmin": torch.fmin,
    "clip": _clip,
    "relu": torch.relu,
    "abs": torch.abs,
    "sign": _sign,
    "copysign": torch.copysign,
    "heaviside": _heaviside,
    "positive": torch.positive,
    "nan_to_num": torch.nan_to_num,
    "floor": torch.floor,
    "ceil": torch.ceil,
    "trunc": torch.trunc,
    "rint": torch.round,
    "fmod": _fmod,
}
"""The value of each elementary function, by name: of tensors of one dtype, integer parameters as ints."""
