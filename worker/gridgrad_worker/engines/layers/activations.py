"""Functions of one number with their derivatives to order 4, as torch has them at ties, thresholds and large arguments.

Each takes an array and the highest order that is wanted, and returns the value and the derivatives. They are closed
forms in the value where that has them (Abramowitz and Stegun, chapters 4 and 7), so that a derivative costs a
polynomial and no further transcendental function.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import Tensor

from gridgrad_worker.engines.layers.jet import Jet, Orders, Slopes

__all__ = [
    "ELEMENTARY",
    "Activation",
    "chained",
    "elu",
    "exponential",
    "gelu",
    "hard_swish",
    "log_sigmoid",
    "mish",
    "power",
    "silu",
    "softplus",
]

Activation = Callable[[Tensor, int], Slopes]


def _tanh(u: Tensor, order: int) -> Slopes:
    t = torch.tanh(u)
    square = t * t
    first = 1 - square
    found = [t, first][: order + 1]
    if order > 1:
        found.append(-2 * t * first)
    if order > 2:
        found += [first * (6 * square - 2), t * first * (16 - 24 * square)]
    return found[: order + 1]


def _sigmoid(u: Tensor, order: int) -> Slopes:
    s = torch.sigmoid(u)
    return [s, *_of_sigmoid(s, order)]


def _of_sigmoid(s: Tensor, order: int) -> list[Tensor]:
    """The derivatives of the logistic function, by its value."""
    first = s * (1 - s)
    found = [first][:order]
    if order > 1:
        turned = 1 - 2 * s
        found += [first * turned, first * (1 - 6 * first), first * turned * (1 - 12 * first)]
    return found[:order]


def softplus(u: Tensor, order: int, beta: float = 1.0, threshold: float = 20.0) -> Slopes:
    """log(1 + exp(beta*u))/beta, and the argument itself from the threshold on."""
    value = torch.nn.functional.softplus(u, beta, threshold)
    if order == 0:
        return [value]
    s = torch.sigmoid(beta * u)
    firsts = [torch.where(beta * u > threshold, 1.0, s)]
    higher = [
        torch.where(beta * u >= threshold, 0.0, beta**k * each) for k, each in enumerate(_of_sigmoid(s, order - 1), 1)
    ]
    return [value, *firsts, *higher]


def log_sigmoid(u: Tensor, order: int) -> Slopes:
    """The logarithm of the logistic function."""
    other = torch.sigmoid(-u)
    signed = [each if k % 2 == 0 else -each for k, each in enumerate([other, *_of_sigmoid(other, max(order - 1, 0))])]
    return [torch.nn.functional.logsigmoid(u), *signed[:order]]


def _exp(u: Tensor, order: int) -> Slopes:
    return [torch.exp(u)] * (order + 1)


def _expm1(u: Tensor, order: int) -> Slopes:
    return [torch.expm1(u), *([torch.exp(u)] * order)]


def _logarithm(function: Callable[[Tensor], Tensor], scale: float = 1.0, shift: float = 0.0) -> Activation:
    def slopes(u: Tensor, order: int) -> Slopes:
        inverse = torch.reciprocal(u + shift) if order else u
        signed = [(-1) ** k * math.factorial(k) * scale for k in range(order)]
        return [function(u), *(factor * inverse ** (k + 1) for k, factor in enumerate(signed))]

    return slopes


def _turning(even: Callable[[Tensor], Tensor], odd: Callable[[Tensor], Tensor], signs: Sequence[int]) -> Activation:
    """Two functions that are each other's derivatives but for signs, of which there is one for each order."""

    def slopes(u: Tensor, order: int) -> Slopes:
        values = [even(u), odd(u)] if order else [even(u)]
        return [values[k % 2] if sign > 0 else -values[k % 2] for k, sign in enumerate(signs[: order + 1])]

    return slopes


def _tan(u: Tensor, order: int) -> Slopes:
    t = torch.tan(u)
    square = t * t
    first = 1 + square
    found = [t, first, 2 * t * first, first * (2 + 6 * square), 8 * t * first * (2 + 3 * square)]
    return found[: order + 1]


