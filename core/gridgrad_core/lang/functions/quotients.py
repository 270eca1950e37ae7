"""Quotients that are 0/0 at 0 and smooth there, with derivatives that keep their digits beside it.

`gridgrad_core.lang.functions` lists every place that a new function touches.
"""

from __future__ import annotations

from gridgrad_core.lang.functions.function import Function

__all__ = ["TABLE"]

_GROUP = "quotients that are smooth at 0"
_LARGEST = 6


def _quotient(name: str, formula: str, notes: str) -> tuple[Function, Function]:
    """A function and that of its derivatives."""
    derivatives = f"{name}_derivative"
    return (
        Function(name, ("x",), formula, (f"{derivatives}(1, x)",), _GROUP, notes=notes),
        Function(
            derivatives, ("n", "x"), f"the n-th derivative of {name}", ("0", f"{derivatives}(n + 1, x)"), _GROUP,
            notes=f"n is a constant integer from 0 to {_LARGEST}", kinds=("integer", "number"), largest=_LARGEST,
        ),
    )  # fmt: skip


TABLE = (
    *_quotient("exprel", "(eˣ - 1)/x", "1 at 0; scipy's name"),
    *_quotient("bernoulli", "x/(eˣ - 1)", "1 at 0; Bernoulli's function, of fluxes by Scharfetter and Gummel"),
    *_quotient("log1prel", "ln(1 + x)/x", "1 at 0; inf at -1, nan below"),
    *_quotient("tanhc", "tanh(x)/x", "1 at 0"),
    *_quotient("langevin", "coth(x) - 1/x", "0 at 0; Langevin's function, of paramagnets and polymers"),
)
