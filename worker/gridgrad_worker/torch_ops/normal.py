"""The normal distribution and its logarithm, with derivatives that stay exact in the tails.

All follow from the moments of the tail, mₙ(y) = ∫ tⁿ exp(-yt - t²/2) dt from 0 to ∞: m₀ is the Mills
ratio √(π/2)·erfcx(y/√2), and m₁ = 1 - y·m₀, mₙ₊₁ = n·mₙ₋₁ - y·mₙ. For large y that recurrence loses
all digits, and the ratios mₙ/mₙ₋₁ = n/(y + mₙ₊₁/mₙ) are computed downwards instead (DLMF 7.9, 7.18).
"""

from __future__ import annotations

import decimal
import functools
import math

import torch
from torch import Tensor

__all__ = ["erfcx_derivative", "log_norm_cdf_derivative", "norm_cdf", "norm_pdf"]

_DEPTH = {torch.float64: 90, torch.float32: 60}
"""From which n on: the rest is below rounding where the ratios are used."""
_FAR = {torch.float64: 1.5, torch.float32: 0.5}
"""From this y on the moments are products of the ratios."""

_NEAR = 1.5
"""Up to this |x| the derivatives of ln Φ are power series, whose radius of convergence is 3.39."""
_TERMS = 70
_HAZARD_AT_0 = "0.797884560802865355879892119868763736951717262329869"  # √(2/π)


def norm_pdf(x: Tensor) -> Tensor:
    """exp(-x²/2)/√(2π)."""
    return (-0.5 * x * x).exp() * (1 / math.sqrt(2 * math.pi))


def norm_cdf(x: Tensor) -> Tensor:
    """The integral of norm_pdf up to x."""
    return 0.5 * (x * -math.sqrt(0.5)).erfc()


def erfcx_derivative(n: int, x: Tensor) -> Tensor:
    """The n-th derivative of erfcx."""
    y = x * math.sqrt(2)
    zeroth: Tensor = torch.special.erfcx(x) * math.sqrt(math.pi / 2)
    far = y > _FAR[y.dtype]
    product = zeroth
    for ratio in _ratios(n, torch.where(far, y, torch.full_like(y, _FAR[y.dtype]))):
        product = product * ratio
    moment = torch.where(far, product, _moments(n, y, zeroth)[n])
    derivative: Tensor = moment * ((-math.sqrt(2)) ** n * math.sqrt(2 / math.pi))
    return derivative


def log_norm_cdf_derivative(n: int, x: Tensor) -> Tensor:
    """The n-th derivative of ln Φ."""
    if n == 0:
        value: Tensor = torch.special.log_ndtr(x)
        return value
    lower, upper = x < -_NEAR, x > _NEAR
    edge = torch.full_like(x, _NEAR)
    tail = _tail_derivative(n, torch.where(lower, -x, edge))
    head = _head_derivative(n, torch.where(upper, x, edge))
    middle = _series_derivative(n, x.clamp(-_NEAR, _NEAR))
    return torch.where(lower, tail, torch.where(upper, head, middle))


def _moments(n: int, y: Tensor, zeroth: Tensor) -> list[Tensor]:
    """m₀ to mₙ upwards."""
    moments = [zeroth, 1 - y * zeroth]
    for k in range(1, n):
        moments.append(k * moments[k - 1] - y * moments[k])
    return moments


def _ratios(n: int, y: Tensor) -> list[Tensor]:
    """m₁/m₀ to mₙ/mₙ₋₁ downwards."""
    depth = n + _DEPTH[y.dtype]
    root = torch.hypot(y, torch.full_like(y, 2 * math.sqrt(depth)))
    ratio = 0.5 * (root - y)
    ratio = ratio - ratio / root / root
    ratios: list[Tensor] = []
    for k in range(depth - 1, 0, -1):
        ratio = k / (y + ratio)
        if k <= n:
            ratios.insert(0, ratio)
    return ratios


def _tail_derivative(n: int, y: Tensor) -> Tensor:
    """In ln Φ(-y) = ln φ(y) + ln m₀(y) the last term generates the cumulants of the tail's distribution."""
    ratios = _ratios(n, y)
    if n == 1:
        return y + ratios[0]
    moments = [torch.ones_like(y)]
    for ratio in ratios:
        moments.append(moments[-1] * ratio)
    cumulant = _cumulants(moments)[n]
    return cumulant - 1 if n == 2 else cumulant


def _cumulants(moments: list[Tensor]) -> list[Tensor]:
    cumulants = [torch.zeros_like(moments[0])]
    for n in range(1, len(moments)):
        rest = moments[n]
        for k in range(1, n):
            rest = rest - math.comb(n - 1, k - 1) * cumulants[k] * moments[n - k]
        cumulants.append(rest)
    return cumulants


def _head_derivative(n: int, x: Tensor) -> Tensor:
    """With h = φ/Φ, h' = -h(x + h), and its higher derivatives by Leibniz's rule."""
    hazard: Tensor = math.sqrt(2 / math.pi) / torch.special.erfcx(x * -math.sqrt(0.5))
    derivatives = [hazard]
    sums = [x + hazard]
    for order in range(1, n):
        terms = [math.comb(order - 1, k) * derivatives[k] * sums[order - 1 - k] for k in range(order)]
        derivatives.append(-torch.stack(terms).sum(0))
        sums.append(derivatives[order] + 1 if order == 1 else derivatives[order])
    return derivatives[n - 1]


def _series_derivative(n: int, x: Tensor) -> Tensor:
    coefficients = _hazard_series(_TERMS + n)
    total = torch.zeros_like(x)
    for k in range(_TERMS, -1, -1):
        total = total * x + coefficients[k + n - 1] * math.perm(k + n - 1, n - 1)
    return total


@functools.cache
def _hazard_series(terms: int) -> list[float]:
    """The Taylor coefficients of φ/Φ at 0, with digits to lose in their recurrence."""
    with decimal.localcontext(prec=50):
        series = [decimal.Decimal(_HAZARD_AT_0)]
        for k in range(terms):
            square = sum((series[j] * series[k - j] for j in range(k + 1)), decimal.Decimal())
            series.append(-((series[k - 1] if k else 0) + square) / (k + 1))
        return [float(coefficient) for coefficient in series]
