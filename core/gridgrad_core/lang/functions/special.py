"""The special functions: of errors and the normal distribution, logistic, gamma and their kin.

`gridgrad_core.lang.functions` lists every place that a new function touches.
"""

from __future__ import annotations

from gridgrad_core.lang.functions.function import Function

__all__ = ["TABLE"]

_NORMAL = "error functions and the normal distribution"
_LOGISTIC = "logistic functions"
_ENTROPY = "entropies"
_GAMMA = "gamma functions"

_TWO_OVER_SQRT_PI = "1.1283791670955126"
_E_64 = "1.6038108905486378e-28"  # e⁻⁶⁴, by which what is a factor of larger slopes is multiplied last of all
_SILU_SLOPE = f"where(x < -64, {_E_64}*(exp(64 + x)*(1 + x)), sigmoid(x) + x*(0.25*sech(0.5*x)**2))"
_GAMMA_TAIL = f"{_E_64}*(where(floor(x)%2 == 0, 1, -1)*exp(64 + lgamma(x))*digamma(x))"
_GAMMA_SLOPE = f"where(x < -30, {_GAMMA_TAIL}, gamma(x)*digamma(x))"
_TO_14, _TO_13 = "To 1e-14 of mpmath's", "To 1e-13 of mpmath's"
_ROOT = "sqrt((1 - rho)*(1 + rho))"
_SQRT_2 = "1.4142135623730951"
_HALF_SQRT_PI = "0.8862269254527580"


def _unary(group: str, name: str, formula: str, derivative: str, *aliases: str, notes: str = "") -> Function:
    return Function(name, ("x",), formula, (derivative,), group, aliases, notes)


def _sequence(group: str, name: str, formula: str, largest: int, more: str = "") -> Function:
    return Function(
        name, ("n", "x"), formula, ("0", f"{name}(n + 1, x)"), group, kinds=("integer", "number"), largest=largest,
        notes=f"n is a constant integer from 0 to {largest}{more}",
    )  # fmt: skip


