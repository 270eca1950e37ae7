"""The functions of the library of special functions on mpmath's numbers."""

from __future__ import annotations

import functools
from collections.abc import Callable

import mpmath as mp

from gridgrad.checks import mpmath_polylogarithm
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


def _betainc(a: Number, b: Number, x: Number) -> Number:
    if a < 0 or b < 0 or not 0 <= x <= 1 or a == b == 0:
        return mp.nan
    return mp.betainc(a, b, 0, x, regularized=True) if a and b else mp.mpf(a == 0 or x == 1)


def _betainc_partial(i: int, j: int, k: int, a: Number, b: Number, x: Number) -> Number:
    if not k:
        return mp.diff(_betainc, (a, b, x), (i, j, 0)) if i + j else _betainc(a, b, x)

    def density(a: Number, b: Number, x: Number) -> Number:
        return x ** (a - 1) * (1 - x) ** (b - 1) / mp.beta(a, b)

    return mp.diff(density, (a, b, x), (i, j, k - 1)) if i + j + k > 1 else density(a, b, x)


def _betaincinv(a: Number, b: Number, p: Number) -> Number:
    if not (a > 0 and b > 0 and 0 < p < 1):
        return {0: mp.mpf(0), 1: mp.mpf(1)}.get(p, mp.nan) if a > 0 and b > 0 else mp.nan
    return mp.findroot(lambda x: _betainc(a, b, x) - p, (mp.mpf(0), mp.mpf(1)), solver="anderson", tol=mp.eps**2)


def _student_t_cdf(nu: Number, t: Number) -> Number:
    tail = _betainc(nu / 2, mp.mpf(0.5), nu / (nu + t * t)) / 2
    return 1 - tail if t > 0 else tail


def _student_t_cdf_partial(m: int, n: int, nu: Number, t: Number) -> Number:
    return mp.diff(_student_t_cdf, (nu, t), (m, n)) if m + n else _student_t_cdf(nu, t)


def _bivariate_norm_cdf(x: Number, y: Number, rho: Number) -> Number:
    root = mp.sqrt(1 - rho * rho)
    ends = sorted({x - 40 - abs(x), x - 10, x - 3, x - 1, min(x, y / rho if rho else x), x})
    size = mp.npdf(x) * mp.ncdf((y - rho * x) / root)  # by which mpmath knows when it is done
    return size * mp.quad(lambda u: mp.npdf(u) * mp.ncdf((y - rho * u) / root) / size, ends)


def _spherical(of: Callable[..., Number], n: int, x: Number) -> Number:
    """Of negative x by their parity, which those with a pole at 0 have not here."""
    if x <= 0 and of is mp.bessely:
        return mp.nan
    size = abs(x)
    value = mp.sqrt(mp.pi / (2 * size)) * of(n + mp.mpf(0.5), size) if x else mp.mpf(n == 0)
    return -value if x < 0 and n % 2 else value


def _polynomial_derivative(of: Callable[[int, Number], Number], n: int, k: int, x: Number) -> Number:
    with mp.workdps(2 * mp.mp.dps):
        return mp.diff(lambda u: of(n, u), x, k)


def _assoc_legendre(n: int, m: int, x: Number) -> Number:
    return (-mp.sqrt(1 - x * x)) ** m * _polynomial_derivative(mp.legendre, n, m, x) if abs(x) <= 1 else mp.nan


def _spherical_kn(n: int, x: Number) -> Number:
    """A sum (DLMF 10.49.12), which mpmath would take a minute for."""
    if x <= 0:
        return mp.nan
    terms = (mp.rf(n + 1 - k, 2 * k) / (mp.factorial(k) * (2 * x) ** k) for k in range(n + 1))
    return mp.pi / (2 * x) * mp.exp(-x) * mp.fsum(terms)


def _kn(n: int, x: Number) -> Number:
    """From K₀ and K₁ upwards (DLMF 10.29.1), since mpmath takes seconds for those of large whole orders."""
    if x <= 0:
        return mp.inf if x == 0 else mp.nan
    before, here = mp.besselk(0, x), mp.besselk(1, x)
    for k in range(1, n):
        before, here = here, before + 2 * k / x * here
    return here if n else before


