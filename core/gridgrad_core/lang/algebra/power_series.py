"""Power series of functions of one variable beside 0, with finitely many negative powers, cut after some terms.

They tell what a formula is at the one point at which it is 0/0, whatever it is written with.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

__all__ = ["SERIES", "PowerSeries", "UnknownSeriesError", "constant", "series_of", "variable"]

_NOISE = 1e-13  # of the largest term of a sum, beside which the sum is 0


class UnknownSeriesError(ArithmeticError):
    """There is no such series, or it is not known how to compute it."""


class PowerSeries(NamedTuple):
    """A sum of powers of a small positive variable.

    Args:
        low: the least power; its coefficient is not 0.
        coefficients: of this power and those that follow. The last one is not always 0 beyond.
    """

    low: int
    coefficients: tuple[float, ...]

    @property
    def top(self) -> int:
        """The first power that is not known."""
        return self.low + len(self.coefficients)

    def at(self, power: int) -> float:
        """The coefficient of a power."""
        return self.coefficients[power - self.low] if self.low <= power < self.top else 0.0

    def known_at(self, power: int) -> float:
        """The same; of what is cut off it is unknown."""
        if power >= self.top:
            raise UnknownSeriesError
        return self.at(power)

    def divided_slope(self) -> PowerSeries:
        """The derivative over the variable."""
        return _made(self.low - 2, [k * self.at(k) for k in range(self.low, self.top)])


def constant(value: float, terms: int = 40) -> PowerSeries:
    """The series of a number, of so many terms. What is computed of several has as many as the shortest."""
    return _made(0, [value] + [0.0] * (terms - 1))


def variable(terms: int = 40) -> PowerSeries:
    """The series of the variable itself."""
    return _made(1, [1.0] + [0.0] * (terms - 1))


def series_of(op: str, *arguments: PowerSeries) -> PowerSeries:
    """The series of a function of series.

    Args:
        op: the function, by its name in the table.
        arguments: its arguments.

    Raises:
        UnknownSeriesError: it has none, as sqrt of the variable, or the function is none of `SERIES`.
    """
    try:
        return SERIES[op](*arguments)
    except (KeyError, ArithmeticError, ValueError) as error:
        raise UnknownSeriesError from error


def _made(low: int, coefficients: Sequence[float]) -> PowerSeries:
    if not all(map(math.isfinite, coefficients)):
        raise UnknownSeriesError
    first = next((place for place, c in enumerate(coefficients) if c), len(coefficients))
    return PowerSeries(low + first, tuple(coefficients[first:]))


def _total(terms: Sequence[float]) -> float:
    """The sum, or 0 where nothing but rounding is left of it."""
    total = math.fsum(terms)
    return total if abs(total) > _NOISE * max(map(abs, terms), default=0.0) else 0.0


def _add(x: PowerSeries, y: PowerSeries) -> PowerSeries:
    low, top = min(x.low, y.low), min(x.top, y.top)
    return _made(low, [_total((x.at(k), y.at(k))) for k in range(low, top)])


def _mul(x: PowerSeries, y: PowerSeries) -> PowerSeries:
    a, b = x.coefficients, y.coefficients
    terms = range(min(len(a), len(b)))
    return _made(x.low + y.low, [_total([a[j] * b[n - j] for j in range(n + 1)]) for n in terms])


def _scaled(x: PowerSeries, factor: float) -> PowerSeries:
    return _made(x.low, [factor * c for c in x.coefficients])


def _raised(x: PowerSeries, power: float) -> PowerSeries:
    """Its power, by J. C. P. Miller's recurrence (Knuth, The Art of Computer Programming, vol. 2, 4.7)."""
    low = float(x.low * power)
    if not x.coefficients or not low.is_integer():
        raise UnknownSeriesError
    a = x.coefficients
    first = a[0] ** power
    if isinstance(first, complex):
        raise UnknownSeriesError
    found = [first]
    for n in range(1, len(a)):
        found.append(_total([(k * power - n + k) * a[k] * found[n - k] / (n * a[0]) for k in range(1, n + 1)]))
    return _made(int(low), found)