TABLE = (
    _unary(_NORMAL, "erf", "2/√π ∫₀ˣ exp(-t²) dt", f"{_TWO_OVER_SQRT_PI}*exp(-x*x)"),
    _unary(_NORMAL, "erfc", "1 - erf(x), exact in the tail", f"-{_TWO_OVER_SQRT_PI}*exp(-x*x)"),
    _unary(_NORMAL, "erfcx", "exp(x²)·erfc(x), without underflow", "erfcx_derivative(1, x)"),
    _sequence(_NORMAL, "erfcx_derivative", "the n-th derivative of erfcx", 17),
    _unary(
        _NORMAL, "erfinv", "the y with erf(y) = x", f"{_HALF_SQRT_PI}*exp(erfinv(x)**2)",
        notes="±inf at ±1, nan beyond",
    ),
    _unary(
        _NORMAL, "erfcinv", "the y with erfc(y) = x, exact in the tail", f"-{_HALF_SQRT_PI}*exp(erfcinv(x)**2)",
        notes="inf at 0, -inf at 2, nan beyond. To 1e-14 of mpmath's",
    ),
    _unary(
        _NORMAL, "log_erfc", "ln erfc(x), without underflow",
        f"-{_SQRT_2}*log_norm_cdf_derivative(1, -{_SQRT_2}*x)", notes="To 1e-14 of mpmath's",
    ),
    _unary(_NORMAL, "norm_pdf", "φ(x) = exp(-x²/2)/√(2π)", "-x*norm_pdf(x)"),
    _unary(_NORMAL, "norm_cdf", "Φ(x) = ∫ φ from -∞ to x, exact in the tail", "norm_pdf(x)", "ndtr"),
    _unary(
        _NORMAL, "log_norm_cdf", "ln Φ(x), without underflow", "log_norm_cdf_derivative(1, x)", "log_ndtr",
        "norm_logcdf",
    ),
    _sequence(
        _NORMAL, "log_norm_cdf_derivative", "the n-th derivative of ln Φ; for n = 1 it is φ(x)/Φ(x)", 9
    ),
    _unary(
        _NORMAL, "norm_ppf", "the y with Φ(y) = x", "2.5066282746310002*exp(0.5*norm_ppf(x)**2)", "ndtri",
        notes="-inf at 0, inf at 1, nan beyond",
    ),
    Function(
        "owens_t", ("h", "a"), "Owen's T(h, a) = 1/2π ∫ exp(-h²(1 + t²)/2)/(1 + t²) dt from 0 to a",
        ("-0.5*norm_pdf(h)*erf(0.7071067811865475*(a*h))", "exp(-0.5*h*h*(1 + a*a))/(6.283185307179586*(1 + a*a))"),
        _NORMAL, notes="To 1e-14 of mpmath's",
    ),
    Function(
        "bivariate_norm_cdf", ("x", "y", "rho"), "Φ₂(x, y; ρ), where two numbers of correlation ρ are below x and y",
        (
            f"norm_pdf(x)*norm_cdf((y - rho*x)/{_ROOT})", f"norm_pdf(y)*norm_cdf((x - rho*y)/{_ROOT})",
            "exp(-0.5*((x - y)**2 + 2*(1 - rho)*x*y)/((1 - rho)*(1 + rho)))/(6.283185307179586*" + _ROOT + ")",
        ),
        _NORMAL, notes="nan for |ρ| > 1. To 1e-13 of mpmath's, in the tails too",
    ),
    _unary(_NORMAL, "dawsn", "exp(-x²) ∫ exp(t²) dt from 0 to x, Dawson's", "dawsn_derivative(1, x)", notes=_TO_14),
    _sequence(_NORMAL, "dawsn_derivative", "the n-th derivative of dawsn", 6, f". {_TO_13}"),
    Function(
        "voigt_profile", ("x", "sigma", "gamma"), "the density of the sum of a normal number of deviation σ and one of "
        "Cauchy's distribution of half width γ at half height",
        (
            "voigt_partial(1, 0, x, sigma, gamma)", "sigma*voigt_partial(2, 0, x, sigma, gamma)",
            "voigt_partial(0, 1, x, sigma, gamma)",
        ),
        _NORMAL, notes=f"Lorentz's profile at σ = 0, the normal density at γ = 0; nan below. {_TO_13}",
    ),
    Function(
        "voigt_partial", ("m", "n", "x", "sigma", "gamma"), "∂ᵐ/∂xᵐ ∂ⁿ/∂γⁿ of it",
        (
            "0", "0", "voigt_partial(m + 1, n, x, sigma, gamma)", "sigma*voigt_partial(m + 2, n, x, sigma, gamma)",
            "voigt_partial(m, n + 1, x, sigma, gamma)",
        ),
        _NORMAL, notes=f"m and n are constant integers from 0 to 10; nan for m + n above 12. {_TO_13}",
        kinds=("integer", "integer", "number", "number", "number"), largest=10,
    ),
    _unary(_LOGISTIC, "sigmoid", "1/(1 + e⁻ˣ)", "0.25*sech(0.5*x)**2", "expit"),
    _unary(_LOGISTIC, "log_sigmoid", "ln sigmoid(x) = -softplus(-x)", "sigmoid(-x)", "log_expit", "logsigmoid"),
    _unary(_LOGISTIC, "softplus", "ln(1 + eˣ), without overflow", "sigmoid(x)"),
    _unary(
        _LOGISTIC, "logit", "ln(x/(1 - x))", "1/(x*(1 - x))", notes="-inf at 0, inf at 1, nan beyond"
    ),
    _unary(_LOGISTIC, "silu", "x·sigmoid(x)", _SILU_SLOPE, "swish"),
    _unary(_LOGISTIC, "gelu", "x·Φ(x)", "norm_cdf(x) + x*norm_pdf(x)"),
    Function(
        "xlogy", ("x", "y"), "x·ln y", ("log(y)", "where(x == 0 and y == 0, 0, x/y)"), _ENTROPY,
        notes="0 where x = 0, unless y is nan. At (0, 0) the derivative by y is 0",
    ),
    Function(
        "xlog1py", ("x", "y"), "x·ln(1 + y)", ("log1p(y)", "where(x == 0 and y == -1, 0, x/(1 + y))"), _ENTROPY,
        notes="0 where x = 0, unless y is nan. At (0, -1) the derivative by y is 0",
    ),
    _unary(_ENTROPY, "entr", "-x·ln x", "-1 - log(x)", notes="0 at 0, where the derivative is inf; -inf for x < 0"),
    _unary(
        _GAMMA, "gamma", "Γ(x) = ∫ t^(x-1) e⁻ᵗ dt from 0 to ∞", _GAMMA_SLOPE, "tgamma",
        notes="±inf at ±0; nan at the negative integers",
    ),
    _unary(
        _GAMMA, "factorial", "x! = Γ(x + 1)", "factorial(x)*digamma(x + 1)", "fact", "fac",
        notes="of any number; nan at the negative integers. scipy's is 0 below 0. To 1e-13 of mpmath's",
    ),
    _unary(_GAMMA, "lgamma", "ln |Γ(x)|", "digamma(x)", "gammaln", notes="inf at the integers ≤ 0"),
    _unary(
        _GAMMA, "digamma", "ψ(x) = Γ'(x)/Γ(x)", "polygamma(1, x)", "psi",
        notes="∓inf at ±0; nan at the negative integers",
    ),
    _sequence(
        _GAMMA, "polygamma", "the n-th derivative of digamma", 19,
        "; at the negative integers it is inf for odd n, nan for even, and at 0 ±inf",
    ),
    _unary(
        _GAMMA, "zeta", "ζ(x) = Σ 1/kˣ over k from 1 on, Riemann's, continued to x < 1", "zeta_derivative(1, x)",
        notes=f"inf at 1, the first derivative -inf there; derivatives are nan below -170. Of one argument. {_TO_13}",
    ),
    _sequence(_GAMMA, "zeta_derivative", "the n-th derivative of zeta", 6, f". {_TO_13}"),
)  # fmt: skip