def _scaled(of: Callable[[Number, Number], Number], sign: int, n: int, v: Number, x: Number) -> Number:
    """The n-th derivative of exp(∓|x|) times I or K, by differences of neighbours, with digits to lose."""
    if x < 0:
        whole = v == mp.floor(v) and sign > 0
        return (-1) ** (int(v) + n) * _scaled(of, sign, n, v, -x) if whole else mp.nan
    with mp.workdps(2 * mp.mp.dps):
        terms = ((-1) ** k * mp.binomial(2 * n, k) * of(v - n + k, x) for k in range(2 * n + 1))
        return mp.fsum(terms) * mp.exp(-sign * x) / (2 * sign) ** n


def _kv(v: Number, x: Number) -> Number:
    return _kn(int(abs(v)), x) if v == mp.floor(v) else mp.besselk(v, x)


def _faddeeva(k: int, z: Number) -> Number:
    """The k-th derivative of exp(-z²) erfc(-iz), by w' = -2zw + 2i/√π and Leibniz's rule, with digits to lose."""
    with mp.workdps(2 * mp.mp.dps + 40):
        before, here = mp.mpf(0), mp.exp(-z * z) * mp.erfc(-1j * z)
        for n in range(k):
            before, here = here, -2 * z * here - 2 * n * before + (0 if n else 2j / mp.sqrt(mp.pi))
        return here


def _dawsn_derivative(n: int, x: Number) -> Number:
    return mp.sqrt(mp.pi) / 2 * mp.im(_faddeeva(n, mp.mpc(x)))


def _voigt_partial(m: int, n: int, x: Number, sigma: Number, gamma: Number) -> Number:
    scale = sigma * mp.sqrt(2)
    return mp.re(1j**n * _faddeeva(m + n, mp.mpc(x, gamma) / scale)) / (scale ** (m + n + 1) * mp.sqrt(mp.pi))


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


_SCALED = (("iv", mp.besseli, 1), ("kv", _kv, -1))
_BESSEL = {"y": mp.bessely, "i": mp.besseli, "k": _kn}


def _incomplete(of: Callable[[Number, Number], Number], phi: Number, m: Number) -> Number:
    return of(phi, m) if m <= 1 else mp.nan


def _derivative_by_last(value: Callable[..., Number], n: int, *arguments: Number) -> Number:
    with mp.workdps(2 * mp.mp.dps):
        return mp.diff(lambda m: value(*arguments[:-1], m), arguments[-1], n)


_HALF = mp.mpf(0.5)


def _carlson(powers: tuple[Number, ...], *arguments: Number) -> Number:
    """Its defining integral, over ln t; around the pole of a negative argument, on the imaginary axis."""
    if any(x < 0 and power % 1 for x, power in zip(arguments, powers, strict=True)):
        return mp.nan
    axis = mp.j if any(x < 0 for x in arguments) else mp.mpf(1)

    def integrand(t: Number) -> Number:
        return mp.fprod((t + x) ** -power for x, power in zip(arguments, powers, strict=True))

    places = sorted({mp.log(abs(x)) for x in arguments if x})
    ends = [places[0] - 8 * mp.mp.dps, *places, places[-1] + 8 * mp.mp.dps]
    return mp.re(mp.quad(lambda v: integrand(axis * mp.exp(v)) * axis * mp.exp(v), ends)) / 2


def _expn(n: int, x: Number) -> Number:
    return mp.expint(n, x) if x > 0 else (mp.inf if n < 2 else mp.mpf(1) / (n - 1)) if x == 0 else mp.nan


def _ellipk(m: Number) -> Number:
    return mp.ellipk(m) if m <= 1 else mp.nan


def _spence(x: Number) -> Number:
    return mp.re(mp.polylog(2, 1 - x)) if x >= 0 else mp.nan


_DERIVED: dict[str, Callable[..., Number]] = {
    "ellipk": _ellipk,
    "ellipkm1": lambda p: _ellipk(1 - p),
    "ellipe": lambda m: mp.ellipe(m) if m <= 1 else mp.nan,
    "ellipkinc": functools.partial(_incomplete, mp.ellipf),
    "ellipeinc": functools.partial(_incomplete, mp.ellipe),
}
"""Those that have a function of their derivatives by the last argument."""