def _pow(x: PowerSeries, y: PowerSeries) -> PowerSeries:
    if any(y.coefficients[1:]) or y.low:
        raise UnknownSeriesError
    return _raised(x, y.at(0))


def _whole(x: PowerSeries) -> list[float]:
    """The coefficients from that of the power 0 on."""
    if x.low < 0:
        raise UnknownSeriesError
    return [x.at(k) for k in range(x.top)]


def _exp(x: PowerSeries) -> PowerSeries:
    u = _whole(x)
    found = [math.exp(u[0])]
    for n in range(1, len(u)):
        found.append(_total([k * u[k] * found[n - k] / n for k in range(1, n + 1)]))
    return _made(0, found)


def _sine_and_cosine(x: PowerSeries) -> tuple[PowerSeries, PowerSeries]:
    u = _whole(x)
    sine, cosine = [math.sin(u[0])], [math.cos(u[0])]
    for n in range(1, len(u)):
        slopes = [k * u[k] / n for k in range(1, n + 1)]
        sine.append(_total([slope * cosine[n - k] for k, slope in enumerate(slopes, 1)]))
        cosine.append(-_total([slope * sine[n - k] for k, slope in enumerate(slopes, 1)]))
    return _made(0, sine), _made(0, cosine)


def _sin(x: PowerSeries) -> PowerSeries:
    return _sine_and_cosine(x)[0]


def _cosh(x: PowerSeries) -> PowerSeries:
    return _scaled(_add(_exp(x), _exp(_scaled(x, -1))), 0.5)


def _sinh(x: PowerSeries) -> PowerSeries:
    return _scaled(_add(_exp(x), _scaled(_exp(_scaled(x, -1)), -1)), 0.5)


def _tanh(x: PowerSeries) -> PowerSeries:
    return _div(_sinh(x), _cosh(x))


def _div(x: PowerSeries, y: PowerSeries) -> PowerSeries:
    return _mul(x, _raised(y, -1))


def _over(x: PowerSeries, y: PowerSeries) -> PowerSeries:
    """A quotient of what vanishes together; elsewhere it would lose digits."""
    if y.low < 1:
        raise UnknownSeriesError
    return _div(x, y)


def _abs(x: PowerSeries) -> PowerSeries:
    return _scaled(x, -1) if x.coefficients and x.coefficients[0] < 0 else x


def _integral(
    value: Callable[[float], float], slope: Callable[[PowerSeries], PowerSeries], x: PowerSeries
) -> PowerSeries:
    """A function by its derivative, from its value at 0 on."""
    whole = _whole(x)
    product = _mul(slope(x), _made(0, [k * c for k, c in enumerate(whole)][1:]))
    return _made(0, [value(whole[0]), *(product.at(k - 1) / k for k in range(1, product.top + 1))])


def _power_of_square(first: float, sign: float, power: float, x: PowerSeries) -> PowerSeries:
    """(first + sign·x²)^power."""
    return _raised(_add(constant(first), _scaled(_mul(x, x), sign)), power)


def _gaussian(exponent: float, factor: float, x: PowerSeries) -> PowerSeries:
    return _scaled(_exp(_scaled(_mul(x, x), exponent)), factor)


def _sigmoid(x: PowerSeries) -> PowerSeries:
    return _raised(_add(constant(1), _exp(_scaled(x, -1))), -1)


