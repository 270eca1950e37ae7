"""Quotients that are 0/0 at 0 on torch tensors, with their derivatives: (eˣ - 1)/x, x/(eˣ - 1), ln(1 + x)/x and such.

Near 0 they are power series. Elsewhere a derivative of f(x)/x is (f⁽ⁿ⁾ - n·(f/x)⁽ⁿ⁻¹⁾)/x, and those of tanh and coth
are polynomials in 1/(e²ˣ ± 1).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

__all__ = ["VALUES"]

_BEYOND = 1e4
"""Where every exponential is infinite or 0."""


def _ratio(x: Tensor, y: Tensor) -> Tensor:
    """x/y, which goes to 1 where y goes to 0."""
    return torch.where(y == 0, torch.ones_like(y), x / y)


def _exprel(x: Tensor) -> Tensor:
    far = x.clamp(max=_BEYOND)
    half = (0.5 * far).exp()
    above = half / far * half  # eˣ overflows before eˣ/x does
    return torch.where(x > 80, above, _ratio(x.clamp(max=81).expm1(), x))


def _exprel_derivative(n: int, x: Tensor) -> Tensor:
    """∫ tⁿ eˣᵗ dt from 0 to 1, by Kummer's function (DLMF 13.4.1, 13.2.39), all of whose terms are positive."""
    near = n + 2
    inside = x.abs() <= near
    size = torch.where(inside, x.abs(), torch.zeros_like(x))
    terms = 2 * near + (28 if x.dtype == torch.float64 else 12)
    above = _polynomial([1 / (math.factorial(k) * (k + n + 1)) for k in range(terms)], size)
    below = _polynomial([math.factorial(n) / math.factorial(n + 1 + k) for k in range(terms)], size) * (-size).exp()
    # By parts; where x is positive, times e⁻ˣ
    far = torch.where(inside, torch.ones_like(x), x.clamp(max=_BEYOND))
    value = (-far.abs()).expm1() / -far.abs()
    end = torch.where(far > 0, torch.ones_like(x), far.exp())
    for k in range(1, n + 1):
        value = (end - k * value) / far
    half = (0.5 * far).exp()
    value = torch.where(far > 0, value * half * half, value)
    return torch.where(inside, torch.where(x < 0, below, above), value)


def _log1prel(x: Tensor) -> Tensor:
    return torch.where(x.isposinf(), torch.zeros_like(x), _ratio(x.log1p(), x))


def _log1prel_derivative(n: int, x: Tensor) -> Tensor:
    """(-1)ⁿ n! ∫ tⁿ/(1 + xt)ⁿ⁺¹ dt from 0 to 1, by Gauss's function (DLMF 15.6.1, 15.8.1)."""
    least, most = -0.4375, 1.5
    inside = (x >= least) & (x <= most)
    near = torch.where(inside, x, torch.zeros_like(x))
    digits = 36.0 if x.dtype == torch.float64 else 16.0
    share = near.clamp(min=0) / (1 + near)
    above = _polynomial([1 / (n + 1 + k) for k in range(int(digits / 0.51))], share) / (1 + near)
    coefficients = [math.factorial(n) / math.perm(n + 1 + k, n + 1) for k in range(int(digits / 0.8))]
    below = _polynomial(coefficients, -near.clamp(max=0))
    series = torch.where(near < 0, below, above) / (1 + near).pow(n) * ((-1) ** n * math.factorial(n))
    far = torch.where(inside, torch.full_like(x, 2), x)
    value = far.log1p() / far
    for k in range(1, n + 1):
        value = ((-1) ** (k - 1) * math.factorial(k - 1) / (1 + far).pow(k) - k * value) / far
    value = torch.where(far == -1, torch.full_like(x, (-1) ** n * math.inf), value)
    return torch.where(inside, series, value.masked_fill(x.isposinf(), 0.0))


def _tanhc(x: Tensor) -> Tensor:
    return _ratio(x.tanh(), x)


def _tanhc_derivative(n: int, x: Tensor) -> Tensor:
    size, near = x.abs(), 0.8
    inside = size <= near
    series = _even_series(n, _tangents(_terms(x)), torch.where(inside, size, torch.zeros_like(x)))
    far = torch.where(inside, torch.ones_like(x), size)
    occupation = 1 / ((2 * far).exp() + 1)
    value = far.tanh() / far
    for k in range(1, n + 1):
        value = (-2 * 2.0**k * _polynomial(_of_occupation(k, -1), occupation) - k * value) / far
    return _with_parity(n, x, torch.where(inside, series, value))


def _langevin(x: Tensor) -> Tensor:
    return _langevin_derivative(0, x)


