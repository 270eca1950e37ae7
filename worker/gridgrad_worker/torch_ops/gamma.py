"""The gamma function and its kin, where torch has none or a wrong one.

Both are shifted to large arguments, where Stirling's series (DLMF 5.11.1, 5.15.8) are exact to
rounding, and reflected for negative ones. torch has no gamma, and its polygamma(1, x) is off by 5e-10.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gridgrad_worker.torch_ops.elementary import cospi, sinpi

__all__ = ["gamma", "polygamma"]

_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330)
"""B₂, B₄, ... B₂₀."""

_GAMMA_SHIFT = 10
_POLYGAMMA_SHIFT = 16


def gamma(x: Tensor) -> Tensor:
    """Γ(x): ±inf at ±0, nan at the negative integers."""
    positive = _gamma_of_positive(torch.where(x < 0, 1 - x, x))
    # By a tensor, since of a number torch multiplies with the reciprocal, which may be below the normal numbers
    reflected = torch.full_like(x, math.pi) / (sinpi(x) * positive)
    pole = (x < 0) & (x == x.floor())
    return torch.where(x < 0, reflected, positive).masked_fill(pole, math.nan)


def _gamma_of_positive(x: Tensor) -> Tensor:
    small = x < _GAMMA_SHIFT
    product = x
    for k in range(1, _GAMMA_SHIFT):
        product = product * (x + k)
    shifted = _stirling(torch.where(small, x + _GAMMA_SHIFT, x))
    value = torch.where(small, shifted / product, shifted)
    return torch.where(x == x.floor(), value.round(), value)


def _stirling(x: Tensor) -> Tensor:
    # Beyond these the result is inf, and further on inf * 0
    x = x.clamp(max=200 if x.dtype == torch.float64 else 50)
    inverse_square = 1 / (x * x)
    series = torch.zeros_like(x)
    for j in range(8, 0, -1):
        series = series * inverse_square + _BERNOULLI[j - 1] / (2 * j * (2 * j - 1))
    half = x.pow(0.5 * x - 0.25)
    return half * (-x).exp() * half * math.sqrt(2 * math.pi) * (series / x).exp()


def polygamma(n: int, x: Tensor) -> Tensor:
    """The n-th derivative of digamma, for n ≥ 1."""
    negative = x < 0
    positive = _polygamma_of_positive(n, torch.where(negative, 1 - x, x))
    cotangent = cospi(x) / sinpi(x)
    reflected = (-1) ** n * positive - math.pi ** (n + 1) * _cotangent_derivative(n, cotangent)
    if n % 2 == 0:
        reflected = reflected.masked_fill(x == x.floor(), math.nan)
    return torch.where(negative, reflected, positive)


def _polygamma_of_positive(n: int, x: Tensor) -> Tensor:
    small = x < _POLYGAMMA_SHIFT
    low = torch.where(small, x, torch.full_like(x, _POLYGAMMA_SHIFT))
    total = torch.zeros_like(x)
    for k in range(_POLYGAMMA_SHIFT - 1, -1, -1):
        total = total + (low + k).pow(-(n + 1))
    scale = float((-1) ** (n + 1) * math.factorial(n - 1))
    shifted = _polygamma_series(n, torch.where(small, x + _POLYGAMMA_SHIFT, x), scale)
    return torch.where(small, shifted + n * scale * total, shifted)


def _polygamma_series(n: int, x: Tensor, scale: float) -> Tensor:
    """The asymptotic series of ψ⁽ⁿ⁾(x), whose first term is the scale times x⁻ⁿ."""
    inverse_square = 1 / (x * x)
    series = torch.zeros_like(x)
    for j in range(len(_BERNOULLI), 0, -1):
        rising = math.comb(2 * j + n - 1, 2 * j)
        series = series * inverse_square + _BERNOULLI[j - 1] * rising
    # In two steps, since xⁿ may be beyond the numbers where its product with the scale is not
    half = x.pow(-(n // 2))
    return half * scale * x.pow(n // 2 - n) * (1 + n / (2 * x) + series * inverse_square)


def _cotangent_derivative(n: int, cotangent: Tensor) -> Tensor:
    """The n-th derivative of cot in terms of cot: each is -(1 + cot²) times that of the polynomial before."""
    coefficients = [0, 1]
    for _ in range(n):
        slope = [k * c for k, c in enumerate(coefficients)][1:]
        coefficients = [-a - b for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    odd = (n + 1) % 2
    square = cotangent * cotangent
    total = torch.full_like(cotangent, coefficients[-1])
    for coefficient in coefficients[-3::-2]:  # the others are 0, and 0 times an infinite cot is nan
        total = total * square + coefficient
    return total * cotangent if odd else total