def power(u: Tensor, order: int, exponent: float) -> Slopes:
    """The argument to a constant power."""
    found: list[Tensor | None] = [torch.pow(u, exponent)]
    factor = 1.0
    for k in range(order):
        factor *= exponent - k
        found.append(factor * torch.pow(u, exponent - k - 1) if factor else None)
    return found


def exponential(u: Tensor, order: int, base: float) -> Slopes:
    """A constant above 0 to the power of the argument."""
    value = torch.pow(base, u)
    return [value * math.log(base) ** k if k else value for k in range(order + 1)]


def _root(function: Callable[[Tensor], Tensor], exponent: float, step: int) -> Activation:
    """A power whose derivatives are powers of its own: of x**(1/step) by their exponents."""

    def slopes(u: Tensor, order: int) -> Slopes:
        value = function(u)
        found, factor = [value], 1.0
        for k in range(order):
            factor *= exponent - k
            found.append(factor * value ** (1 + step * (k + 1)))
        return found

    return slopes


def _erf(u: Tensor, order: int) -> Slopes:
    return [torch.erf(u), *_of_bell(u, order, 1.0)]


def _erfc(u: Tensor, order: int) -> Slopes:
    return [torch.erfc(u), *_of_bell(u, order, -1.0)]


def _of_bell(u: Tensor, order: int, sign: float) -> list[Tensor]:
    if order == 0:
        return []
    bell = sign * 2 / math.sqrt(math.pi) * torch.exp(-u * u)
    found = [bell, -2 * u * bell, (4 * u * u - 2) * bell, (12 - 8 * u * u) * u * bell]
    return found[:order]


def _inverse(
    function: Callable[[Tensor], Tensor],
    first: Callable[[Tensor], Tensor],
    factors: Sequence[Callable[[Tensor], Tensor]],
) -> Activation:
    """A function whose derivative is d(u), and the next ones factors(u)*d(u)**(2k+1)."""

    def slopes(u: Tensor, order: int) -> Slopes:
        if order == 0:
            return [function(u)]
        d = first(u)
        step = 2 if function in _OF_ROOTS else 1
        return [function(u), d, *(factor(u) * d ** (1 + step * k) for k, factor in enumerate(factors[: order - 1], 1))]

    return slopes


_OF_ROOTS = torch.asin, torch.acos, torch.asinh, torch.acosh


def times_argument(u: Tensor, slopes: Slopes) -> Slopes:
    """u*g(u) and its derivatives, from those of g."""
    found: list[Tensor | None] = []
    for k, each in enumerate(slopes):
        own = None if each is None else u * each
        below = slopes[k - 1] if k else None
        found.append(own if below is None else k * below if own is None else torch.add(own, below, alpha=k))
    return found


def chained(outer: Activation, inner: Slopes) -> Slopes:
    """outer(inner(u)) and its derivatives."""
    order = len(inner) - 1
    by_u = [(0,) * k for k in range(order + 1)]
    parts = {each: slope for each, slope in zip(by_u, inner, strict=True) if slope is not None}
    value = parts[()]
    found = Orders([by_u[-1]]).composed(Jet(tuple(value.shape[:-1]), parts), outer(value, order))
    return [found.parts.get(each) for each in by_u]


def silu(u: Tensor, order: int) -> Slopes:
    """u times the logistic function."""
    return [torch.nn.functional.silu(u), *times_argument(u, _sigmoid(u, order))[1:]]


def mish(u: Tensor, order: int) -> Slopes:
    """u*tanh(softplus(u))."""
    return [torch.nn.functional.mish(u), *times_argument(u, chained(_tanh, softplus(u, order)))[1:]]


def gelu(u: Tensor, order: int, approximate: str = "none") -> Slopes:
    """u times the normal distribution function, or torch's approximation of that by tanh."""
    value = torch.nn.functional.gelu(u, approximate=approximate)
    if approximate == "tanh":
        return [value, *_gelu_by_tanh(u, order)[1:]]
    if order == 0:
        return [value]
    bell = torch.exp(-0.5 * u * u) / math.sqrt(2 * math.pi)
    square = u * u
    found = [
        0.5 * (1 + torch.erf(u * math.sqrt(0.5))) + u * bell,
        (2 - square) * bell,
        (square - 4) * u * bell,
        (square * (7 - square) - 4) * bell,
    ]
    return [value, *found[:order]]


