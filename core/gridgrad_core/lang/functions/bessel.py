"""Bessel functions of whole orders. Their values come from the library of special functions.

Derivatives are sums of neighbours (DLMF 10.6.1), in which `0**n` is 1 where the order is 0, and 0 elsewhere.
`gridgrad_core.lang.functions` lists every place that a new function touches.
"""

from __future__ import annotations

from gridgrad_core.lang.functions.function import Function

__all__ = ["TABLE"]

_GROUP = "Bessel functions"
_LARGEST = 600

_CHECKED = "0 at ±inf. To 1e-13 of mpmath's for |x| ≤ 1e6; beside zeros, of √(2/πx)"

TABLE = (
    Function("j0", ("x",), "J₀(x)", ("-j1(x)",), _GROUP, notes=_CHECKED),
    Function("j1", ("x",), "J₁(x)", ("0.5*(j0(x) - jn(2, x))",), _GROUP, notes=_CHECKED),
    Function(
        "jn", ("n", "x"), "Jₙ(x), of the first kind",
        ("0", "0.5*((1 - 2*0**n)*jn(n - 1 + 2*0**n, x) - jn(n + 1, x))"), _GROUP, ("jv",),
        notes=f"n is a constant integer from 0 to {_LARGEST}. {_CHECKED}", kinds=("integer", "number"),
        largest=_LARGEST,
    ),
)  # fmt: skip
