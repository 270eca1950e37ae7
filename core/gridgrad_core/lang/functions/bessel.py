"""Bessel functions, spherical ones among them, and Airy's. Their values come from the library of special functions.

Derivatives are sums of neighbours (DLMF 10.6.1, 10.29.1), in which `0**n` is 1 where the order is 0, and 0 elsewhere.
`gridgrad_core.lang.functions` lists every place that a new function touches.
"""

from __future__ import annotations

from gridgrad_core.lang.functions.function import Function

__all__ = ["TABLE"]

_GROUP = "Bessel functions"
_LARGEST = 600
_CHECKED = "0 at ±inf. To 1e-13 of mpmath's for |x| ≤ 1e6; beside zeros, of √(2/πx)"
_OF_POSITIVE = "-inf at 0, nan below. To 1e-13 of mpmath's for x ≤ 1e6; beside zeros, of √(2/πx)"
_BESIDE_ZEROS = "To 1e-13 of mpmath's; beside zeros, of 1/x"
_REAL = "nan for x < 0 unless v is whole. To 1e-12 of mpmath's for x ≤ 1e6; beside zeros, of √(2/πx)"
_OF_AIRY = "To 1e-13 of mpmath's for x ≥ -1e8, at -1e5 too where scipy's have nine digits; for x < 0 of |x|^(±1/4)/√π"
_GROWING = "To 2e-13 of mpmath's"
_SCALED_I = (
    "Odd derivatives of even orders, and even ones of odd orders, jump at 0, where they are the mean of both sides. "
    "To 1e-13 of mpmath's for x ≤ 1e6, from the fourth derivative on to 1e-11; of orders that are not whole to 1e-12, "
    "and from the third on to 1e-10"
)
_SCALED_K = "inf at 0, nan below. To 1e-13 of mpmath's for x ≤ 1e6"
_FALLING = "inf at 0, nan below. To 1e-13 of mpmath's"


def _of_orders(
    letter: str, name: str, alias: str, what: str, slopes: tuple[str, str, str], notes: str
) -> tuple[Function, Function, Function]:
    """A kind of them: of the orders 0 and 1, and of any."""
    subscripted = what.format
    return (
        Function(f"{letter}0", ("x",), subscripted("₀"), slopes[:1], _GROUP, notes=notes),
        Function(f"{letter}1", ("x",), subscripted("₁"), slopes[1:2], _GROUP, notes=notes),
        Function(
            name, ("n", "x"), subscripted("ₙ"), ("0", slopes[2]), _GROUP, (alias,) if alias else (),
            f"n is a constant integer from 0 to {_LARGEST}. {notes}", ("integer", "number"), largest=_LARGEST,
        ),
    )  # fmt: skip


def _of_real_order(name: str, what: str, slope: str, notes: str) -> Function:
    return Function(
        name, ("v", "x"), what, ("0", slope), _GROUP, kinds=("constant", "number"), largest=_LARGEST,
        notes=f"v is a constant from -{_LARGEST} to {_LARGEST}, since a derivative by it is not offered. {notes}",
    )  # fmt: skip


def _spherical(name: str, what: str, sign: str, between: str, notes: str) -> Function:
    """One of these, whose slope is a sum of neighbours (DLMF 10.51.2, 10.51.5), of the same for n = 0."""
    of = f"spherical_{name}"
    slope = (
        f"{sign}((n {between} 0.5*0**n)*{of}(n - 1 + 2*0**n, x) {between} (n + 1 - 0.5*0**n)*{of}(n + 1, x))/(2*n + 1)"
    )
    return Function(
        of, ("n", "x"), what, ("0", slope), _GROUP, kinds=("integer", "number"), largest=_LARGEST,
        notes=f"n is a constant integer from 0 to {_LARGEST}. {notes}",
    )  # fmt: skip


