"""Orthogonal polynomials of constant degrees. Their values come from the library of special functions.

`gridgrad_core.lang.functions` lists every place that a new function touches.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from gridgrad_core.lang.functions.function import Function, Kind

__all__ = ["OF_NEGATIVE_ORDER", "TABLE"]

_GROUP = "orthogonal polynomials"
_LARGEST = 100
_OF_ONE: tuple[Kind, ...] = ("integer", "number")
_OF_TWO: tuple[Kind, ...] = ("integer", "integer", "number")
_CHECKED = "To 1e-13 of mpmath's; beside zeros, of the largest beside them"
_DEGREE = f"n is a constant integer from 0 to {_LARGEST}. {_CHECKED}"
_BOTH = f"n and {{}} are constant integers from 0 to {_LARGEST}. {_CHECKED}"


def _of_degree(name: str, what: str, slope: str, alias: str) -> Function:
    return Function(name, ("n", "x"), what, ("0", slope), _GROUP, (alias,), _DEGREE, _OF_ONE, largest=_LARGEST)


def _of_two(name: str, params: tuple[str, str], what: str, slope: str, more: str = "") -> Function:
    """Of a degree and another order."""
    notes = f"{_BOTH.format(next(param for param in params if param != 'n'))}{more}"
    return Function(
        name, (*params, "x"), what, ("0", "0", slope), _GROUP, notes=notes, kinds=_OF_TWO, largest=_LARGEST
    )  # fmt: skip


TABLE = (
    _of_degree("legendre_p", "Pₙ(x), Legendre's", "legendre_p_derivative(1, n, x)", "eval_legendre"),
    _of_two(
        "legendre_p_derivative", ("k", "n"), "the k-th derivative of Pₙ", "legendre_p_derivative(k + 1, n, x)"
    ),
    _of_two(
        "assoc_legendre", ("n", "m"), "(-1)ᵐ (1 - x²)^(m/2) times the m-th derivative of Pₙ",
        "(-1)**m*((1 - x*x)**(0.5*m)*legendre_p_derivative(m + 1, n, x)"
        " - m*x*(1 - x*x)**(0.5*m - 1 + 0**m)*legendre_p_derivative(m, n, x))",
        ". With the sign of Condon and Shortley, as scipy's lpmv, and as there for -m, down to -n, (-1)ᵐ (n - m)!"
        "/(n + m)! times as much; nan for |x| > 1",
    ),
    _of_degree("chebyt", "Tₙ(x), Chebyshev's of the first kind", "chebyt_derivative(1, n, x)", "eval_chebyt"),
    _of_two("chebyt_derivative", ("k", "n"), "the k-th derivative of Tₙ", "chebyt_derivative(k + 1, n, x)"),
    _of_degree("hermite", "Hₙ(x), Hermite's, with weight exp(-x²)", "2*n*hermite(n - 1 + 0**n, x)", "eval_hermite"),
    _of_degree("laguerre", "Lₙ(x), Laguerre's", "-(1 - 0**n)*assoc_laguerre(n - 1 + 0**n, 1, x)", "eval_laguerre"),
    _of_two(
        "assoc_laguerre", ("n", "m"), "Laguerre's with weight xᵐe⁻ˣ",
        "-(1 - 0**n)*assoc_laguerre(n - 1 + 0**n, m + 1, x)",
    ),
)  # fmt: skip


def _legendre_of_negative_order(n: int, m: int) -> float:
    size = math.factorial(n - m) / math.factorial(n + m)
    return -size if m % 2 else size


OF_NEGATIVE_ORDER: Mapping[str, Callable[[int, int], float]] = {"assoc_legendre": _legendre_of_negative_order}
"""By what a function of a degree and an order is multiplied for that of the order -m (DLMF 14.9.3)."""
