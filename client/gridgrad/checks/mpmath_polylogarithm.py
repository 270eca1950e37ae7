"""Polylogarithms and the integrals that they are, on mpmath's numbers."""

from __future__ import annotations

import mpmath as mp

from gridgrad.checks.mpmath_loops import Number

__all__ = ["bose_einstein", "debye", "debye_derivative", "fermi_dirac", "polylog", "polylog_derivative"]


def polylog(s: Number, x: Number) -> Number:
    """Li of an order that is half a whole number."""
    if x > 1:
        return mp.nan
    if x == 1:
        return mp.zeta(s) if s > 1 else mp.inf
    if s == 1:  # mpmath's is 0 beside 0
        return -mp.log1p(-x)
    if x < -0.75 and s != mp.floor(s):
        return _of_negative(s, mp.log(-x))
    return mp.re(mp.polylog(s, x))


def _of_negative(s: Number, u: Number) -> Number:
    """Of -eᵘ, by Jonquière's formula (DLMF 25.13.2), which mpmath would take seconds for."""
    with mp.workdps(mp.mp.dps + 20):
        hurwitz = _hurwitz(1 - s, mp.mpc(0.5, -u / (2 * mp.pi)))
        return mp.gamma(1 - s) * (2 * mp.pi) ** (s - 1) * 2 * mp.re(mp.expjpi((1 - s) / 2) * hurwitz)


def _hurwitz(s: Number, a: Number) -> Number:
    """Hurwitz's zeta function by Euler and Maclaurin's formula (DLMF 25.11.28)."""
    steps = mp.mp.dps // 2 + 10
    last = a + steps
    total = mp.fsum((a + k) ** -s for k in range(steps)) + last ** (1 - s) / (s - 1) + last**-s / 2
    term = s * last ** (-s - 1)
    for k in range(1, steps):
        total += mp.bernoulli(2 * k) / mp.factorial(2 * k) * term
        term *= (s + 2 * k - 1) * (s + 2 * k) / last**2
    return total


def fermi_dirac(j: Number, x: Number) -> Number:
    """∫ tʲ/(1 + exp(t - x)) dt/Γ(j + 1), continued to lower orders."""
    return -polylog(j + 1, -mp.exp(x))


def bose_einstein(j: Number, x: Number) -> Number:
    """∫ tʲ/(exp(t - x) - 1) dt/Γ(j + 1), continued to lower orders."""
    return polylog(j + 1, mp.exp(x)) if x <= 0 else mp.nan


def polylog_derivative(n: int, s: Number, x: Number) -> Number:
    """By its series, or by those of lower orders with digits to lose."""
    if abs(x) < 0.5:
        return mp.nsum(lambda k: mp.ff(k, n) * x ** (int(k) - n) / mp.mpf(k) ** s, [max(n, 1), mp.inf], method="d")
    if x == 1:
        return mp.nsum(lambda k: mp.ff(k, n) / mp.mpf(k) ** s, [max(n, 1), mp.inf]) if s - n > 1 else mp.inf
    with mp.workdps(2 * mp.mp.dps):
        lower = (mp.stirling1(n, k) * polylog(s - k, x) for k in range(n + 1))
        return mp.fsum(lower) / x**n


def debye(n: int, x: Number) -> Number:
    """n/xⁿ ∫ tⁿ/(eᵗ - 1) dt from 0 to x."""
    return debye_derivative(0, n, x)


def debye_derivative(k: int, n: int, x: Number) -> Number:
    """By Bernoulli's numbers beside 0; elsewhere of what is left of ζ, with digits to lose."""
    if n == 0:
        return mp.mpf(k == 0)
    if abs(x) < 2:
        terms = (mp.bernoulli(m) * x ** (m - k) / (mp.factorial(m - k) * (m + n)) for m in range(k, 3 * mp.mp.dps + k))
        return n * mp.fsum(terms)
    with mp.workdps(2 * mp.mp.dps):
        return mp.diff(lambda y: _debye_far_out(n, y), x, k) if k else _debye_far_out(n, x)


def _debye_far_out(n: int, x: Number) -> Number:
    if x < 0:
        return _debye_far_out(n, -x) - n * x / (n + 1)
    beyond = (x ** (n - j) / mp.factorial(n - j) * mp.polylog(j + 1, mp.exp(-x)) for j in range(n + 1))
    return n * mp.factorial(n) / x**n * (mp.zeta(n + 1) - mp.fsum(beyond))
