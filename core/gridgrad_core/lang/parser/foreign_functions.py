"""Functions of other languages and tools that this one has no name for, and what to write for them here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["FOREIGN_FUNCTIONS", "ForeignFunction"]


class ForeignFunction(NamedTuple):
    """A function that the language writes otherwise.

    Args:
        written: what to write, in the language; of several the one that is meant most often first.
        note: what else to know; empty if that is all.
    """

    written: tuple[str, ...]
    note: str = ""

    @property
    def remedy(self) -> str:
        """The sentence for a message."""
        return f"write {' or '.join(self.written)}{f'; {self.note}' if self.note else ''}"


_CHOICE = ForeignFunction(("where(c, a, b)", "a if c else b"))
_CHOICES = ForeignFunction(("piecewise((c, a), (d, b), f)", "where(c, a, b)"))
_STEP = ForeignFunction(("heaviside(x, 1)",), "its second argument is the value at 0")
_AVERAGE = ForeignFunction(("(a + b)/2",), "a function is applied point by point")
_DERIVATIVE = ForeignFunction(
    ("diff(u, x)",), "a request gives all first partials by itself, others by order= or derivatives="
)
_ROOT = ForeignFunction(("x**(1/n)", "sqrt(x)", "cbrt(x)"))
_TO_INTEGER = ForeignFunction(("trunc(x)", "floor(x)", "rint(x)"), "towards 0, down, or to the nearest")
_SAW = ForeignFunction(("x - floor(x)", "x - trunc(x)"), "from 0 to 1, or with the sign of x")
_DILOGARITHM = ForeignFunction(("polylog(2, x)", "spence(1 - x)"))
_LOG10 = ForeignFunction(("log10(x)", "log2(x)", "log(x)"), "the base is 10, 2 or e")

FOREIGN_FUNCTIONS: Mapping[str, ForeignFunction] = {
    **dict.fromkeys(("arcsec", "asec"), ForeignFunction(("arccos(1/x)",))),
    **dict.fromkeys(("arccsc", "acsc"), ForeignFunction(("arcsin(1/x)",))),
    **dict.fromkeys(
        ("arccot", "acot"), ForeignFunction(("arctan(1/x)", "pi/2 - arctan(x)"), "they differ by pi for x < 0")
    ),
    **dict.fromkeys(("arcsech", "asech"), ForeignFunction(("arccosh(1/x)",))),
    **dict.fromkeys(("arccsch", "acsch"), ForeignFunction(("arcsinh(1/x)",))),
    **dict.fromkeys(("arccoth", "acoth"), ForeignFunction(("arctanh(1/x)",))),
    **dict.fromkeys(("int", "integer", "truncate"), _TO_INTEGER),
    **dict.fromkeys(("frac", "fract"), _SAW),
    **dict.fromkeys(("step", "unitstep", "UnitStep"), _STEP),
    **dict.fromkeys(("iif", "ifelse", "merge"), _CHOICE),
    **dict.fromkeys(("select", "cond", "Piecewise"), _CHOICES),
    **dict.fromkeys(
        ("fsolve", "findroot", "find_root", "fzero", "brentq", "newton", "nsolve", "rootfinder"),
        ForeignFunction(("solve(x**2 - p, x, 1)", "solve(x**2 - p, x, 0, 10)"), "from a guess, or between bounds"),
    ),
    **dict.fromkeys(("root", "nthroot", "nroot", "surd"), _ROOT),
    **dict.fromkeys(("avg", "average", "mean"), _AVERAGE),
    **dict.fromkeys(("grad", "gradient", "derivative", "deriv", "Derivative"), _DERIVATIVE),
    **dict.fromkeys(("sqr", "sq"), ForeignFunction(("x**2",))),
    **dict.fromkeys(("cube",), ForeignFunction(("x**3",))),
    **dict.fromkeys(("inv", "recip"), ForeignFunction(("1/x",))),
    **dict.fromkeys(("sgn", "signum"), ForeignFunction(("sign(x)",))),
    **dict.fromkeys(("lg", "ld"), _LOG10),
    **dict.fromkeys(("norm",), ForeignFunction(("hypot(x, y)", "sqrt(x**2 + y**2 + z**2)"))),
    **dict.fromkeys(("dilog", "dilogarithm", "Li2"), _DILOGARITHM),
    **{f"debye{n}": ForeignFunction((f"debye({n}, x)",)) for n in range(1, 7)},
    **dict.fromkeys(("fermidirac", "FermiDirac"), ForeignFunction(("fermi_dirac(0.5, x)",), "divided by gamma(j + 1)")),
    "sqrt1p": ForeignFunction(("sqrt(1 + x)",)),
    "smoothstep": ForeignFunction(("clip(x, 0, 1)**2*(3 - 2*clip(x, 0, 1))",)),
    **dict.fromkeys(("lerp", "mix"), ForeignFunction(("a + (b - a)*t",))),
    **dict.fromkeys(
        ("random", "rand", "randn"), ForeignFunction(("noise",), "give random numbers as an input of that name")
    ),
}
"""Names as they are written elsewhere. Where a name means different things in different tools, all are named."""
