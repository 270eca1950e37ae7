"""Incomplete gamma functions. Their values come from the library of special functions.

`gridgrad_core.lang.functions` lists every place that a new function touches.
"""

from __future__ import annotations

from gridgrad_core.lang.functions.function import Function

__all__ = ["TABLE"]

_GROUP = "gamma functions"
_LARGEST = 5
_DOMAIN = "nan for a < 0 and x < 0"
_CHECKED = "To 1e-13 of mpmath's for a from 1e-3 to 1e4"

TABLE = (
    Function(
        "gammainc", ("a", "x"), "P(a, x) = 1/Γ(a) ∫ t^(a-1) e⁻ᵗ dt from 0 to x, regularised",
        ("gammainc_partial(1, 0, a, x)", "gammainc_partial(0, 1, a, x)"), _GROUP,
        notes=f"{_DOMAIN}; 1 at a = 0 where x > 0, and nan at (0, 0), as scipy has it. {_CHECKED}",
    ),
    Function(
        "gammaincc", ("a", "x"), "Q(a, x) = 1 - P(a, x), exact in the tail",
        ("-gammainc_partial(1, 0, a, x)", "-gammainc_partial(0, 1, a, x)"), _GROUP,
        notes=f"{_DOMAIN}; 0 at a = 0 where x > 0, and nan at (0, 0). {_CHECKED}",
    ),
    Function(
        "gammainc_partial", ("m", "n", "a", "x"), "∂ᵐ/∂aᵐ ∂ⁿ/∂xⁿ of P(a, x)",
        ("0", "0", "gammainc_partial(m + 1, n, a, x)", "gammainc_partial(m, n + 1, a, x)"), _GROUP,
        notes=f"m and n are constant integers from 0 to {_LARGEST}. {_DOMAIN}, and at a = 0 unless m = n = 0. "
        f"{_CHECKED}, beside zeros of a·∂/∂a of it",
        kinds=("integer", "integer", "number", "number"), largest=_LARGEST,
    ),
)  # fmt: skip