def _gelu_by_tanh(u: Tensor, order: int) -> Slopes:
    kappa, cubic = math.sqrt(2 / math.pi), 0.044715
    inner = [u + cubic * u**3, 1 + 3 * cubic * u * u, 6 * cubic * u, torch.full_like(u, 6 * cubic), None]
    scaled = [None if each is None else kappa * each for each in inner[: order + 1]]
    curve = chained(_tanh, scaled)
    value = cast("Tensor", curve[0])
    return times_argument(u, [0.5 * (1 + value), *(None if each is None else 0.5 * each for each in curve[1:])])


def elu(u: Tensor, order: int, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Slopes:
    """scale*u above 0, alpha*scale*(exp(input_scale*u) - 1) below; at 0 the first derivative is that from below."""
    below = torch.clamp(u, max=0.0) * input_scale
    curve = alpha * scale * torch.exp(below)
    value = torch.where(u > 0, scale * u, alpha * scale * torch.expm1(below))
    firsts = [torch.where(u > 0, scale, input_scale * curve)] if order else []
    higher = [torch.where(u < 0, input_scale**k * curve, 0.0) for k in range(2, order + 1)]
    return [value, *firsts, *higher]


def hard_swish(u: Tensor, order: int) -> Slopes:
    """u*clamp(u + 3, 0, 6)/6."""
    inside = (u > -3) & (u < 3)
    slope = torch.where(inside, u / 3 + 0.5, (u >= 3).to(u.dtype))
    curvature = torch.where(inside, torch.full_like(u, 1 / 3), 0.0)
    found: list[Tensor | None] = [torch.nn.functional.hardswish(u), slope, curvature]
    return [*found, None, None][: order + 1]


ELEMENTARY: dict[str, Activation] = {
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "exp": _exp,
    "expm1": _expm1,
    "exp2": lambda u, order: exponential(u, order, 2.0),
    "log": _logarithm(torch.log),
    "log2": _logarithm(torch.log2, 1 / math.log(2)),
    "log10": _logarithm(torch.log10, 1 / math.log(10)),
    "log1p": _logarithm(torch.log1p, shift=1.0),
    "sin": _turning(torch.sin, torch.cos, (1, 1, -1, -1, 1)),
    "cos": _turning(torch.cos, torch.sin, (1, -1, -1, 1, 1)),
    "tan": _tan,
    "sinh": _turning(torch.sinh, torch.cosh, (1, 1, 1, 1, 1)),
    "cosh": _turning(torch.cosh, torch.sinh, (1, 1, 1, 1, 1)),
    "sqrt": _root(torch.sqrt, 0.5, -2),
    "rsqrt": _root(torch.rsqrt, -0.5, 2),
    "reciprocal": _root(torch.reciprocal, -1.0, 1),
    "erf": _erf,
    "erfc": _erfc,
    "asin": _inverse(
        torch.asin,
        lambda u: torch.rsqrt(1 - u * u),
        (lambda u: u, lambda u: 1 + 2 * u * u, lambda u: (9 + 6 * u * u) * u),
    ),
    "acos": _inverse(
        torch.acos,
        lambda u: -torch.rsqrt(1 - u * u),
        (lambda u: u, lambda u: 1 + 2 * u * u, lambda u: (9 + 6 * u * u) * u),
    ),
    "asinh": _inverse(
        torch.asinh,
        lambda u: torch.rsqrt(1 + u * u),
        (lambda u: -u, lambda u: 2 * u * u - 1, lambda u: (9 - 6 * u * u) * u),
    ),
    "acosh": _inverse(
        torch.acosh,
        lambda u: torch.rsqrt(u * u - 1),
        (lambda u: -u, lambda u: 2 * u * u + 1, lambda u: -(9 + 6 * u * u) * u),
    ),
    "atan": _inverse(
        torch.atan,
        lambda u: torch.reciprocal(1 + u * u),
        (lambda u: -2 * u, lambda u: 6 * u * u - 2, lambda u: 24 * u * (1 - u * u)),
    ),
    "atanh": _inverse(
        torch.atanh,
        lambda u: torch.reciprocal(1 - u * u),
        (lambda u: 2 * u, lambda u: 6 * u * u + 2, lambda u: 24 * u * (1 + u * u)),
    ),
    "silu": silu,
    "mish": mish,
}
"""By torch's name, those of no parameters."""