def _langevin_derivative(n: int, x: Tensor) -> Tensor:
    size, near = x.abs(), 1.6
    inside = size <= near
    coefficients = [tangent / (4.0**k - 1) for k, tangent in enumerate(_tangents(_terms(x)), 1)]
    series = _odd_series(n, coefficients, torch.where(inside, size, torch.zeros_like(x)))
    far = torch.where(inside, torch.ones_like(x), size)
    occupation = 1 / (2 * far).expm1()
    pole = (-1) ** n * math.factorial(n) / far.pow(n + 1)
    hyperbolic = 1 / far.tanh() if n == 0 else 2 * 2.0**n * _polynomial(_of_occupation(n, 1), occupation)
    return _with_parity(n + 1, x, torch.where(inside, series, hyperbolic - pole))


def _bernoulli(x: Tensor) -> Tensor:
    half = (-0.5 * x.clamp(min=0, max=_BEYOND)).exp()
    above = x.clamp(max=_BEYOND) * half * half  # eˣ overflows before x·e⁻ˣ is 0
    return torch.where(x > 80, above, _ratio(x, x.clamp(max=81).expm1()))


def _bernoulli_derivative(n: int, x: Tensor) -> Tensor:
    """B(-x) = B(x) + x, so those from the second on are even or odd."""
    size, near = x.abs(), 3.0
    inside = size <= near
    coefficients = [1.0, *(tangent / (4.0**k * (4.0**k - 1)) for k, tangent in enumerate(_tangents(_terms(x)), 1))]
    series = _even_series(n, coefficients, torch.where(inside, size, torch.zeros_like(x)))
    if n == 1:
        series = series - 0.5
    far = torch.where(inside, torch.ones_like(x), size.clamp(max=_BEYOND))
    occupation = (-far).exp() / -(-far).expm1()
    value = far * _polynomial(_of_occupation(n, 1), occupation) + n * _polynomial(_of_occupation(n - 1, 1), occupation)
    above = torch.where(inside, series, value)
    below = -above - 1 if n == 1 else (-1) ** n * above
    return torch.where(x < 0, below, above)


def _polynomial(coefficients: Sequence[float], x: Tensor) -> Tensor:
    total = torch.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = total * x + coefficient
    return total


def _terms(x: Tensor) -> int:
    """How many terms of a series in x² there are, at half its radius of convergence."""
    return 40 if x.dtype == torch.float64 else 24


def _even_series(n: int, coefficients: Sequence[float], x: Tensor) -> Tensor:
    """The n-th derivative of a power series in x²."""
    first = (n + 1) // 2
    kept = [c * math.perm(2 * k, n) for k, c in enumerate(coefficients) if k >= first]
    total = _polynomial(kept, x * x)
    return total * x if n % 2 else total


def _odd_series(n: int, coefficients: Sequence[float], x: Tensor) -> Tensor:
    """The n-th derivative of x times a power series in x²."""
    first = n // 2
    kept = [c * math.perm(2 * k + 1, n) for k, c in enumerate(coefficients) if k >= first]
    total = _polynomial(kept, x * x)
    return total if n % 2 else total * x


def _with_parity(n: int, x: Tensor, value: Tensor) -> Tensor:
    """That of |x|, with the sign of x if n is odd."""
    return torch.where(x < 0, -value, value) if n % 2 else torch.where(x.isnan(), x, value)


@functools.cache
def _tangents(terms: int) -> tuple[float, ...]:
    """The coefficients of tanh(x)/x as a series in x² (R. P. Brent and D. Harvey, Fast Computation of Bernoulli,
    Tangent and Secant Numbers, 2011, algorithm 2)."""
    numbers = [math.factorial(k) for k in range(terms)]
    for first in range(1, terms):
        for k in range(first, terms):
            numbers[k] = (k - first) * numbers[k - 1] + (k - first + 2) * numbers[k]
    return tuple((-1) ** k * number / math.factorial(2 * k + 1) for k, number in enumerate(numbers))


@functools.cache
def _of_occupation(n: int, sign: int) -> tuple[float, ...]:
    """The n-th derivative of z = 1/(eʸ ∓ 1) by y, a polynomial in z: that of z is -z·(1 ± z)."""
    coefficients = [0, 1]
    for _ in range(n):
        slope = [k * c for k, c in enumerate(coefficients)]
        coefficients = [-a - sign * b for a, b in zip([*slope, 0], [0, *slope], strict=True)]
    return tuple(map(float, coefficients))


_QUOTIENTS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[int, Tensor], Tensor]]] = {
    "exprel": (_exprel, _exprel_derivative),
    "bernoulli": (_bernoulli, _bernoulli_derivative),
    "log1prel": (_log1prel, _log1prel_derivative),
    "tanhc": (_tanhc, _tanhc_derivative),
    "langevin": (_langevin, _langevin_derivative),
}


def _of_order(value: Callable[[Tensor], Tensor], derivative: Callable[[int, Tensor], Tensor]) -> Callable[..., Tensor]:
    return lambda n, x: derivative(n, x) if n else value(x)


VALUES: dict[str, Callable[..., Tensor]] = {
    **{name: value for name, (value, _) in _QUOTIENTS.items()},
    **{f"{name}_derivative": _of_order(*quotient) for name, quotient in _QUOTIENTS.items()},
}
"""The value of each quotient, by name: of tensors of one dtype, integer parameters as ints."""
