"""Incomplete gamma functions, beta functions, and Lambert's W. Their values come from the library of special functions.

`gridgrad_core.lang.functions` lists every place that a new function touches.
"""

from __future__ import annotations

from gridgrad_core.lang.functions.function import Function

__all__ = ["BRANCHES", "TABLE"]

_GROUP = "gamma functions"
_INVERSES = "Lambert's function"
_LARGEST = 5
_DOMAIN = "nan for a < 0 and x < 0"
_CHECKED = "To 1e-13 of mpmath's for a from 1e-3 to 1e4"
_BESIDE_MEAN = ", and beside the mean of a up to 1e15"
_STUDENT = "error functions and the normal distribution"
_CHECKED_BETA = "To 1e-13 of mpmath's for a and b from 1e-2 to 1e3"
_BESIDE_MEANS = ", and beside the mean of both up to 1e18"
_BETWEEN = f"nan for a < 0, b < 0, x < 0 and x > 1. {_CHECKED_BETA}"
_BETA_ROOT = "betaincinv(a, b, p)"
_OF_STUDENT = "To 1e-13 of mpmath's for ν up to 100; derivatives by ν lose digits as ν grows, three at 1e4"
_LARGEST_DIFFERENCE = 8
_OF_BETA = "To 1e-13 of mpmath's. inf at a = 0 and b = 0, nan below"
_OF_BRANCH = "To 1e-14 of mpmath's, or what the rounding of x makes of it; the first derivative is ±inf at the end"