def _scaled(letter: str, what: str, notes: str) -> tuple[Function, ...]:
    """One of these without what it grows or falls by, and its derivatives."""
    name, derivative, of = f"{letter}ve", f"{letter}ve_derivative", what.format
    order = f"v is a constant from -{_LARGEST} to {_LARGEST}"
    return (
        Function(f"{letter}0e", ("x",), of("₀"), (f"{derivative}(1, 0, x)",), _GROUP, notes=notes),
        Function(f"{letter}1e", ("x",), of("₁"), (f"{derivative}(1, 1, x)",), _GROUP, notes=notes),
        Function(
            name, ("v", "x"), of("ᵥ"), ("0", f"{derivative}(1, v, x)"), _GROUP, notes=f"{order}. {notes}",
            kinds=("constant", "number"), largest=_LARGEST,
        ),
        Function(
            derivative, ("n", "v", "x"), f"the n-th derivative of {name}", ("0", "0", f"{derivative}(n + 1, v, x)"),
            _GROUP, notes=f"n is a constant integer; nan for n above 12. {order}. {notes}",
            kinds=("integer", "constant", "number"), largest=_LARGEST,
        ),
    )  # fmt: skip


TABLE = (
    *_of_orders(
        "j", "jn", "", "J{}(x), of the first kind",
        ("-j1(x)", "0.5*(j0(x) - jn(2, x))", "0.5*((1 - 2*0**n)*jn(n - 1 + 2*0**n, x) - jn(n + 1, x))"), _CHECKED,
    ),
    *_of_orders(
        "y", "yn", "", "Y{}(x), of the second kind",
        ("-y1(x)", "0.5*(y0(x) - yn(2, x))", "0.5*((1 - 2*0**n)*yn(n - 1 + 2*0**n, x) - yn(n + 1, x))"), _OF_POSITIVE,
    ),
    Function("i0", ("x",), "I₀(x), modified, of the first kind", ("i1(x)",), _GROUP, notes=_GROWING),
    Function("i1", ("x",), "I₁(x), modified, of the first kind", ("0.5*(i0(x) + iv(2, x))",), _GROUP, notes=_GROWING),
    *_of_orders(
        "k", "kn", "", "K{}(x), modified, of the second kind",
        ("-k1(x)", "-0.5*(k0(x) + kn(2, x))", "-0.5*(kn(n - 1 + 2*0**n, x) + kn(n + 1, x))"), _FALLING,
    ),
    _of_real_order("jv", "Jᵥ(x), of the first kind", "0.5*(jv(v - 1, x) - jv(v + 1, x))", _REAL),
    _of_real_order("yv", "Yᵥ(x), of the second kind", "0.5*(yv(v - 1, x) - yv(v + 1, x))", _REAL),
    _of_real_order("iv", "Iᵥ(x), modified, of the first kind", "0.5*(iv(v - 1, x) + iv(v + 1, x))", _GROWING),
    _of_real_order("kv", "Kᵥ(x), modified, of the second kind", "-0.5*(kv(v - 1, x) + kv(v + 1, x))", _FALLING),
    *_scaled("i", "e^-|x| I{}(x)", _SCALED_I),
    *_scaled("k", "eˣ K{}(x)", _SCALED_K),
    _spherical("jn", "jₙ(x) = √(π/2x) J of order n + 1/2", "", "-", f"0 at ±inf. {_BESIDE_ZEROS}"),
    _spherical("yn", "yₙ(x) = √(π/2x) Y of order n + 1/2", "", "-", f"-inf at 0, nan below. {_BESIDE_ZEROS}"),
    _spherical("in", "iₙ(x) = √(π/2x) I of order n + 1/2", "", "+", _GROWING),
    _spherical("kn", "kₙ(x) = √(π/2x) K of order n + 1/2, as scipy and GSL have it", "-", "+", _FALLING),
    Function("airy_ai", ("x",), "Ai(x), Airy's", ("airy_ai_prime(x)",), _GROUP, ("airyai",), _OF_AIRY),
    Function("airy_ai_prime", ("x",), "Ai'(x)", ("x*airy_ai(x)",), _GROUP, ("airyaiprime",), _OF_AIRY),
    Function("airy_bi", ("x",), "Bi(x), Airy's", ("airy_bi_prime(x)",), _GROUP, ("airybi",), _OF_AIRY),
    Function("airy_bi_prime", ("x",), "Bi'(x)", ("x*airy_bi(x)",), _GROUP, ("airybiprime",), _OF_AIRY),
)  # fmt: skip
