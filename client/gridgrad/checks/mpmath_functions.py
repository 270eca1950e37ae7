"""Each function of the language on mpmath's numbers. Where a function has no real value, or has a pole, it is nan."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import mpmath as mp

from gridgrad.checks import mpmath_special
from gridgrad.checks.mpmath_loops import Number, looped
from gridgrad.checks.mpmath_tables import item_of_array, value_of_table
from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.functions.tabulated import ARRAY_ITEM, CALLS
from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.loops.pick import Pick

__all__ = ["VALUES", "Number", "call"]


def call(name: str, *arguments: Number) -> Number:
    """A function of the language; nan where it is not real, and where an argument is nan if it does not say more."""
    if isinstance(name, LocalOperation):
        return looped(name, arguments, call)
    if isinstance(name, Pick):
        return mp.mpf(name.numbers[int(arguments[0])])
    if name not in _SEE_NAN and any(mp.isnan(argument) for argument in arguments):
        return mp.nan
    integers = len(FUNCTIONS[name].integers)
    known = [int(argument) for argument in arguments[:integers]]
    try:
        if name in CALLS:
            return value_of_table(known, arguments[integers:])
        if name == ARRAY_ITEM.name:
            return item_of_array(*known, *arguments[integers:])
        value = VALUES[name](*known, *arguments[integers:])
    except (ZeroDivisionError, ValueError):
        return mp.nan
    return mp.nan if isinstance(value, mp.mpc) else value


def _sinc_derivative(n: int, x: Number) -> Number:
    z = mp.pi * x
    if abs(z) < 1:
        first = (n + 1) // 2
        terms = (
            (-1) ** m * z ** (2 * m - n) / ((2 * m + 1) * mp.factorial(2 * m - n)) for m in range(first, first + 60)
        )
        return mp.pi**n * mp.fsum(terms)
    value = mp.sinpi(x) / z
    for k in range(1, n + 1):
        value = (mp.sin(z + k * mp.pi / 2) - k * value) / z
    return mp.pi**n * value


def _quotients() -> dict[str, Callable[..., Number]]:
    """Quotients that are 0/0 at 0 and smooth there, and their derivatives."""
    found: dict[str, Callable[..., Number]] = {}
    for name, (at_zero, beside) in _SMOOTH_QUOTIENTS.items():
        value = functools.partial(_or_at_zero, at_zero, beside)
        found[name] = value
        found[f"{name}_derivative"] = functools.partial(_derivative, value)
    return found


def _or_at_zero(at_zero: int, beside: Callable[[Number], Number], x: Number) -> Number:
    return beside(x) if x else mp.mpf(at_zero)


def _langevin(x: Number) -> Number:
    with mp.workdps(2 * mp.mp.dps + 20):  # to lose, beside 0
        return mp.coth(x) - 1 / x


def _derivative(value: Callable[[Number], Number], n: int, x: Number) -> Number:
    return mp.diff(value, x, n)


def _erfcx_derivative(n: int, x: Number) -> Number:
    """By w' = 2xw - 2/√π and Leibniz's rule, with digits to lose."""
    with mp.workdps(mp.mp.dps + 100):
        derivatives = [mp.exp(x * x) * mp.erfc(x)]
        for k in range(n):
            before = derivatives[k - 1] if k else 0
            derivatives.append(2 * x * derivatives[k] + 2 * k * before - (0 if k else 2 / mp.sqrt(mp.pi)))
        return derivatives[n]


def _log_norm_cdf_derivative(n: int, x: Number) -> Number:
    """By h' = -h(x + h) for h = φ/Φ and Leibniz's rule, with digits to lose."""
    with mp.workdps(mp.mp.dps + 100):
        if n == 0:
            return mp.log(mp.ncdf(x))
        hazard = [mp.npdf(x) / mp.ncdf(x)]
        for k in range(n - 1):
            sums = [x + hazard[0], *(h + (j == 1) for j, h in enumerate(hazard) if j)]
            hazard.append(-mp.fsum(mp.binomial(k, j) * hazard[j] * sums[k - j] for j in range(k + 1)))
        return hazard[n - 1]


def _norm_ppf(p: Number) -> Number:
    """By Newton's method on ln Φ of the smaller tail."""
    if not 0 < p < 1:
        return {0: mp.ninf, 1: mp.inf}.get(p, mp.nan)
    if p > 0.5:
        return -_norm_ppf(1 - p)
    start = -math.sqrt(-2 * float(mp.log(p))) if p < 0.1 else float(2.5 * (p - 0.5))
    return mp.findroot(lambda y: mp.log(mp.ncdf(y)) - mp.log(p), mp.mpf(start), tol=mp.mpf(10) ** (-1.8 * mp.mp.dps))


def _ignoring_nan(larger: bool) -> Callable[[Number, Number], Number]:
    return lambda x, y: y if mp.isnan(x) else x if mp.isnan(y) else max(x, y) if larger else min(x, y)


def _pow(x: Number, y: Number) -> Number:
    if x == 0 and y > 0:
        return mp.mpf(0)
    return mp.mpf(1) if y == 0 else mp.power(x, y)


_SMOOTH_QUOTIENTS: dict[str, tuple[int, Callable[[Number], Number]]] = {
    "exprel": (1, lambda x: mp.expm1(x) / x),
    "bernoulli": (1, lambda x: x / mp.expm1(x)),
    "log1prel": (1, lambda x: mp.log1p(x) / x),
    "tanhc": (1, lambda x: mp.tanh(x) / x),
    "langevin": (0, _langevin),
}
"""What each is at 0, and beside it."""