def _bessel(sign: int, n: PowerSeries, x: PowerSeries) -> PowerSeries:
    """Of the first kind, or where the sign is 1 modified, around 0 alone (DLMF 10.2.2, 10.25.2)."""
    if x.low < 1 or any(n.at(k) for k in range(min(n.low, 0), n.top) if k) or not n.at(0).is_integer():
        raise UnknownSeriesError
    order, half = int(n.at(0)), _scaled(x, 0.5)
    square, total = _mul(half, half), constant(0.0, len(x.coefficients))
    for k in range(len(x.coefficients) // 2 + 1, -1, -1):
        term = constant(sign**k / (math.factorial(k) * math.factorial(k + order)), len(x.coefficients))
        total = _add(term, _mul(square, total))
    return _mul(_raised(half, order), total)


_NORMAL = functools.partial(_gaussian, -0.5, 1 / math.sqrt(2 * math.pi))
_INTEGRALS: dict[str, tuple[Callable[[float], float], Callable[[PowerSeries], PowerSeries]]] = {
    "log": (math.log, lambda x: _raised(x, -1)),
    "log2": (math.log2, lambda x: _scaled(_raised(x, -1), 1 / math.log(2))),
    "log10": (math.log10, lambda x: _scaled(_raised(x, -1), 1 / math.log(10))),
    "log1p": (math.log1p, lambda x: _raised(_add(constant(1), x), -1)),
    "arctan": (math.atan, functools.partial(_power_of_square, 1, 1, -1)),
    "arcsin": (math.asin, functools.partial(_power_of_square, 1, -1, -0.5)),
    "arccos": (math.acos, lambda x: _scaled(_power_of_square(1, -1, -0.5, x), -1)),
    "arcsinh": (math.asinh, functools.partial(_power_of_square, 1, 1, -0.5)),
    "arccosh": (math.acosh, functools.partial(_power_of_square, -1, 1, -0.5)),
    "arctanh": (math.atanh, functools.partial(_power_of_square, 1, -1, -1)),
    "erf": (math.erf, functools.partial(_gaussian, -1, 2 / math.sqrt(math.pi))),
    "erfc": (math.erfc, functools.partial(_gaussian, -1, -2 / math.sqrt(math.pi))),
    "norm_cdf": (lambda x: math.erfc(-x / math.sqrt(2)) / 2, _NORMAL),
    "softplus": (lambda x: math.log1p(math.exp(x)), _sigmoid),
    "log_sigmoid": (lambda x: -math.log1p(math.exp(-x)), lambda x: _sigmoid(_scaled(x, -1))),
}
"""Their values, and their slopes."""

SERIES: dict[str, Callable[..., PowerSeries]] = {
    **{name: functools.partial(_integral, *parts) for name, parts in _INTEGRALS.items()},
    "add": _add,
    "sub": lambda x, y: _add(x, _scaled(y, -1)),
    "neg": lambda x: _scaled(x, -1),
    "mul": _mul,
    "div": _div,
    "pow": _pow,
    "square": lambda x: _mul(x, x),
    "reciprocal": lambda x: _raised(x, -1),
    "sqrt": lambda x: _raised(x, 0.5),
    "abs": _abs,
    "positive": lambda x: x,
    "exp": _exp,
    "exp2": lambda x: _exp(_scaled(x, math.log(2))),
    "expm1": lambda x: _add(_exp(x), constant(-1)),
    "sin": _sin,
    "cos": lambda x: _sine_and_cosine(x)[1],
    "tan": lambda x: _div(*_sine_and_cosine(x)),
    "sinh": _sinh,
    "cosh": _cosh,
    "tanh": _tanh,
    "sech": lambda x: _raised(_cosh(x), -1),
    "norm_pdf": _NORMAL,
    "sigmoid": _sigmoid,
    "silu": lambda x: _mul(x, _sigmoid(x)),
    "gelu": lambda x: _mul(x, series_of("norm_cdf", x)),
    "hypot": lambda x, y: _raised(_add(_mul(x, x), _mul(y, y)), 0.5),
    "sinc": lambda x: _over(_sin(_scaled(x, math.pi)), _scaled(x, math.pi)),
    "tanhc": lambda x: _over(_tanh(x), x),
    "exprel": lambda x: _over(_add(_exp(x), constant(-1)), x),
    "bernoulli": lambda x: _raised(series_of("exprel", x), -1),
    "log1prel": lambda x: _over(series_of("log1p", x), x),
    "j0": lambda x: _bessel(-1, constant(0.0, len(x.coefficients)), x),
    "j1": lambda x: _bessel(-1, constant(1.0, len(x.coefficients)), x),
    "jn": functools.partial(_bessel, -1),
    "i0": lambda x: _bessel(1, constant(0.0, len(x.coefficients)), x),
    "i1": lambda x: _bessel(1, constant(1.0, len(x.coefficients)), x),
    "iv": functools.partial(_bessel, 1),
    "langevin": lambda x: _add(_div(_cosh(x), _sinh(x)), _scaled(_raised(x, -1), -1)),
}
"""How to compute the series of each function, from those of its arguments."""