TABLE = (
    Function(
        "gammainc", ("a", "x"), "P(a, x) = 1/Γ(a) ∫ t^(a-1) e⁻ᵗ dt from 0 to x, regularised",
        ("gammainc_partial(1, 0, a, x)", "gammainc_partial(0, 1, a, x)"), _GROUP,
        notes=f"{_DOMAIN}; 1 at a = 0 where x > 0, and nan at (0, 0), as scipy has it. {_CHECKED}{_BESIDE_MEAN}",
    ),
    Function(
        "gammaincc", ("a", "x"), "Q(a, x) = 1 - P(a, x), exact in the tail",
        ("-gammainc_partial(1, 0, a, x)", "-gammainc_partial(0, 1, a, x)"), _GROUP,
        notes=f"{_DOMAIN}; 0 at a = 0 where x > 0, and nan at (0, 0). {_CHECKED}{_BESIDE_MEAN}",
    ),
    Function(
        "gammaincinv", ("a", "p"), "the x with P(a, x) = p",
        (
            "-gammainc_partial(1, 0, a, gammaincinv(a, p))/gammainc_partial(0, 1, a, gammaincinv(a, p))",
            "1/gammainc_partial(0, 1, a, gammaincinv(a, p))",
        ), _GROUP,
        notes=f"0 at p = 0, inf at 1, nan beyond and for a ≤ 0. {_CHECKED}{_BESIDE_MEAN}",
    ),
    Function(
        "gammainc_partial", ("m", "n", "a", "x"), "∂ᵐ/∂aᵐ ∂ⁿ/∂xⁿ of P(a, x)",
        ("0", "0", "gammainc_partial(m + 1, n, a, x)", "gammainc_partial(m, n + 1, a, x)"), _GROUP,
        notes=f"m and n are constant integers from 0 to {_LARGEST}. {_DOMAIN}, and at a = 0 unless m = n = 0. "
        f"{_CHECKED}, beside zeros of a·∂/∂a of it",
        kinds=("integer", "integer", "number", "number"), largest=_LARGEST,
    ),
    Function(
        "betainc", ("a", "b", "x"), "I_x(a, b) = 1/B(a, b) ∫ t^(a-1) (1 - t)^(b-1) dt from 0 to x, regularised",
        (
            "betainc_partial(1, 0, 0, a, b, x)", "betainc_partial(0, 1, 0, a, b, x)",
            "betainc_partial(0, 0, 1, a, b, x)",
        ), _GROUP, notes=f"{_BETWEEN}{_BESIDE_MEANS}; 1 at a = 0, 0 at b = 0, nan where both are 0, as scipy has it",
    ),
    Function(
        "betainc_partial", ("i", "j", "k", "a", "b", "x"), "∂ⁱ/∂aⁱ ∂ʲ/∂bʲ ∂ᵏ/∂xᵏ of I_x(a, b)",
        (
            "0", "0", "0", "betainc_partial(i + 1, j, k, a, b, x)", "betainc_partial(i, j + 1, k, a, b, x)",
            "betainc_partial(i, j, k + 1, a, b, x)",
        ), _GROUP, notes=f"i, j and k are constant integers from 0 to {_LARGEST}. {_BETWEEN}",
        kinds=("integer", "integer", "integer", "number", "number", "number"), largest=_LARGEST,
    ),
    Function(
        "betaincinv", ("a", "b", "p"), "the x with I_x(a, b) = p",
        (
            f"-betainc_partial(1, 0, 0, a, b, {_BETA_ROOT})/betainc_partial(0, 0, 1, a, b, {_BETA_ROOT})",
            f"-betainc_partial(0, 1, 0, a, b, {_BETA_ROOT})/betainc_partial(0, 0, 1, a, b, {_BETA_ROOT})",
            f"1/betainc_partial(0, 0, 1, a, b, {_BETA_ROOT})",
        ), _GROUP, notes=f"nan for a ≤ 0 and b ≤ 0, and for p below 0 and above 1. {_CHECKED_BETA}{_BESIDE_MEANS}",
    ),
    Function(
        "student_t_cdf", ("nu", "t"), "the distribution function of Student's t with ν degrees of freedom",
        ("student_t_cdf_partial(1, 0, nu, t)", "student_t_cdf_partial(0, 1, nu, t)"), _STUDENT, ("stdtr",),
        notes=f"nan for ν ≤ 0 and at ν = inf, where it is norm_cdf. {_OF_STUDENT}",
    ),
    Function(
        "student_t_cdf_partial", ("m", "n", "nu", "t"), "∂ᵐ/∂νᵐ ∂ⁿ/∂tⁿ of it",
        ("0", "0", "student_t_cdf_partial(m + 1, n, nu, t)", "student_t_cdf_partial(m, n + 1, nu, t)"), _STUDENT,
        notes=f"m and n are constant integers from 0 to {_LARGEST}. {_OF_STUDENT}",
        kinds=("integer", "integer", "number", "number"), largest=_LARGEST,
    ),
    Function(
        "beta", ("a", "b"), "B(a, b) = Γ(a)Γ(b)/Γ(a + b)",
        ("-beta(a, b)*polygamma_difference(0, a, b)", "-beta(a, b)*polygamma_difference(0, b, a)"), _GROUP,
        notes=f"{_OF_BETA}, where its integral diverges and scipy's goes on",
    ),
    Function(
        "betaln", ("a", "b"), "ln B(a, b), without underflow",
        ("-polygamma_difference(0, a, b)", "-polygamma_difference(0, b, a)"), _GROUP, notes=_OF_BETA,
    ),
    Function(
        "polygamma_difference", ("n", "a", "b"), "ψ⁽ⁿ⁾(a + b) - ψ⁽ⁿ⁾(a), the difference of polygamma functions",
        ("0", "polygamma_difference(n + 1, a, b)", "polygamma(n + 1, a + b)"), _GROUP,
        notes=f"n is a constant integer from 0 to {_LARGEST_DIFFERENCE}. nan for a ≤ 0 and b < 0. "
        "To 1e-13 of mpmath's, also where b is much smaller than a, or much larger",
        kinds=("integer", "number", "number"), largest=_LARGEST_DIFFERENCE,
    ),
    Function(
        "lambertw", ("x",), "W(x), the w ≥ -1 with w·eʷ = x",
        ("exp(-lambertw(x))/(1 + lambertw(x))",), _INVERSES,
        notes=f"nan below -1/e, which lies between two doubles; `lambertw(x, -1)` is the other branch. {_OF_BRANCH}",
    ),
    Function(
        "lambertw_m1", ("x",), "W₋₁(x), the w ≤ -1 with w·eʷ = x",
        ("exp(-lambertw_m1(x))/(1 + lambertw_m1(x))",), _INVERSES,
        notes=f"-inf at 0, nan below -1/e and above 0, where scipy's is complex. {_OF_BRANCH}",
    ),
)  # fmt: skip

BRANCHES = {"lambertw": {0: "lambertw", -1: "lambertw_m1"}}
"""Functions that are called with the number of a branch after their argument: the row of each."""