_SEE_NAN = frozenset({
    "and", "or", "not", "lt", "le", "gt", "ge", "eq", "ne", "logical_xor", "where", "isnan", "isinf", "isposinf",
    "isneginf", "isfinite", "signbit", "fmax", "fmin", "nan_to_num", "pow",
})  # fmt: skip
"""Functions that are something else than nan where an argument is nan."""

VALUES: dict[str, Callable[..., Number]] = {
    **_quotients(),
    **mpmath_special.VALUES,
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "floordiv": lambda x, y: mp.floor(x / y),
    "mod": lambda x, y: x - y * mp.floor(x / y),
    "pow": _pow,
    "neg": lambda x: -x,
    "lt": lambda x, y: x < y,
    "le": lambda x, y: x <= y,
    "gt": lambda x, y: x > y,
    "ge": lambda x, y: x >= y,
    "eq": lambda x, y: x == y,
    "ne": lambda x, y: x != y,
    "and": lambda x, y: x and y,
    "or": lambda x, y: x or y,
    "not": lambda x: not x,
    "logical_xor": lambda x, y: x != y,
    "where": lambda c, a, b: a if c else b,
    "isnan": mp.isnan,
    "isinf": mp.isinf,
    "isposinf": lambda x: x == mp.inf,
    "isneginf": lambda x: x == -mp.inf,
    "isfinite": mp.isfinite,
    "signbit": lambda x: x < 0,
    "maximum": max,
    "minimum": min,
    "fmax": _ignoring_nan(larger=True),
    "fmin": _ignoring_nan(larger=False),
    "clip": lambda x, low, high: min(max(x, low), high),
    "relu": lambda x: max(x, 0),
    "abs": abs,
    "sign": mp.sign,
    "copysign": lambda x, y: abs(x) if y >= 0 else -abs(x),
    "heaviside": lambda x, h: h if x == 0 else mp.mpf(x > 0),
    "positive": lambda x: x,
    "nan_to_num": lambda x: mp.mpf(0) if mp.isnan(x) else x,
    "floor": mp.floor,
    "ceil": mp.ceil,
    "trunc": lambda x: mp.floor(x) if x > 0 else mp.ceil(x),
    "rint": mp.nint,
    "fmod": lambda x, y: x - y * (mp.floor(x / y) if x / y > 0 else mp.ceil(x / y)),
    "sqrt": mp.sqrt,
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "hypot": mp.hypot,
    "direction": lambda x, y: x / mp.hypot(x, y),
    "exp": mp.exp,
    "exp2": lambda x: mp.power(2, x),
    "expm1": mp.expm1,
    "log": mp.log,
    "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": lambda x: mp.log(x) / mp.log(10),
    "log1p": mp.log1p,
    "logaddexp": lambda x, y: max(x, y) + mp.log1p(mp.exp(-abs(x - y))),
    "logaddexp2": lambda x, y: max(x, y) + mp.log1p(mp.power(2, -abs(x - y))) / mp.log(2),
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "arcsin": mp.asin,
    "arccos": mp.acos,
    "arctan": mp.atan,
    "arctan2": mp.atan2,
    "sinc": mp.sincpi,
    "sinc_derivative": _sinc_derivative,
    "radians": lambda x: x * mp.pi / 180,
    "degrees": lambda x: x * 180 / mp.pi,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "sech": mp.sech,
    "csch": mp.csch,
    "coth": mp.coth,
    "sec": mp.sec,
    "csc": mp.csc,
    "cot": mp.cot,
    "factorial": mp.factorial,
    "arcsinh": mp.asinh,
    "arccosh": mp.acosh,
    "arctanh": mp.atanh,
    "erf": mp.erf,
    "erfc": mp.erfc,
    "erfcx": lambda x: _erfcx_derivative(0, x),
    "erfcx_derivative": _erfcx_derivative,
    "erfinv": lambda x: _norm_ppf((1 + x) / 2) / mp.sqrt(2),
    "erfcinv": lambda x: -_norm_ppf(x / 2) / mp.sqrt(2),
    "log_erfc": lambda x: mp.log(mp.erfc(x)),
    "norm_pdf": mp.npdf,
    "norm_cdf": mp.ncdf,
    "log_norm_cdf": lambda x: _log_norm_cdf_derivative(0, x),
    "log_norm_cdf_derivative": _log_norm_cdf_derivative,
    "norm_ppf": _norm_ppf,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "log_sigmoid": lambda x: -mp.log1p(mp.exp(-x)),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "logit": lambda x: mp.log(x / (1 - x)),
    "silu": lambda x: x / (1 + mp.exp(-x)),
    "gelu": lambda x: x * mp.ncdf(x),
    "xlogy": lambda x, y: x * mp.log(y) if x else x,
    "xlog1py": lambda x, y: x * mp.log1p(y) if x else x,
    "entr": lambda x: -x * mp.log(x) if x else x,
    "gamma": mp.gamma,
    "lgamma": lambda x: mp.log(abs(mp.gamma(x))),
    "digamma": mp.digamma,
    "polygamma": mp.psi,
}
"""Each function of the language on mpmath's numbers, by name."""
