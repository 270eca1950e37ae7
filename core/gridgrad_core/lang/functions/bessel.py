"""Bessel functions of whole orders. Their values come from the library of special functions.

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
_GROWING = "To 2e-13 of mpmath's"
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


TABLE = (
    *_of_orders(
        "j", "jn", "jv", "J{}(x), of the first kind",
        ("-j1(x)", "0.5*(j0(x) - jn(2, x))", "0.5*((1 - 2*0**n)*jn(n - 1 + 2*0**n, x) - jn(n + 1, x))"), _CHECKED,
    ),
    *_of_orders(
        "y", "yn", "yv", "Y{}(x), of the second kind",
        ("-y1(x)", "0.5*(y0(x) - yn(2, x))", "0.5*((1 - 2*0**n)*yn(n - 1 + 2*0**n, x) - yn(n + 1, x))"), _OF_POSITIVE,
    ),
    *_of_orders(
        "i", "iv", "", "I{}(x), modified, of the first kind",
        ("i1(x)", "0.5*(i0(x) + iv(2, x))", "0.5*(iv(n - 1 + 2*0**n, x) + iv(n + 1, x))"), _GROWING,
    ),
    *_of_orders(
        "k", "kn", "kv", "K{}(x), modified, of the second kind",
        ("-k1(x)", "-0.5*(k0(x) + kn(2, x))", "-0.5*(kn(n - 1 + 2*0**n, x) + kn(n + 1, x))"), _FALLING,
    ),
)  # fmt: skip
