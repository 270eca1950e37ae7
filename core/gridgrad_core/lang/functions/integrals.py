"""Integrals of exponentials, sines and logarithms, polylogarithms, and Kummer's function.

They are those of the library of special functions.

`gridgrad_core.lang.functions` lists every place that a new function touches.
"""

from __future__ import annotations

from gridgrad_core.lang.functions.function import Function

__all__ = ["TABLE"]

_GROUP = "exponential integrals and their kin"
_LARGEST = 100
_CHECKED = "To 1e-14 of mpmath's, beside a zero of what the rounding of x makes of it"


_ORDERS = 10
_LOWER = "Of j ≤ -1 continued: each is the derivative of the next"


def _of_one(name: str, formula: str, derivative: str, notes: str) -> Function:
    return Function(name, ("x",), formula, (derivative,), _GROUP, notes=f"{notes}. {_CHECKED}" if notes else _CHECKED)


def _of_half_order(name: str, order: str, formula: str, derivative: str, notes: str) -> Function:
    bounds = (
        f"{order} is a constant multiple of 1/2 from -{_ORDERS} to {_ORDERS}, since derivatives by it are not offered"
    )
    return Function(
        name, (order, "x"), formula, ("0", derivative), _GROUP, notes=f"{bounds}. {notes}",
        kinds=("constant", "number"), largest=_ORDERS, halves=True,
    )  # fmt: skip


TABLE = (
    _of_one("expi", "Ei(x) = ∫ eᵗ/t dt from -∞ to x, a principal value", "exp(x)/x", "-inf at 0"),
    _of_one("exp1", "E₁(x) = ∫ e⁻ᵗ/t dt from x to ∞", "-exp(-x)/x", "inf at 0, nan below"),
    Function(
        "expn", ("n", "x"), "Eₙ(x) = ∫ e⁻ˣᵗ/tⁿ dt from 1 to ∞", ("0", "expn_derivative(1, n, x)"), _GROUP,
        notes=f"n is a constant integer from 0 to {_LARGEST}. 1/(n - 1) at 0, inf for n < 2; nan below. To 1e-14 of "
        "mpmath's",
        kinds=("integer", "number"), largest=_LARGEST,
    ),
    Function(
        "expn_derivative", ("k", "n", "x"), "the k-th derivative of Eₙ", ("0", "0", "expn_derivative(k + 1, n, x)"),
        _GROUP, notes=f"k and n are constant integers from 0 to {_LARGEST}", kinds=("integer", "integer", "number"),
        largest=_LARGEST,
    ),
    _of_one("si", "Si(x) = ∫ sin(t)/t dt from 0 to x", "sinc(0.3183098861837907*x)", ""),
    _of_one("ci", "Ci(x) = -∫ cos(t)/t dt from x to ∞", "cos(x)/x", "-inf at 0, nan below"),
    _of_one("shi", "Shi(x) = ∫ sinh(t)/t dt from 0 to x", "tanhc(x)*cosh(x)", ""),
    _of_one("chi", "Chi(x) = γ + ln x + ∫ (cosh(t) - 1)/t dt from 0 to x", "cosh(x)/x", "-inf at 0, nan below"),
    _of_one("fresnel_s", "S(x) = ∫ sin(πt²/2) dt from 0 to x", "sin(1.5707963267948966*(x*x))", "±1/2 at ±inf"),
    _of_one("fresnel_c", "C(x) = ∫ cos(πt²/2) dt from 0 to x", "cos(1.5707963267948966*(x*x))", "±1/2 at ±inf"),
    Function(
        "hyp1f1", ("a", "b", "x"), "Kummer's M(a, b, x) = Σ (a)ₖ/(b)ₖ xᵏ/k!", ("0", "0", "a/b*hyp1f1(a + 1, b + 1, x)"),
        "hypergeometric functions", kinds=("constant", "constant", "number"), largest=_LARGEST,
        notes=f"a and b are constants from -{_LARGEST} to {_LARGEST}, since derivatives by them are not offered; nan "
        "where b is 0, -1, … To 1e-13 of mpmath's for |x| ≤ 500, beside a zero of what the rounding of x makes of it",
    ),
    _of_one(
        "spence", "-∫ ln(t)/(t - 1) dt from 1 to x, which is Li₂(1 - x)",
        "where(x < 0.5, log(x)/(1 - x), -log1prel(x - 1))",
        "scipy's; sympy's and GSL's dilogarithm is Li₂(x), `spence(1 - x)`. nan below 0, where the derivative is -inf",
    ),
    _of_half_order(
        "polylog", "s", "Liₛ(x) = Σ xᵏ/kˢ over k from 1 on, continued to x < -1 (DLMF 25.12.10)",
        "polylog_derivative(1, s, x)", "nan for x > 1, where it is complex; at 1 inf for s ≤ 1. To 1e-14 of mpmath's",
    ),
    Function(
        "polylog_derivative", ("n", "s", "x"), "the n-th derivative of Liₛ",
        ("0", "0", "polylog_derivative(n + 1, s, x)"), _GROUP, kinds=("integer", "constant", "number"),
        notes=f"n is a constant integer from 0 to {_ORDERS}; at 1 inf for s ≤ n + 1. To 1e-13 of mpmath's",
        largest=_ORDERS, halves=True,
    ),
    _of_half_order(
        "fermi_dirac", "j", "Fⱼ(x) = 1/Γ(j + 1) ∫ tʲ/(eᵗ⁻ˣ + 1) dt from 0 to ∞ (DLMF 25.12.14), which is -Liⱼ₊₁(-eˣ)",
        "fermi_dirac(j - 1, x)",
        "With 1/Γ(j + 1), as GSL and papers on semiconductors have it; without is `gamma(j + 1)*fermi_dirac(j, x)`. "
        f"{_LOWER}. To 1e-14 of mpmath's, beside a zero of what the rounding of x makes of it",
    ),
    _of_half_order(
        "bose_einstein", "j", "Gⱼ(x) = 1/Γ(j + 1) ∫ tʲ/(eᵗ⁻ˣ - 1) dt from 0 to ∞ (DLMF 25.12.15), which is Liⱼ₊₁(eˣ)",
        "bose_einstein(j - 1, x)",
        f"With 1/Γ(j + 1). {_LOWER}. nan for x > 0; at 0 inf for j ≤ 0. To 1e-14 of mpmath's",
    ),
    Function(
        "debye", ("n", "x"), "Debye's Dₙ(x) = n/xⁿ ∫ tⁿ/(eᵗ - 1) dt from 0 to x",
        ("0", "debye_derivative(1, n, x)"), _GROUP, kinds=("integer", "number"), largest=_ORDERS,
        notes=f"With n/xⁿ, as GSL has it; 1 at 0. n is a constant integer from 0 to {_ORDERS}, for 0 its limit 1; "
        f"derivatives are offered below {_ORDERS}. The integral of negative x too, which GSL refuses. To 1e-14 of "
        "mpmath's",
    ),
    Function(
        "debye_derivative", ("k", "n", "x"), "the k-th derivative of Dₙ", ("0", "0", "debye_derivative(k + 1, n, x)"),
        _GROUP, kinds=("integer", "integer", "number"), largest=_ORDERS,
        notes=f"k and n are constant integers from 0 to {_ORDERS}. To 1e-13 of mpmath's",
    ),
)  # fmt: skip
