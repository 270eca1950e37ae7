"""Elliptic integrals, by the parameter m. Their values come from the library of special functions.

Derivatives by m are functions of their own, since what textbooks have is 0/0 at m = 0; those of Carlson's integrals are
integrals of the same kind (DLMF 19.18.4). `gridgrad_core.lang.functions` lists every place that a new function touches.
"""

from __future__ import annotations

from gridgrad_core.lang.functions.function import Function, Kind

__all__ = ["TABLE"]

_GROUP = "elliptic integrals"
_LARGEST = 6
_PARAMETER = "m = k², the parameter, as scipy and sympy have it, and not the modulus k"
_COMPLETE = f"{_PARAMETER}; nan for m > 1. To 1e-14 of mpmath's"
_INCOMPLETE = f"{_PARAMETER}; nan for m > 1. To 1e-13 of mpmath's"
_CARLSON = "nan where an argument is negative. To 1e-14 of mpmath's, derivatives to 1e-13"
_CARLSON_1, _CARLSON_3 = (_CARLSON.replace("an argument", given) for given in ("x", "x, y or z"))
_PRINCIPAL = "Cauchy's principal value, as scipy has it, where the last argument is negative"
_FINITE = "Hadamard's finite part where the last argument is negative"
_ORDERS: tuple[Kind, ...] = ("integer", "integer", "integer")
_NUMBERS: tuple[Kind, ...] = ("number", "number", "number")


def _derivatives(name: str, last: str, params: tuple[str, ...], formula: str, others: tuple[str, ...]) -> Function:
    """The function of the derivatives of one by its last parameter."""
    given = ", ".join((*params, last))
    number: Kind = "number"
    return Function(
        f"{name}_derivative", ("n", *params, last), formula, ("0", *others, f"{name}_derivative(n + 1, {given})"),
        _GROUP, notes=f"n is a constant integer from 0 to {_LARGEST}",
        kinds=("integer", *[number for _ in (*params, last)]), largest=_LARGEST,
    )  # fmt: skip