VALUES: dict[str, Callable[..., Number]] = {
    "gammainc": _gammainc,
    "gammaincc": lambda a, x: 1 - _gammainc(a, x),
    "gammainc_partial": _gammainc_partial,
    "gammaincinv": _gammaincinv,
    "betainc": _betainc,
    "betainc_partial": _betainc_partial,
    "betaincinv": _betaincinv,
    "student_t_cdf": _student_t_cdf,
    "student_t_cdf_partial": _student_t_cdf_partial,
    "dawsn": lambda x: _dawsn_derivative(0, x),
    "dawsn_derivative": _dawsn_derivative,
    "voigt_profile": lambda x, sigma, gamma: _voigt_partial(0, 0, x, sigma, gamma),
    "voigt_partial": _voigt_partial,
    "bivariate_norm_cdf": _bivariate_norm_cdf,
    "beta": mp.beta,
    "betaln": lambda a, b: mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b),
    "polygamma_difference": lambda n, a, b: mp.psi(n, a + b) - mp.psi(n, a),
    "lambertw": functools.partial(_lambertw, 0),
    "lambertw_m1": functools.partial(_lambertw, -1),
    "legendre_p": mp.legendre,
    "legendre_p_derivative": lambda k, n, x: _polynomial_derivative(mp.legendre, n, k, x),
    "assoc_legendre": _assoc_legendre,
    "chebyt": mp.chebyt,
    "chebyt_derivative": lambda k, n, x: _polynomial_derivative(mp.chebyt, n, k, x),
    "hermite": mp.hermite,
    "laguerre": lambda n, x: mp.laguerre(n, 0, x),
    "assoc_laguerre": mp.laguerre,
    "j0": mp.j0,
    "j1": mp.j1,
    "jn": mp.besselj,
    **{f"{letter}{n}": functools.partial(of, n) for letter, of in _BESSEL.items() for n in (0, 1)},
    "yn": mp.bessely,
    "iv": mp.besseli,
    "kn": _kn,
    "jv": mp.besselj,
    "yv": mp.bessely,
    "kv": _kv,
    **{f"{name}e_derivative": functools.partial(_scaled, of, sign) for name, of, sign in _SCALED},
    **{f"{name}e": functools.partial(_scaled, of, sign, 0) for name, of, sign in _SCALED},
    **{f"{name[0]}{v}e": functools.partial(_scaled, of, sign, 0, v) for name, of, sign in _SCALED for v in (0, 1)},
    "zeta": lambda x: mp.zeta(x) if x != 1 else mp.inf,
    "zeta_derivative": lambda n, x: mp.zeta(x, 1, n),
    "hyp1f1": lambda a, b, x: mp.nan if b <= 0 and b == mp.floor(b) else mp.hyp1f1(a, b, x),
    "spherical_jn": functools.partial(_spherical, mp.besselj),
    "spherical_yn": functools.partial(_spherical, mp.bessely),
    "spherical_in": functools.partial(_spherical, mp.besseli),
    "spherical_kn": _spherical_kn,
    "airy_ai": mp.airyai,
    "airy_ai_prime": lambda x: mp.airyai(x, derivative=1),
    "airy_bi": mp.airybi,
    "airy_bi_prime": lambda x: mp.airybi(x, derivative=1),
    "owens_t": _owens_t,
    "expi": mp.ei,
    "exp1": functools.partial(_expn, 1),
    "expn": _expn,
    "expn_derivative": lambda k, n, x: (-1) ** k * _expn(n - k, x),
    "si": mp.si,
    "ci": lambda x: mp.ci(x) if x > 0 else mp.nan,
    "shi": mp.shi,
    "chi": lambda x: mp.re(mp.chi(x)) if x > 0 else mp.nan,
    "fresnel_s": mp.fresnels,
    "fresnel_c": mp.fresnelc,
    "spence": _spence,
    **{name: getattr(mpmath_polylogarithm, name) for name in mpmath_polylogarithm.__all__},
    **_DERIVED,
    **{f"{name}_derivative": functools.partial(_derivative_by_last, value) for name, value in _DERIVED.items()},
    "elliprf": mp.elliprf,
    "elliprd": mp.elliprd,
    "elliprc": mp.elliprc,
    "elliprj": lambda x, y, z, p: mp.re(mp.elliprj(x, y, z, p)),
    "carlson_c": lambda i, n, x, y: _carlson((i + _HALF, n), x, y),
    "carlson_f": lambda i, j, k, x, y, z: _carlson((i + _HALF, j + _HALF, k + _HALF), x, y, z),
    "carlson_j": lambda i, j, k, n, x, y, z, p: _carlson((i + _HALF, j + _HALF, k + _HALF, n), x, y, z, p),
}
"""Each of them, by name."""
