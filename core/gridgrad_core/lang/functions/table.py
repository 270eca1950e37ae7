"""The functions of the language: one table that the parser, the engines and the docs follow.

Each entry holds its formula, its derivatives as text in the language itself, and what it is at
awkward points. Engines implement the value of each entry and take derivatives from here.
The rows stand beside this module, by topic; the docstring of the folder, in its `__init__.py`, lists every place that a
new function touches.
"""

from __future__ import annotations

from gridgrad_core.lang.functions import (
    bessel,
    elementary,
    elliptic,
    incomplete,
    integrals,
    operators,
    orthogonal,
    piecewise,
    special,
    tabulated,
)
from gridgrad_core.lang.functions.function import Function

__all__ = ["DIFF", "EXPANDED", "FOLDS", "FUNCTIONS", "INTEGRATE", "LEN", "PROD", "SOLVE", "SUM", "lookup"]

_TABLE: tuple[Function, ...] = (
    *operators.TABLE, *elementary.TABLE, *piecewise.TABLE, *special.TABLE, *incomplete.TABLE,
    *bessel.TABLE, *integrals.TABLE, *elliptic.TABLE,
    *orthogonal.TABLE,
)  # fmt: skip

DIFF = Function(
    "diff", ("u", "x", "n"), "the n-th derivative of u by the input or variable x", (), "derivatives",
    notes="n is a constant integer from 0 to 4, and 1 where it is left out. It is expanded while the text is parsed",
    kinds=("number", "number", "integer"),
)  # fmt: skip
"""The derivative in a text."""

SOLVE = Function(
    "solve", ("f", "x", "guess"),
    "the x where f is 0, found from a guess, or between bounds as `solve(f, x, lower, upper)`; of up to four unknowns "
    "as `solve((f, g), (x, y), (x0, y0))`", (), "implicit functions",
    notes="nan where no root is found, or where it can't be told from a double one. The derivatives are those of the "
    "implicit function; [Solving](solving.md) has the rest",
)  # fmt: skip
"""An equation in a text."""

SUM = Function(
    "sum", ("u", "i", "a", "b"), "the sum of u over the integers i from a to b, both included", (),
    "sums and integrals",
    notes="0 where b < a; nan where a or b is no integer. At most 100,000 terms, 10,000 where a or b is no constant. "
    "`sum(u)` is over the numbers of the [arrays](#sums-over-arrays) in u",
)  # fmt: skip
PROD = Function(
    "prod", ("u", "i", "a", "b"), "the product of u over the integers i from a to b, both included", (),
    "sums and integrals", notes="1 where b < a; otherwise as `sum`",
)  # fmt: skip
INTEGRATE = Function(
    "integrate", ("u", "x", "a", "b", "n"), "the integral of u over x from a to b, by n points of Gauss and Legendre",
    (), "sums and integrals",
    notes="n is a constant integer from 1 to 1,024, and 64 where it is left out; a constant end may be infinite. The "
    "derivatives are those of the integral by its bounds too",
    kinds=("number", "number", "number", "number", "integer"),
)  # fmt: skip
FOLDS = (SUM, PROD, INTEGRATE)
"""Sums and what is like them in a text."""

LEN = Function(
    "len", ("n",), "how many numbers the [array](#sums-over-arrays) n has", (), "sums and integrals",
)  # fmt: skip
"""The length of an array in a text."""

EXPANDED = (DIFF, SOLVE, *FOLDS, LEN, piecewise.PIECEWISE)
"""What is written like a function and is none: it comes to nodes of its own, and so has no place in the table."""


class _Functions(dict[str, Function]):
    """The table. It knows what texts make for themselves too (`MadeOperation`) and call; only its own are listed."""

    def __missing__(self, op: str) -> Function:
        made: Function | None = tabulated.ROWS.get(op) or getattr(op, "function", None)
        if made is None:
            raise KeyError(op)
        return made


FUNCTIONS: dict[str, Function] = _Functions({function.name: function for function in _TABLE})
_BY_CALL: dict[str, Function] = {
    **{function.name: function for function in _TABLE if function.group != "operator"},
    **{alias: function for function in _TABLE for alias in function.aliases},
    **{each.name: each for each in EXPANDED},
}


def lookup(name: str) -> Function | None:
    """The function that is called by this name or alias in an expression; None if there is none."""
    return _BY_CALL.get(name)
