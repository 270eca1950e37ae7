"""The functions of the library of special functions on mpmath's numbers."""

from __future__ import annotations

import functools
from collections.abc import Callable

import mpmath as mp

from gridgrad.checks.mpmath_loops import Number

__all__ = ["VALUES"]


def _owens_t(h: Number, a: Number) -> Number:
    return mp.quad(lambda t: mp.exp(-h * h * (1 + t * t) / 2) / (1 + t * t), [0, a / 2, a]) / (2 * mp.pi)


def _gammainc(a: Number, x: Number) -> Number:
    if a < 0 or x < 0 or a == x == 0:
        return mp.nan
    return mp.gammainc(a, 0, x, regularized=True) if a else mp.mpf(1)


def _gammainc_partial(m: int, n: int, a: Number, x: Number) -> Number:
    """Those of xᵃ⁻¹ e⁻ˣ/Γ(a) by x are sums, by Leibniz's rule."""

    def of_shape(a: Number) -> Number:
        if not n:
            return _gammainc(a, x)
        powers = (mp.binomial(n - 1, j) * (-1) ** (n - 1 - j) * mp.ff(a - 1, j) * x ** (a - 1 - j) for j in range(n))
        return mp.fsum(powers) * mp.exp(-x) * mp.rgamma(a)

    with mp.workdps(2 * mp.mp.dps):  # to lose, where it is almost 1
        return mp.diff(of_shape, a, m) if m else of_shape(a)


def _gammaincinv(a: Number, p: Number) -> Number:
    """By Newton's method on ln P of ln x, from below: it is concave."""
    if a <= 0 or not 0 < p < 1:
        return {0: mp.mpf(0), 1: mp.inf}.get(p, mp.nan) if a > 0 else mp.nan
    with mp.workdps(mp.mp.dps + 10):
        logarithm = (mp.log(p) + mp.loggamma(a + 1)) / a
        for _ in range(500):
            x = mp.exp(logarithm)
            value = _gammainc(a, x)
            step = mp.log(value / p) * value / (x**a * mp.exp(-x) * mp.rgamma(a))
            logarithm -= step
            if abs(step) < mp.mpf(10) ** (5 - mp.mp.dps):
                break
        return mp.exp(logarithm)


def _lambertw(branch: int, x: Number) -> Number:
    if x == 0:
        return mp.ninf if branch else x
    if x < -mp.exp(-1) or (branch and x > 0):
        return mp.nan
    return mp.re(mp.lambertw(x, branch))


_BESSEL = {"y": mp.bessely, "i": mp.besseli, "k": mp.besselk}

VALUES: dict[str, Callable[..., Number]] = {
    "gammainc": _gammainc,
    "gammaincc": lambda a, x: 1 - _gammainc(a, x),
    "gammainc_partial": _gammainc_partial,
    "gammaincinv": _gammaincinv,
    "beta": mp.beta,
    "betaln": lambda a, b: mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b),
    "polygamma_difference": lambda n, a, b: mp.psi(n, a + b) - mp.psi(n, a),
    "lambertw": functools.partial(_lambertw, 0),
    "lambertw_m1": functools.partial(_lambertw, -1),
    "j0": mp.j0,
    "j1": mp.j1,
    "jn": mp.besselj,
    **{f"{letter}{n}": functools.partial(of, n) for letter, of in _BESSEL.items() for n in (0, 1)},
    "yn": mp.bessely,
    "iv": mp.besseli,
    "kn": mp.besselk,
    "owens_t": _owens_t,
}
"""Each of them, by name."""