TABLE = (
    Function(
        "ellipk", ("m",), "K(m) = ∫ 1/√(1 - m·sin²θ) dθ from 0 to π/2", ("ellipk_derivative(1, m)",), _GROUP,
        notes=f"inf at m = 1. {_COMPLETE}",
    ),
    _derivatives("ellipk", "m", (), "the n-th derivative of K by m", ()),
    Function(
        "ellipkm1", ("p",), "K(1 - p), exact where p is small", ("ellipkm1_derivative(1, p)",), _GROUP,
        notes=f"inf at 0, nan below. {_COMPLETE.replace('m > 1', 'p < 0')}",
    ),
    _derivatives("ellipkm1", "p", (), "the n-th derivative of K(1 - p) by p", ()),
    Function(
        "ellipe", ("m",), "E(m) = ∫ √(1 - m·sin²θ) dθ from 0 to π/2", ("ellipe_derivative(1, m)",), _GROUP,
        notes=f"1 at m = 1, where the derivative is -inf. {_COMPLETE}",
    ),
    _derivatives("ellipe", "m", (), "the n-th derivative of E by m", ()),
    Function(
        "ellipkinc", ("phi", "m"), "F(φ, m) = ∫ 1/√(1 - m·sin²θ) dθ from 0 to φ",
        ("1/sqrt(cos(phi)**2 + (1 - m)*sin(phi)**2)", "ellipkinc_derivative(1, phi, m)"), _GROUP, notes=_INCOMPLETE,
    ),
    _derivatives(
        "ellipkinc", "m", ("phi",), "the n-th derivative of F by m",
        ("gamma(n + 0.5)/1.7724538509055159*sin(phi)**(2*n)*(cos(phi)**2 + (1 - m)*sin(phi)**2)**(-0.5 - n)",),
    ),
    Function(
        "ellipeinc", ("phi", "m"), "E(φ, m) = ∫ √(1 - m·sin²θ) dθ from 0 to φ",
        ("sqrt(cos(phi)**2 + (1 - m)*sin(phi)**2)", "ellipeinc_derivative(1, phi, m)"), _GROUP, notes=_INCOMPLETE,
    ),
    _derivatives(
        "ellipeinc", "m", ("phi",), "the n-th derivative of E(φ, m) by m",
        ("-gamma(n - 0.5)/3.5449077018110318*sin(phi)**(2*n)*(cos(phi)**2 + (1 - m)*sin(phi)**2)**(0.5 - n)",),
    ),
    Function(
        "elliprf", ("x", "y", "z"), "Carlson's R_F, 1/2 ∫ 1/√((t + x)(t + y)(t + z)) dt from 0 to ∞",
        ("-0.5*carlson_f(1, 0, 0, x, y, z)", "-0.5*carlson_f(0, 1, 0, x, y, z)", "-0.5*carlson_f(0, 0, 1, x, y, z)"),
        _GROUP, notes=_CARLSON,
    ),
    Function(
        "elliprd", ("x", "y", "z"), "Carlson's R_D, R_J with p = z",
        ("-1.5*carlson_f(1, 0, 1, x, y, z)", "-1.5*carlson_f(0, 1, 1, x, y, z)", "-4.5*carlson_f(0, 0, 2, x, y, z)"),
        _GROUP, notes=_CARLSON,
    ),
    Function(
        "elliprc", ("x", "y"), "Carlson's R_C, R_F with z = y",
        ("-0.5*carlson_c(1, 1, x, y)", "-carlson_c(0, 2, x, y)"), _GROUP,
        notes=f"{_PRINCIPAL}. {_CARLSON_1}",
    ),
    Function(
        "elliprj", ("x", "y", "z", "p"), "Carlson's R_J, 3/2 ∫ 1/((t + p)√((t + x)(t + y)(t + z))) dt from 0 to ∞",
        (
            "-1.5*carlson_j(1, 0, 0, 1, x, y, z, p)", "-1.5*carlson_j(0, 1, 0, 1, x, y, z, p)",
            "-1.5*carlson_j(0, 0, 1, 1, x, y, z, p)", "-3*carlson_j(0, 0, 0, 2, x, y, z, p)",
        ),
        _GROUP, notes=f"{_PRINCIPAL}. {_CARLSON_3}",
    ),
    Function(
        "carlson_c", ("i", "n", "x", "y"),
        "1/2 ∫ (t + x)^(-1/2 - i) (t + y)⁻ⁿ dt from 0 to ∞, of which R_C has its slopes",
        ("0", "0", "-(i + 0.5)*carlson_c(i + 1, n, x, y)", "-n*carlson_c(i, n + 1, x, y)"), _GROUP,
        notes=f"i and n are constant integers from 0 to {_LARGEST}. {_FINITE}. {_CARLSON_1}",
        kinds=("integer", "integer", "number", "number"), largest=_LARGEST,
    ),
    Function(
        "carlson_f", ("i", "j", "k", "x", "y", "z"),
        "1/2 ∫ (t + x)^(-1/2 - i) (t + y)^(-1/2 - j) (t + z)^(-1/2 - k) dt from 0 to ∞, of which R_F has its slopes",
        (
            "0", "0", "0", "-(i + 0.5)*carlson_f(i + 1, j, k, x, y, z)", "-(j + 0.5)*carlson_f(i, j + 1, k, x, y, z)",
            "-(k + 0.5)*carlson_f(i, j, k + 1, x, y, z)",
        ),
        _GROUP, notes=f"i, j and k are constant integers from 0 to {_LARGEST}. {_CARLSON}",
        kinds=(*_ORDERS, *_NUMBERS), largest=_LARGEST,
    ),
    Function(
        "carlson_j", ("i", "j", "k", "l", "x", "y", "z", "p"), "the same with a factor (t + p)⁻ˡ, of which R_J has its",
        (
            "0", "0", "0", "0", "-(i + 0.5)*carlson_j(i + 1, j, k, l, x, y, z, p)",
            "-(j + 0.5)*carlson_j(i, j + 1, k, l, x, y, z, p)", "-(k + 0.5)*carlson_j(i, j, k + 1, l, x, y, z, p)",
            "-l*carlson_j(i, j, k, l + 1, x, y, z, p)",
        ),
        _GROUP, notes=f"i, j, k and l are constant integers from 0 to {_LARGEST}. {_FINITE}. {_CARLSON_3}",
        kinds=(*_ORDERS, "integer", *_NUMBERS, "number"), largest=_LARGEST,
    ),
)  # fmt: skip
